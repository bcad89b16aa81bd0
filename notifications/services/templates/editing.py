"""Drafts: begun from what readers get now, saved as often as one likes, and discarded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from notifications import clock
from notifications.exceptions import TemplateStateError, known
from notifications.models import Template, TemplateChange, TemplateVersion, VersionState
from notifications.services.templates.catalogue import file_parts, place
from notifications.templating import files, texts
from notifications.templating.parser import SOURCE_MAX

OPEN = (VersionState.DRAFT, VersionState.REVIEW)
NOTE_MAX_LENGTH = 300
Action = TemplateChange.Action


def begin(
    type_key: str,
    channel: str,
    language: str = "",
    *,
    by: Any,
    parts: Mapping[str, str] | None = None,
    note: str = "",
    action: TemplateChange.Action = Action.DRAFTED,
) -> TemplateVersion:
    """A draft: of `parts`, or else of what readers of the language get now.

    A template has one open version at a time: where there is a draft or a review, it is returned, unless `parts` are
    given. Raises `UnknownTypeError` and `TemplateStateError`.
    """
    place(type_key, channel, language)
    if parts is not None:
        check_parts(channel, parts)
    with transaction.atomic():
        template, _ = Template.objects.get_or_create(type=type_key, channel=channel, language=language)
        Template.objects.select_for_update().get(pk=template.pk)
        open_now = template.versions.filter(state__in=OPEN).first()
        if open_now is not None:
            if parts is None:
                return open_now
            raise TemplateStateError(
                f"Version {open_now.number} is open ({open_now.get_state_display()}). "
                "Publish or discard it first, or write into it.",
                code="state",
            )
        written = parts if parts is not None else present_parts(type_key, channel, language)
        version = TemplateVersion.objects.create(
            template=template,
            number=(template.versions.aggregate(last=Max("number"))["last"] or 0) + 1,
            parts=_without_blank(channel, written),
            file_parts=file_parts(type_key, channel, language),
            note=note[:NOTE_MAX_LENGTH],
            created_by=by,
            changed_by=by,
        )
        log(version, action, by=by)
    return version


def present_parts(type_key: str, channel: str, language: str) -> dict[str, str]:
    """What readers of a language get now: staff's text or the files, of the nearest language that is complete."""
    required = {part.name for part in texts.parts_of(channel) if part.required}
    published = {
        each.template.language.lower(): each
        for each in TemplateVersion.objects.filter(
            template__type=type_key, template__channel=channel, state=VersionState.PUBLISHED
        ).select_related("template")
    }
    for code in files.language_chain(language):
        written = published[code].parts if code in published else file_parts(type_key, channel, code)
        if required <= set(written):
            return dict(written)
    return dict.fromkeys(required, "")


def check_parts(channel: str, parts: Mapping[str, str]) -> None:
    """Raises `TemplateStateError` for parts that the channel has not, or that are no texts, or too long."""
    names = [part.name for part in texts.parts_of(channel)]
    if unknown := sorted(set(parts) - set(names)):
        raise TemplateStateError(f"Channel '{channel}' has no part '{unknown[0][:60]}'. {known(names)}", code="invalid")
    for name, source in parts.items():
        if not isinstance(source, str):
            raise TemplateStateError(f"The part {name} is no text.", code="invalid")
        if len(source) > SOURCE_MAX:
            raise TemplateStateError(
                f"The part {name} has {len(source):,} characters; {SOURCE_MAX:,} are the most.", code="invalid"
            )
        if "\x00" in source or any("\ud800" <= each <= "\udfff" for each in source):
            raise TemplateStateError(f"The part {name} holds a character that cannot be stored.", code="invalid")


def _without_blank(channel: str, parts: Mapping[str, str]) -> dict[str, str]:
    optional = {part.name for part in texts.parts_of(channel) if not part.required}
    return {name: source for name, source in parts.items() if source.strip() or name not in optional}


def save(
    version: TemplateVersion,
    parts: Mapping[str, str],
    *,
    by: Any,
    changed_at: datetime | None = None,
    note: str | None = None,
) -> TemplateVersion:
    """Write into a draft. `changed_at`: when it had been changed as its editor saw it; None: whoever wrote since.

    An optional part that is blank is left out: it is made from the others, as a file that is not there.
    Raises `TemplateStateError`: not a draft, somebody else has saved meanwhile, or not a part of the channel.
    """
    channel = version.template.channel
    check_parts(channel, parts)
    with transaction.atomic():
        locked = locked_version(version)
        require(locked, (VersionState.DRAFT,), "changed")
        require_unchanged(locked, changed_at)
        locked.parts = _without_blank(channel, parts)
        locked.note = locked.note if note is None else note[:NOTE_MAX_LENGTH]
        locked.changed_at, locked.changed_by = clock.now(), by
        locked.save(update_fields=["parts", "note", "changed_at", "changed_by"])
    return locked


def discard(version: TemplateVersion, *, by: Any) -> None:
    """Give an open version up. It stays among the archived ones. Raises `TemplateStateError`."""
    with transaction.atomic():
        locked = locked_version(version)
        require(locked, OPEN, "discarded")
        locked.state = VersionState.ARCHIVED
        locked.save(update_fields=["state"])
        log(locked, Action.DISCARDED, by=by)


def locked_version(version: TemplateVersion) -> TemplateVersion:
    """The version as it now stands, with its template locked until the end of the transaction."""
    Template.objects.select_for_update().get(pk=version.template_id)
    return TemplateVersion.objects.select_related("template", "changed_by").get(pk=version.pk)


def require(version: TemplateVersion, states: tuple[VersionState, ...], what: str) -> None:
    """Raises `TemplateStateError` unless the version is in one of these states."""
    if version.state not in states:
        raise TemplateStateError(
            f"Version {version.number} is {version.get_state_display()}, so it cannot be {what}. "
            f"That can be done with: {', '.join(each.label for each in states)}.",
            code="state",
        )


def require_unchanged(version: TemplateVersion, changed_at: datetime | None) -> None:
    """Raises `TemplateStateError` if a version was changed since somebody saw it; None: they do not say when."""
    if changed_at is not None and version.changed_at != changed_at:
        who = f" by {version.changed_by}" if version.changed_by else ""
        raise TemplateStateError(
            f"Version {version.number} was changed{who} while you were writing. "
            "Nothing is lost: keep a copy of your text, load the page again, and write into it.",
            code="changed",
        )


def log(subject: Template | TemplateVersion, action: str, *, by: Any, note: str = "") -> None:
    """Write down who did what, to a template or to a version of it."""
    version = subject if isinstance(subject, TemplateVersion) else None
    TemplateChange.objects.create(
        template_id=version.template_id if version else subject.pk,
        version=version,
        action=action,
        by=by,
        note=note[:NOTE_MAX_LENGTH],
    )
