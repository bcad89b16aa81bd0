"""The history of a text: its versions and what they cost, what is different between any two, and who did what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from notifications import clock
from notifications.admin import words
from notifications.admin.templates import page
from notifications.admin.templates.text import Text
from notifications.exceptions import TemplateStateError
from notifications.models import Template, TemplateChange, TemplateVersion, VersionMeasure, VersionState
from notifications.services import templates as services

SHOWN = 50
DAYS = 30
FILE = "file"
TONES = {
    VersionState.DRAFT: "waiting",
    VersionState.REVIEW: "doubtful",
    VersionState.PUBLISHED: "good",
    VersionState.ARCHIVED: "quiet",
}
CHANGE_TONES = {
    TemplateChange.Action.PUBLISHED: "good",
    TemplateChange.Action.PROMOTED: "good",
    TemplateChange.Action.ROLLED_BACK: "doubtful",
    TemplateChange.Action.ARCHIVED: "doubtful",
    TemplateChange.Action.SUBMITTED: "waiting",
    TemplateChange.Action.DRAFTED: "waiting",
}


@dataclass(slots=True)
class Measured:
    """What rendering a version was like in the last DAYS days."""

    renders: int = 0
    seconds: float = 0.0
    failures: int = 0
    last_error: str = ""
    last_failed_at: datetime | None = None

    @property
    def milliseconds(self) -> float | None:
        """Of one render, on average."""
        return 1000 * self.seconds / self.renders if self.renders else None


@dataclass(frozen=True, slots=True)
class Line:
    """A version in the list."""

    version: TemplateVersion
    badge: Any
    measured: Measured
    is_newer: bool
    """than what is published"""

    @property
    def was_published(self) -> bool:
        """Whether it can be put back in one click."""
        return self.version.state == VersionState.ARCHIVED and self.version.published_at is not None

    @property
    def can_be_opened(self) -> bool:
        """Whether a draft can be begun from it."""
        return self.version.state == VersionState.ARCHIVED


@dataclass(frozen=True, slots=True)
class Side:
    """One of two wordings that are compared."""

    value: str
    name: str
    source: TemplateVersion | Mapping[str, str]

    @property
    def parts(self) -> Mapping[str, str]:
        """What it says."""
        return self.source.parts if isinstance(self.source, TemplateVersion) else self.source


def history(admin: Any, request: HttpRequest, text: Text) -> HttpResponse:
    """The page."""
    template = text.template
    rows = list(_versions(template)[: SHOWN + 1]) if template else []
    versions = rows[:SHOWN]
    sides = _sides(text, versions)
    old, new = _chosen(request, sides, text)
    context = {
        **page.context(admin, request, text, gettext("History")),
        "lines": _lines(versions, text.standing.published),
        "older": len(rows) > SHOWN,
        "days": DAYS,
        "file_side": FILE in sides,
        "old": old,
        "new": new,
        "differences": services.diff(old.parts, new.parts) if old and new else None,
        "changes": _changes(template),
        "leads_to": _leads_to(text),
        "file_differences": _file_differences(text),
    }
    return TemplateResponse(request, "admin/notify/template/history.html", context)


def _versions(template: Template) -> QuerySet[TemplateVersion]:
    """Without what they say, which is long: it is read of the two that are compared."""
    return template.versions.select_related("created_by", "changed_by").defer("parts", "file_parts")


def _lines(versions: Sequence[TemplateVersion], published: TemplateVersion | None) -> list[Line]:
    measured: dict[int, Measured] = {}
    since = (clock.now() - timedelta(days=DAYS)).date()
    for row in VersionMeasure.objects.filter(version__in=[each.pk for each in versions], day__gte=since).order_by(
        "day"
    ):
        sums = measured.setdefault(row.version_id, Measured())
        sums.renders += row.renders
        sums.seconds += row.seconds
        sums.failures += row.failures
        if row.last_error:
            sums.last_error, sums.last_failed_at = row.last_error, row.last_failed_at
    newest = published.number if published else 0
    return [Line(each, _badge(each), measured.get(each.pk, Measured()), each.number > newest) for each in versions]


def _badge(version: TemplateVersion) -> Any:
    state = VersionState(version.state)
    if state == VersionState.ARCHIVED and version.published_at is None:
        return words.badge(gettext("discarded"), "quiet")
    return words.badge(gettext(str(state.label)), TONES[state])


def _sides(text: Text, versions: Sequence[TemplateVersion]) -> dict[str, Side]:
    sides = {str(each.number): Side(str(each.number), _name(each.number), each) for each in versions}
    files = services.file_parts(*text.where)
    if files:
        sides[FILE] = Side(FILE, gettext("the file"), files)
    return sides


def _name(number: int) -> str:
    return gettext("version %(number)s") % {"number": number}


def _chosen(request: HttpRequest, sides: Mapping[str, Side], text: Text) -> tuple[Side | None, Side | None]:
    """The two that were asked for; or else the newest version, and what came before it."""
    asked = sides.get(request.GET.get("old", "")), sides.get(request.GET.get("new", ""))
    if all(asked):
        return asked
    numbers = [each for each in sides if each != FILE]
    if not numbers:
        return None, None
    before = numbers[1] if len(numbers) > 1 else FILE
    return sides.get(before), sides[numbers[0]]


def _changes(template: Any) -> list[dict[str, Any]]:
    if template is None:
        return []
    rows = template.changes.select_related("version", "by")[:SHOWN]
    return [{"row": each, "tone": CHANGE_TONES.get(TemplateChange.Action(each.action), "quiet")} for each in rows]


def _leads_to(text: Text) -> str:
    """What a rollback leads to, in words; empty where nothing is published."""
    if text.standing.published is None or text.template is None:
        return ""
    try:
        before = services.version_before(text.template)
    except TemplateStateError:  # taken back a moment ago
        return ""
    if before is None:
        return gettext("the files") if text.standing.has_files else gettext("no text of its own")
    return _name(before.number)


def _file_differences(text: Text) -> list[services.PartDiff]:
    """Between the file that the published version was written over, and the file as it is now."""
    if not text.standing.file_changed or text.standing.published is None:
        return []
    return services.diff(text.standing.published.file_parts, services.file_parts(*text.where))
