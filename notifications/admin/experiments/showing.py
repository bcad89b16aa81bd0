"""What the page of an A/B test shows: the sentence, the figures with their intervals, and the texts side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from notifications.admin import words
from notifications.admin.experiments.steps import promotable
from notifications.channels.registry import leaves_app
from notifications.exceptions import NotificationError
from notifications.models import Experiment, Variant, VersionState
from notifications.services import templates as staff
from notifications.services.templates import PartDiff
from notifications.services.templates.countable import countable
from notifications.services.templates.results import ArmResult, Results, results
from notifications.templating import texts
from notifications.types import get_type

State, Kind = Experiment.State, Variant.Kind
STATE_TONES = {State.DRAFT: "quiet", State.RUNNING: "waiting", State.STOPPED: "good"}
VERDICT_TONES = {"better": "good", "worse": "bad", "no_difference": "quiet", "too_early": "waiting"}
WHOLE_TEXT = 100_000
"""lines around a difference: all of them"""
STEP_OF_SCALE = 0.05


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on a line, as texts that stand in an SVG of a hundred units: in any language with a point."""

    left: str
    width: str
    middle: str
    said: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Recipients who did something, and their part of all."""

    number: str
    part: str


@dataclass(frozen=True, slots=True)
class Line:
    """One arm in the table."""

    variant: Variant
    what: str
    share: str
    recipients: str
    messages: str
    figures: Sequence[Figure]
    bar: Bar | None
    """None: it is not compared"""
    rate: str
    difference: str
    """"control" for the control; empty: nothing is known yet, or ever"""


@dataclass(frozen=True, slots=True)
class Column:
    """The text of one arm. `parts` of the first one shown; of the others what differs from it."""

    variant: Variant
    what: str
    parts: Mapping[str, str] | None
    differences: Sequence[PartDiff] | None


def metric_names(channel: str) -> dict[str, str]:
    """What people call that which is counted: what stands in the inbox is not opened but seen, unless it is clicked."""
    return {
        "opened": gettext("opened") if leaves_app(channel) else gettext("seen"),
        "clicked": gettext("clicked"),
        "acted": gettext("answered"),
    }


def state_badge(experiment: Experiment) -> SafeString:
    """How it stands."""
    state = State(experiment.state)
    return words.badge(gettext(str(state.label)), STATE_TONES[state])


def context(experiment: Experiment, *, fresh: bool) -> dict[str, Any]:
    """For the template of the page. `fresh`: counted now, not within the last minute."""
    found = results(experiment, fresh=fresh)
    shown = _shown(experiment)
    told = found.verdict
    return {
        "title": gettext("A/B test"),
        "subtitle": experiment.name,
        "experiment": experiment,
        "state": state_badge(experiment),
        "text": words.link_to(experiment.template),
        "metric": dict(shown).get(experiment.metric, experiment.metric),
        "results": found,
        "tone": VERDICT_TONES[told.kind] if told else "",
        "heads": [head for _, head in shown],
        "scale": f"{_scale(found):.0%}",
        "lines": _lines(experiment, found, [name for name, _ in shown]),
        "columns": _columns(found.arms, experiment),
        "promotable": promotable(experiment),
        "is_nav_sidebar_enabled": False,  # the table needs the width
        "gets_nothing": any(not each.compared for each in found.arms),
    }


def _shown(experiment: Experiment) -> list[tuple[str, str]]:
    """What can be counted of it: (name, heading)."""
    template = experiment.template
    try:
        possible = countable(get_type(template.type), template.channel)
    except NotificationError:  # its type or channel is gone, and its record stays
        possible = {}
    found = {str(name) for name, why in possible.items() if not why} | {experiment.metric}
    return [(name, head.capitalize()) for name, head in metric_names(template.channel).items() if name in found]


def _lines(experiment: Experiment, found: Results, shown: Sequence[str]) -> list[Line]:
    total = sum(each.variant.weight for each in found.arms) or 1
    scale = _scale(found)
    control = next(each for each in found.arms if each.compared)
    return [
        Line(
            variant=each.variant,
            what=_what(each.variant),
            share=f"{each.variant.weight / total:.0%}",
            recipients=f"{each.count.recipients:,}",
            messages=f"{each.count.sent:,}",
            figures=[_figure(each, name) for name in ("delivered", *shown)],
            bar=_bar(each, scale) if each.compared else None,
            rate=_percent(each.rate) if each.count.recipients else "–",
            difference=gettext("control") if each is control else _difference(each),
        )
        for each in found.arms
    ]


def _figure(arm: ArmResult, name: str) -> Figure:
    if not arm.compared and name != "acted":
        return Figure("–", "")
    number, recipients = int(getattr(arm.count, name)), arm.count.recipients
    return Figure(f"{number:,}", _percent(number / recipients) if recipients else "")


def _difference(arm: ArmResult) -> str:
    found = arm.difference
    if found is None or not found.enough:
        return ""
    figures = {"points": found.difference, "low": found.low, "high": found.high}
    return gettext("%(points)s (%(low)s to %(high)s)") % {name: _points(each) for name, each in figures.items()}


def _bar(arm: ArmResult, scale: float) -> Bar | None:
    if not arm.count.recipients:
        return None
    low, high, rate = (100 * min(each, scale) / scale for each in (arm.low, arm.high, arm.rate))
    figures = {"rate": arm.rate, "low": arm.low, "high": arm.high}
    said = gettext("%(rate)s, between %(low)s and %(high)s") % {name: _percent(each) for name, each in figures.items()}
    return Bar(f"{low:.2f}", f"{max(high - low, 0.5):.2f}", f"{min(rate, 99.3):.2f}", said)


def _scale(found: Results) -> float:
    """The right end of the bars: the highest end of an interval, rounded up."""
    highest = max((each.high for each in found.arms if each.compared and each.count.recipients), default=1.0)
    return min(1.0, ceil(highest / STEP_OF_SCALE) * STEP_OF_SCALE)


def _columns(arms: Sequence[ArmResult], experiment: Experiment) -> list[Column]:
    """The first text whole, the others as they differ from it. What was published during a stopped test is past."""
    parts: dict[Variant, Mapping[str, str]] = {}
    for each in (arm.variant for arm in arms):
        if each.version is not None:
            parts[each] = each.version.parts
        elif each.kind == Kind.PUBLISHED and experiment.state != State.STOPPED:
            parts[each] = _published_parts(experiment)
    first = next(iter(parts), None)
    return [
        Column(
            variant=variant,
            what=_what(variant),
            parts={name: written[name] for name in _ordered(experiment, written)} if variant == first else None,
            differences=None if variant == first else _differences(experiment, parts[first], written),
        )
        for variant, written in parts.items()
        if first is not None
    ]


def _differences(experiment: Experiment, old: Mapping[str, str], new: Mapping[str, str]) -> list[PartDiff]:
    found = {each.part: each for each in staff.diff(old, new, context=WHOLE_TEXT)}
    return [found[name] for name in _ordered(experiment, found)]


def _ordered(experiment: Experiment, parts: Mapping[str, Any]) -> list[str]:
    """As the channel orders its parts: the subject first."""
    try:
        known = [each.name for each in texts.parts_of(experiment.template.channel)]
    except NotificationError:
        known = []
    return [name for name in dict.fromkeys([*known, *sorted(parts)]) if name in parts]


def _published_parts(experiment: Experiment) -> Mapping[str, str]:
    template = experiment.template
    published = template.versions.filter(state=VersionState.PUBLISHED).first()
    if published is not None:
        return dict(published.parts)
    try:
        return staff.file_parts(template.type, template.channel, template.language)
    except NotificationError:
        return {}


def _what(variant: Variant) -> str:
    if variant.version is not None:
        return gettext("version %(number)s") % {"number": variant.version.number}
    return gettext("gets nothing") if variant.kind == Kind.NOTHING else gettext("gets what is published")


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")
