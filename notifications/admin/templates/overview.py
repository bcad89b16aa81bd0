"""The list: every text that there is to write, and how it stands, whether anybody has touched it or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext, ngettext

from notifications import clock
from notifications.admin import words
from notifications.admin.templates.text import address, title_of
from notifications.models import Template, TemplateChange, VersionMeasure, VersionState
from notifications.services import templates as services
from notifications.services.templates import Standing
from notifications.templating.validation.completeness import Completeness, completeness

RECENT = timedelta(days=1)
"""for how long a rollback is told"""
MEASURED = timedelta(days=7)
Where = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One text in the list. `marks` are what the list is filtered by."""

    language: str
    address: str
    badges: list[Any]
    marks: str


@dataclass(frozen=True, slots=True)
class Row:
    """A type on one channel, with a cell for each language."""

    channel: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Group:
    """A type and its channels. `words` are what the list is searched by."""

    key: str
    category: str
    title: str
    rows: list[Row]

    @property
    def words(self) -> str:
        """In small letters."""
        return f"{self.title} {self.key} {self.category}".lower()


@dataclass(frozen=True, slots=True)
class Category:
    """What people choose by in their preferences, and its types."""

    name: str
    groups: list[Group]


@dataclass(frozen=True, slots=True)
class Language:
    """A column, and how much of it is written."""

    code: str
    name: str
    complete: Completeness


@dataclass(slots=True)
class Overview:
    """The page."""

    languages: list[Language]
    categories: list[Category] = field(default_factory=list)
    rollbacks: list[TemplateChange] = field(default_factory=list)
    attention: int = 0


def overview() -> Overview:
    """Every text, in four queries."""
    places = services.places()
    standings = services.standings(places)
    failing = _failing()
    page = Overview(_languages(standings))
    by_type: dict[str, Group] = {}
    for each in places:
        type_ = each.type
        group = by_type.setdefault(type_.key, Group(type_.key, type_.category, title_of(type_), []))
        cells = [
            _cell(standings[type_.key, each.channel, language.code], standings, failing) for language in page.languages
        ]
        page.attention += sum("attention" in cell.marks for cell in cells)
        group.rows.append(Row(each.channel, cells))
    page.categories = _categories(by_type.values())
    page.rollbacks = recent_rollbacks()
    return page


def _languages(standings: Mapping[Where, Standing]) -> list[Language]:
    written = [where for where, standing in standings.items() if standing.source in ("published", "file")]
    texts: dict[str, list[str]] = {}
    for key, channel in dict.fromkeys((key, channel) for key, channel, _ in standings):
        texts.setdefault(key, []).append(channel)
    names = dict(services.languages())
    return [
        Language(each.language, gettext(names[each.language]), each) for each in completeness(written, texts, names)
    ]


def _categories(groups: Iterable[Group]) -> list[Category]:
    by_name: dict[str, Category] = {}
    for group in groups:
        by_name.setdefault(group.category, Category(group.category, [])).groups.append(group)
    return [by_name[name] for name in sorted(by_name)]


def _failing() -> dict[int, int]:
    """Version → how often it failed lately."""
    since = (clock.now() - MEASURED).date()
    rows = VersionMeasure.objects.filter(
        day__gte=since, failures__gt=0, version__state=VersionState.PUBLISHED
    ).order_by()
    return dict(rows.values("version").annotate(total=Sum("failures")).values_list("version", "total"))


def _cell(standing: Standing, standings: Mapping[Where, Standing], failing: Mapping[int, int]) -> Cell:
    where = (standing.place.type.key, standing.place.channel, standing.language)
    told = badges(standing, fallback_of(standing, standings))
    failures = failing.get(standing.published.pk, 0) if standing.published else 0
    if failures:
        told.append(
            words.badge(_failed(failures), "bad", gettext("in the last %(days)s days") % {"days": MEASURED.days})
        )
    return Cell(standing.language, address(where), told, " ".join(_marks(standing, standings, failures)))


def _failed(number: int) -> str:
    return gettext("failed %(number)s ×") % {"number": f"{number:,}"}


def _marks(standing: Standing, standings: Mapping[Where, Standing], failures: int) -> list[str]:
    missing = fallback_of(standing, standings) is None
    review = standing.open is not None and standing.open.state == VersionState.REVIEW
    attention = missing or review or standing.file_changed or failures
    marks = {
        "attention": attention,
        "open": standing.open,
        "published": standing.published,
        "unwritten": missing or standing.source == "fallback",
        "tested": standing.running,
    }
    return [name for name, holds in marks.items() if holds]


def fallback_of(standing: Standing, standings: Mapping[Where, Standing]) -> str | None:
    """The code of the language whose text readers get: its own, mostly. None: there is no text for them at all."""
    key, channel, code = standing.place.type.key, standing.place.channel, standing.language
    for each in dict.fromkeys([code, code.split("-", maxsplit=1)[0], ""]):
        nearest = standings.get((key, channel, each))
        if nearest is not None and nearest.source in ("published", "file"):
            return each
    return None


def badges(standing: Standing, fallback: str | None) -> list[Any]:
    """How a text stands, in a few words."""
    told = []
    if standing.published:
        told.append(
            words.badge(
                gettext("published v%(number)s") % {"number": standing.published.number},
                "good",
                gettext("what staff wrote is sent"),
            )
        )
    elif standing.has_files:
        told.append(words.badge(gettext("file"), "quiet", gettext("the text that came with the app is sent")))
    elif fallback is None:
        told.append(words.badge(gettext("missing"), "bad", gettext("there is no text: nothing can be sent")))
    else:
        said = gettext("in %(language)s") % {"language": fallback} if fallback else gettext("default text")
        why = gettext("no text of its own: readers get that of another language")
        told.append(words.badge(f"– {said}", "none", why))
    if standing.open:
        review = standing.open.state == VersionState.REVIEW
        text = (gettext("v%(number)s in review") if review else gettext("draft v%(number)s")) % {
            "number": standing.open.number
        }
        who = gettext("by %(who)s") % {"who": standing.open.changed_by} if standing.open.changed_by else ""
        told.append(words.badge(text, "doubtful" if review else "waiting", who))
    if standing.file_changed:
        told.append(
            words.badge(
                gettext("file changed"), "doubtful", gettext("the file under what staff published is another now")
            )
        )
    if standing.running:
        told.append(words.badge(gettext("A/B test"), "waiting", standing.running.name))
    return told


def row_forms() -> dict[str, str]:
    """How many rows are shown, as the script says it: plural category of CLDR → words, with %s for the number."""
    samples = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}
    return {name: ngettext("%s row", "%s rows", number) for name, number in samples.items()}


def recent_rollbacks(template: Template | None = None) -> list[TemplateChange]:
    """The rollbacks that are still in force and fresh, newest first; of one template, or of all."""
    kinds = TemplateChange.Action
    moves = (kinds.PUBLISHED, kinds.ROLLED_BACK, kinds.ARCHIVED, kinds.PROMOTED)
    changes = TemplateChange.objects.filter(at__gte=clock.now() - RECENT, action__in=moves)
    if template is not None:
        changes = changes.filter(template=template)
    latest: dict[int, TemplateChange] = {}
    for change in changes.select_related("template", "version", "by").order_by("-pk"):
        latest.setdefault(change.template_id, change)
    return [each for each in latest.values() if each.action == kinds.ROLLED_BACK]
