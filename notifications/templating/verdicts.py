"""What a test of texts has shown so far, in one plain sentence for those who wrote the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, floor, isfinite, log10, sqrt
from typing import Literal

from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext

from notifications.exceptions import known
from notifications.templating.statistics import Arm, Comparison, compare

Kind = Literal["better", "worse", "no_difference", "too_early"]
Metric = Literal["opened", "clicked", "acted"]
METRICS: tuple[Metric, ...] = ("opened", "clicked", "acted")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said (`kind`), how (`sentence`, in the active language), and which text to promote (`leader`).

    kind "better": a text beats the control. The leader is that text; it may still be open how it compares with a third.
    "worse": a text is beaten, but the control is not. The leader is the control if it beats all; else None.
    "no_difference": all texts do equally well, to within the margin. "too_early": anything else. No leader.
    """

    kind: Kind
    sentence: str
    leader: str | None = None
    more: int | None = None
    """with "too_early": how many messages more would come to a verdict, if that can be foretold"""


def verdict(arms: Sequence[Arm], metric: Metric, *, margin: float = 0.01, confidence: float = 0.95) -> Verdict:
    """The verdict on the arms; the first one is the control. `metric` is what was counted, and chooses the words.

    Of all tests, at least `confidence` get no false "better", "worse" or "no_difference" at any look, however often
    and however long one looks and whatever makes one stop (`compare`). Every pair of arms is compared, so that the best
    of several is not merely the luckiest. `margin` is the difference in rates that nobody minds, 0.01 being one
    percentage point; a difference that is sure is "better" even if it is smaller. A verdict may fade to "too_early"
    when later figures contradict it.

    ValueError: fewer than two arms, two of one name, an unknown metric, a margin or confidence not between 0 and 1.
    """
    names = [arm.name for arm in arms]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"Two or more arms with names of their own can be compared, not {names}.")
    if metric not in METRICS:
        raise ValueError(f"Unknown metric {metric!r}. {known(METRICS)}")
    if not 0 < margin < 1:
        raise ValueError(
            f"A margin of {margin} is none; valid are numbers between 0 and 1, such as 0.01 for one point."
        )
    pairs = list(combinations(arms, 2))
    found = [compare(one, other, comparisons=len(pairs), confidence=confidence) for one, other in pairs]
    return (
        _difference(arms, found, metric, margin, confidence) or _equality(names, found, margin) or _early(found, margin)
    )


def _difference(
    arms: Sequence[Arm], found: Sequence[Comparison], metric: Metric, margin: float, confidence: float
) -> Verdict | None:
    beats = {(pair.other, pair.control) for pair in found if pair.low > 0}
    beats |= {(pair.control, pair.other) for pair in found if pair.high < 0}
    control = arms[0]
    winner = max((arm for arm in arms if any(arm is one for one, _ in beats)), key=lambda arm: arm.rate, default=None)
    if winner is None:
        return None
    losers = [arm for arm in arms if (winner, arm) in beats]
    rest = [
        pair for pair in found if winner in (pair.control, pair.other) and not {pair.control, pair.other} & {*losers}
    ]
    better = control in losers
    rates = _rates([winner, *losers])
    values = {
        "winner": winner.name,
        "losers": _list([arm.name for arm in losers]),
        "sure": _percent(confidence, _decimals(confidence)),
    }
    if better:
        sentence = gettext("%(winner)s is better than %(losers)s, %(sure)s sure: %(rates)s.") % {
            **values,
            "rates": _clause(metric, rates[0], _list(rates[1:])),
        }
    else:
        sentence = ngettext(
            "%(losers)s is worse than %(winner)s, %(sure)s sure: %(rates)s.",
            "%(losers)s are worse than %(winner)s, %(sure)s sure: %(rates)s.",
            len(losers),
        ) % {**values, "rates": _clause(metric, _list(rates[1:]), rates[0])}
    for pair in rest:
        values = {"one": pair.control.name, "other": pair.other.name, "margin": _points(margin)}
        text = (
            gettext("%(one)s and %(other)s do equally well, to within %(margin)s.")
            if pair.within(margin)
            else gettext("Between %(one)s and %(other)s it is too early to say.")
        )
        sentence += " " + text % values
    if better:
        return Verdict("better", sentence, winner.name)
    return Verdict("worse", sentence, winner.name if winner is control and not rest else None)


