"""Which provider of a channel takes the next message: in order, by health, and as an operator says.

Health comes from real outcomes, counted in the database for all processes. Each process looks at the states about once
a second; whoever sees too many failures opens the breaker, and exactly one process wins each change.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from notifications import conf
from notifications.channels.base import Channel
from notifications.exceptions import ControlError
from notifications.models.provider_health import (
    Breaker,
    Control,
    ProviderChange,
    ProviderHealth,
    ProviderOutcomes,
)
from notifications.pipeline import breaker
from notifications.pipeline.breaker import Tally
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider
from notifications.signals import provider_changed

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
HOLD = timedelta(seconds=30)
"""how long a delivery waits when an operator has taken all providers out"""
PROBING = timedelta(seconds=5)
"""how long it waits while others probe"""

_seen: tuple[float, dict[str, ProviderHealth]] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request that was made says of its provider. `began` is when it was opened."""

    alias: str
    healthy: bool
    began: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """No provider of the channel may be used; `until` then."""

    until: datetime
    detail: str


def choose(channel: Channel, now: datetime, *, after: str = "") -> Provider | Held:
    """The provider for the next attempt; `after` is the one that has just failed with it, and comes last.

    May take a probe of a half-open breaker, so call it once for each message that is about to be sent.
    """
    states = _states()
    order = sorted(channel.providers, key=lambda alias: alias == after)
    pinned = [alias for alias in order if alias in states and states[alias].control == Control.PINNED]
    for alias in pinned or order:
        if _takes(alias, states.get(alias), now):
            return get_provider(alias)
    usable = [alias for alias in order if not _is_off(states.get(alias))]
    for alias in usable:  # one that is only being spared takes it rather than nobody
        state = states.get(alias)
        if state is None or state.breaker == Breaker.CLOSED:
            return get_provider(alias)
    until = min((_back_at(state, now) for alias in usable if (state := states.get(alias))), default=now + HOLD)
    says = ", ".join(f"{alias}: {_describe(states.get(alias))}" for alias in channel.providers)
    return Held(until, f"No provider of {channel.name} is in use ({says}).")


def choices(channel: Channel, tried: str) -> int:
    """How many providers a message has that was just tried at one: that one, and the others that are in use."""
    states = _states()
    if any(states[each].control == Control.PINNED for each in channel.providers if each in states):
        return 1
    others = [states.get(alias) for alias in channel.providers if alias != tried]
    return 1 + sum(each is None or (each.breaker == Breaker.CLOSED and not _is_off(each)) for each in others)


def out_of_use() -> set[str]:
    """The providers that take nothing now, not even a probe."""
    return {
        alias
        for alias, state in _states().items()
        if _is_off(state) or (state.breaker == Breaker.OPEN and state.control != Control.PINNED)
    }


def shares(channel: Channel, now: datetime) -> dict[str, float]:
    """alias → the part of the channel's new messages, 0 to 1, that it takes now; probes are not counted."""
    states = _states()
    found = dict.fromkeys(channel.providers, 0.0)
    if pinned := next((each for each in found if each in states and states[each].control == Control.PINNED), ""):
        return found | {pinned: 1.0}
    closed = [
        each
        for each in found
        if not _is_off(state := states.get(each)) and (state is None or state.breaker == Breaker.CLOSED)
    ]
    left = 1.0
    for alias in closed:
        state = states.get(alias)
        found[alias] = left * breaker.share(state.closed_at if state else None, now)
        left -= found[alias]
    if closed:
        found[closed[0]] += left  # what all of them were to be spared
    return found


def record(outcomes: Iterable[Answered], now: datetime, detail: str = "") -> None:
    """Count what came of requests, and open or close breakers. `detail`: what the last failure said."""
    by_alias: dict[str, list[Answered]] = {}
    for each in outcomes:
        by_alias.setdefault(each.alias, []).append(each)
    for alias, answers in sorted(by_alias.items()):
        succeeded = sum(each.healthy for each in answers)
        failed = len(answers) - succeeded
        ProviderOutcomes.objects.add(alias, succeeded=succeeded, failed=failed, now=now)
        state = _states().get(alias)
        if state is not None and state.breaker != Breaker.CLOSED:
            _judge_probes(alias, answers, now, detail)
        elif failed:
            _judge(alias, state, now, detail)


def control(alias: str, to: Control, *, reason: str, by: str) -> None:
    """Pin, drain, disable, or hand back to the breaker.

    Raises `ConfigurationError` for an unknown alias, `ControlError` without a reason, or for a second pin in a channel.
    """
    get_provider(alias)
    reason = reason.strip()
    if not reason:
        raise ControlError(f"Provider '{alias}' cannot be controlled without a reason.")
    rivals = _rivals(alias)
    rows = ProviderHealth.objects
    rows.ensure([alias, *rivals])
    with transaction.atomic():
        # In one order, so that of two operators who pin at once the second one sees what the first one did.
        locked = list(rows.select_for_update().filter(alias__in=[alias, *rivals]).order_by("alias"))
        pinned = [each.alias for each in locked if each.alias != alias and each.control == Control.PINNED]
        if to == Control.PINNED and pinned:
            raise ControlError(
                f"Provider '{alias}' cannot be pinned: '{pinned[0]}' is, in the channel {rivals[pinned[0]]}. "
                f"Set that one to automatic first."
            )
        rows.filter(alias=alias).update(control=to, control_reason=reason[:200])
        _tell(alias, to or "automatic", reason, {}, by=by)


def _rivals(alias: str) -> dict[str, str]:
    """The other providers of its channels → a channel that they share."""
    return {
        other: name
        for name, channel in conf.get().CHANNELS.items()
        if alias in channel.get("PROVIDERS", ())
        for other in channel["PROVIDERS"]
        if other != alias
    }


