"""What goes out about templates. Times are in ISO 8601; people are named by their username."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from notifications.exceptions import Complaint
from notifications.messages import EmailMessage, InAppMessage, Message, PushMessage
from notifications.models import TemplateVersion
from notifications.services.templates import PartDiff, Publication, Standing, TextPreview
from notifications.services.templates.previewing import example_values
from notifications.templating import texts
from notifications.types import NotificationType
from notifications.variables import COMMON

SHOWN = {
    EmailMessage: ("subject", "html", "text", "from_email"),
    PushMessage: ("title", "text", "link"),
    InAppMessage: ("title", "text", "link"),
}
"""the fields of a message that its reader sees"""


def who(person: Any) -> str | None:
    """The username; None for nobody, and for somebody who is no longer there."""
    return None if person is None else str(person.get_username())


def version(row: TemplateVersion) -> dict[str, Any]:
    """A version without its text. Its people are loaded with it."""
    return {
        "number": row.number,
        "state": row.state,
        "note": row.note,
        "created_at": row.created_at,
        "created_by": who(row.created_by),
        "changed_at": row.changed_at,
        "changed_by": who(row.changed_by),
        "published_at": row.published_at,
    }


def full_version(row: TemplateVersion) -> dict[str, Any]:
    """A version with its text, and with the files as they were when it was written."""
    return {**version(row), "parts": row.parts, "file_parts": row.file_parts}


def standing(given: Standing) -> dict[str, Any]:
    """How a text stands: the same in the list and in its details."""
    return {
        "type": given.place.type.key,
        "channel": given.place.channel,
        "language": given.language,
        "source": given.source,
        "has_files": given.has_files,
        "file_changed": given.file_changed,
        "published": _mark(given.published),
        "open": _mark(given.open),
        "running": {"id": given.running.pk, "name": given.running.name} if given.running else None,
    }


def _mark(row: TemplateVersion | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "number": row.number,
        "state": row.state,
        "changed_at": row.changed_at,
        "changed_by": who(row.changed_by),
        "published_at": row.published_at,
    }


def parts(channel: str) -> list[dict[str, Any]]:
    """The parts that a text of a channel has."""
    return [{"name": each.name, "required": each.required, "is_html": each.is_html} for each in texts.parts_of(channel)]


def variables(type_: type[NotificationType]) -> list[dict[str, Any]] | None:
    """The values that a text can use, the type's own first; None: the type does not declare its own."""
    own = type_.declared_variables()
    if own is None:
        return None
    declared = {**own, **{name: each for name, each in COMMON.items() if name not in own}}
    examples = example_values(type_)
    return [
        {
            "name": name,
            "about": each.about,
            "example": examples[name],
            "longest": each.longest,
            "sensitive": each.sensitive,
            "common": name not in own,
        }
        for name, each in declared.items()
    ]


def finding(given: Complaint) -> dict[str, Any]:
    """One thing that a text should have otherwise."""
    names = ("level", "code", "part", "line", "column", "message")
    return {name: getattr(given, name) for name in names}


def difference(given: Sequence[PartDiff]) -> list[dict[str, Any]]:
    """The parts that differ; each line has a mark before it: " ", "+", "-", or "@" where equal lines are left out."""
    return [
        {"part": each.part, "added": each.added, "removed": each.removed, "lines": [list(line) for line in each.lines]}
        for each in given
    ]


def publication(given: Publication) -> dict[str, Any]:
    """What readers get from now on: a version, or the files (null)."""
    return {
        "published": version(given.version) if given.version else None,
        "replaced": given.replaced.number if given.replaced else None,
        "stopped": {"id": given.stopped.pk, "name": given.stopped.name} if given.stopped else None,
        "in_flight": given.in_flight,
    }


def preview(given: TextPreview) -> dict[str, Any]:
    """A text as its reader sees it. `message` is null where it cannot be made, and `error` says why."""
    message = {"text": given.sms_text} if given.segments else _message(given.message)
    error = {"message": given.error, "part": given.part, "line": given.line}
    return {
        "language": given.language,
        "is_bidi": given.is_bidi,
        "message": message,
        "segments": asdict(given.segments) if given.segments else None,
        "error": error if given.error else None,
        "findings": [finding(each) for each in given.findings],
    }


def _message(given: Message | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {name: getattr(given, name) for name in SHOWN.get(type(given), ())}