def _equality(names: Sequence[str], found: Sequence[Comparison], margin: float) -> Verdict | None:
    if not all(pair.within(margin) for pair in found):
        return None
    text = gettext("%(names)s do equally well, to within %(margin)s.")
    return Verdict("no_difference", text % {"names": _list(names), "margin": _points(margin)})


def _early(found: Sequence[Comparison], margin: float) -> Verdict:
    """Too early; with how many messages more, sent in the same shares, would come to a verdict if the rates stayed."""
    sent = sum({arm.name: arm.n for pair in found for arm in (pair.control, pair.other)}.values())
    ready = [pair for pair in found if pair.enough]
    if not ready:
        times = min(pair.missing for pair in found)
        if not isfinite(times):
            return Verdict("too_early", gettext("Too early to say. Two texts or more must have been sent."))
        number = _rounded(sent * (times - 1))
        text = ngettext(
            "Too early to say. About %(number)s more message is needed before the texts can be compared.",
            "Too early to say. About %(number)s more messages are needed before the texts can be compared.",
            number,
        )
        return Verdict("too_early", text % {"number": _count(number)}, more=number)
    # Whichever comes first: the clearest difference, or that there is none between those that can be compared by now.
    clearest = max(ready, key=lambda pair: abs(pair.difference) / sqrt(pair.variance))
    apart = clearest.times_until(abs(clearest.difference))
    alike = max(pair.times_until(margin - abs(pair.difference)) for pair in ready)
    number = _rounded(sent * (min(apart, alike) - 1))
    if apart <= alike and len(found) == 1:
        text = ngettext(
            "Too early to say. With what was seen so far, about %(number)s more message would show a difference as"
            " large as this one.",
            "Too early to say. With what was seen so far, about %(number)s more messages would show a difference as"
            " large as this one.",
            number,
        )
    elif apart <= alike:
        text = ngettext(
            "Too early to say. With what was seen so far, about %(number)s more message would show a difference as"
            " large as that between %(one)s and %(other)s.",
            "Too early to say. With what was seen so far, about %(number)s more messages would show a difference as"
            " large as that between %(one)s and %(other)s.",
            number,
        )
    else:
        text = ngettext(
            "Too early to say. With what was seen so far, about %(number)s more message would show that they do"
            " equally well, to within %(margin)s.",
            "Too early to say. With what was seen so far, about %(number)s more messages would show that they do"
            " equally well, to within %(margin)s.",
            number,
        )
    values = {"one": clearest.control.name, "other": clearest.other.name, "margin": _points(margin)}
    return Verdict("too_early", text % {**values, "number": _count(number)}, more=number)


def _clause(metric: Metric, rate: str, others: str) -> str:
    clauses = {
        "opened": gettext("%(rate)s opened it instead of %(others)s"),
        "clicked": gettext("%(rate)s clicked instead of %(others)s"),
        "acted": gettext("%(rate)s acted instead of %(others)s"),
    }
    return clauses[metric] % {"rate": rate, "others": others}


def _rates(arms: Sequence[Arm]) -> list[str]:
    """The arms' rates, no more exact than they are known: whole percents for less than 1,000 recipients.

    The first one is known to differ from the rest, so it never looks the same; and what is not 0 does not look so.
    """
    for decimals in range(0 if min(arm.n for arm in arms) < 1_000 else 1, 4):
        shown = [_percent(arm.rate, decimals) for arm in arms]
        if shown[0] not in shown[1:] and not any(arm.k and round(100 * arm.rate, decimals) == 0 for arm in arms):
            break
    return shown


def _rounded(number: float) -> int:
    """Up to two significant digits: what is foretold is not known better."""
    unit: int = 10 ** max(0, floor(log10(max(1.0, number))) - 1)
    return max(1, ceil(number / unit) * unit)


def _percent(rate: float, decimals: int) -> str:
    return gettext("%(number)s %%") % {"number": number_format(round(100 * rate, decimals), decimals)}


def _points(margin: float) -> str:
    points = round(100 * margin, 4)
    return ngettext("%(number)s point", "%(number)s points", 1 if points == 1 else max(2, ceil(points))) % {
        "number": number_format(points, _decimals(margin))
    }


def _decimals(rate: float) -> int:
    """How many decimals the percent value has as it was set: none for 0.95, one for 0.999."""
    return next((places for places in range(4) if abs(100 * rate - round(100 * rate, places)) < 1e-9), 4)


def _count(number: int) -> str:
    return number_format(number, force_grouping=True)


def _list(words: Sequence[str]) -> str:
    return str(get_text_list([*words], gettext("and")))