def forget() -> None:
    """Look at the states again at the next call."""
    global _seen
    _seen = None


def _states() -> dict[str, ProviderHealth]:
    global _seen
    if _seen is None or time.monotonic() - _seen[0] > LOOK_AGAIN_SECONDS:
        _seen = time.monotonic(), ProviderHealth.objects.in_bulk()
    return _seen[1]


def _is_off(state: ProviderHealth | None) -> bool:
    return state is not None and state.control in (Control.DISABLED, Control.DRAINING)


def _back_at(state: ProviderHealth, now: datetime) -> datetime:
    if state.breaker == Breaker.OPEN and state.retry_at and state.retry_at > now:
        return state.retry_at
    return now + PROBING


def _describe(state: ProviderHealth | None) -> str:
    if state is None:
        return Breaker.CLOSED.label
    return str(state.get_control_display() if state.control else state.get_breaker_display())


def _takes(alias: str, state: ProviderHealth | None, now: datetime) -> bool:
    if state is None or state.control == Control.PINNED:
        return True
    if _is_off(state):
        return False
    if state.breaker == Breaker.CLOSED:
        return random.random() < breaker.share(state.closed_at, now)  # noqa: S311 - spreads load, guards nothing
    nobody_may = state.breaker == Breaker.OPEN or not state.probes_left
    if nobody_may and state.retry_at is not None and state.retry_at > now:
        return False  # and no query, while it is out of use
    return _take_probe(alias, now)


def _take_probe(alias: str, now: datetime) -> bool:
    """Whether this message may probe a breaker that is open: the first one after the cool-down, and few others."""
    begins = ProviderHealth.objects.filter(
        Q(breaker=Breaker.OPEN) | Q(breaker=Breaker.HALF_OPEN, probes_left=0), alias=alias, retry_at__lte=now
    ).update(
        breaker=Breaker.HALF_OPEN,
        changed_at=now,
        retry_at=now + breaker.PROBE_TIME,
        probes_left=breaker.PROBES - 1,
        probes_passed=0,
    )
    if begins:
        _tell(alias, Breaker.HALF_OPEN, "The cool-down is over: a few messages probe it.", {})
        return True
    left = ProviderHealth.objects.filter(alias=alias, breaker=Breaker.HALF_OPEN, probes_left__gt=0)
    return bool(left.update(probes_left=F("probes_left") - 1))


def _judge(alias: str, state: ProviderHealth | None, now: datetime, detail: str) -> None:
    """Open a closed breaker if it is time. What was before it last closed no longer counts."""
    begin = now - breaker.WINDOW
    if state is not None and state.closed_at is not None:
        begin = max(begin, state.closed_at)
    tally = Tally(**ProviderOutcomes.objects.since(alias, begin))
    if not breaker.should_open(tally):
        return
    ProviderHealth.objects.get_or_create(alias=alias)
    if tally.failed_in_a_row >= breaker.FAILED_IN_A_ROW:
        reason = f"{tally.failed_in_a_row} requests in a row failed."
    else:
        reason = f"{tally.failed} of {tally.failed + tally.succeeded} requests failed."
    _open(alias, Breaker.CLOSED, now, reason, {**asdict(tally), "last_error": detail})


def _judge_probes(alias: str, answers: Iterable[Answered], now: datetime, detail: str) -> None:
    """Go by the probes alone: a request from before, that comes to its end now, tells of the trouble that is known."""
    probing = ProviderHealth.objects.filter(alias=alias, breaker=Breaker.HALF_OPEN)
    begin = probing.values_list("changed_at", flat=True).first()
    probes = [each.healthy for each in answers if begin is not None and each.began >= begin]
    if not probes:
        return
    if not all(probes):
        _open(alias, Breaker.HALF_OPEN, now, "A probe failed.", {"last_error": detail})
        return
    probing.update(probes_passed=F("probes_passed") + len(probes))
    closed = probing.filter(probes_passed__gte=breaker.PROBES).update(
        breaker=Breaker.CLOSED, changed_at=now, closed_at=now, retry_at=None, probes_left=0
    )
    if closed:
        share = f"It takes {breaker.FIRST_SHARE:.0%} of the messages, and more as it holds."
        _tell(alias, Breaker.CLOSED, f"{breaker.PROBES} probes succeeded. {share}", {"probes": breaker.PROBES})


def _open(alias: str, before: Breaker, now: datetime, reason: str, evidence: dict[str, object]) -> None:
    health = ProviderHealth.objects.get(alias=alias)
    # Long after the last trouble it is a first time again.
    calm = before == Breaker.CLOSED and health.closed_at is not None and now - health.closed_at > breaker.MAX_COOL_DOWN
    trips = 1 if calm else health.trips + 1
    pause = breaker.cool_down(trips)
    opened = ProviderHealth.objects.filter(alias=alias, breaker=before).update(
        breaker=Breaker.OPEN, changed_at=now, retry_at=now + pause, trips=trips, probes_left=0, probes_passed=0
    )
    if opened:
        seconds = pause.total_seconds()
        _tell(alias, Breaker.OPEN, f"{reason} It is probed in {seconds:g} s.", {**evidence, "trips": trips})


def _tell(alias: str, to: str, reason: str, evidence: dict[str, object], *, by: str = "") -> None:
    forget()
    ProviderChange.objects.create(alias=alias, to=to, reason=reason[:300], evidence=evidence, by=by)
    logger.log(logging.ERROR if to == Breaker.OPEN else logging.WARNING, "Provider %s is %s: %s", alias, to, reason)
    provider_changed.send_robust(ProviderHealth, alias=alias, to=to, reason=reason)
