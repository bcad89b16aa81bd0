"""Which provider of a channel takes the next message: in order, by health, and as an operator says.

Health comes from real outcomes, counted in the database for all processes. Each process looks at the states about once
a second; whoever sees too many failures opens the breaker, and exactly one process wins each change.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from notifications.channels.base import Channel
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


def record(outcomes: Iterable[tuple[str, bool]], now: datetime, detail: str = "") -> None:
    """Count requests, as (alias, succeeded), and open or close breakers. `detail`: what the last failure said."""
    counts = Counter(outcomes)
    for alias in sorted({alias for alias, _ in counts}):
        succeeded, failed = counts[alias, True], counts[alias, False]
        ProviderOutcomes.objects.add(alias, succeeded=succeeded, failed=failed, now=now)
        state = _states().get(alias)
        if state is not None and state.breaker != Breaker.CLOSED:
            _judge_probes(alias, succeeded, failed, now, detail)
        elif failed:
            _judge(alias, state, now, detail)


def control(alias: str, to: Control, *, reason: str, by: str) -> None:
    """Pin, drain, disable, or hand back to the breaker. Raises `ConfigurationError` for an unknown alias."""
    get_provider(alias)
    ProviderHealth.objects.update_or_create(alias=alias, defaults={"control": to, "control_reason": reason})
    _tell(alias, to or "automatic", reason, {}, by=by)


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
    evidence = {"succeeded": tally.succeeded, "failed": tally.failed, "last_error": detail}
    _open(alias, Breaker.CLOSED, now, f"{tally.failed} of {tally.failed + tally.succeeded} requests failed.", evidence)


def _judge_probes(alias: str, succeeded: int, failed: int, now: datetime, detail: str) -> None:
    if failed:
        _open(alias, Breaker.HALF_OPEN, now, "A probe failed.", {"last_error": detail})
        return
    probing = ProviderHealth.objects.filter(alias=alias, breaker=Breaker.HALF_OPEN)
    probing.update(probes_passed=F("probes_passed") + succeeded)
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
        seconds = int(pause.total_seconds())
        _tell(alias, Breaker.OPEN, f"{reason} It is probed in {seconds} s.", {**evidence, "trips": trips})


def _tell(alias: str, to: str, reason: str, evidence: dict[str, object], *, by: str = "") -> None:
    forget()
    ProviderChange.objects.create(alias=alias, to=to, reason=reason[:300], evidence=evidence, by=by)
    logger.log(logging.ERROR if to == Breaker.OPEN else logging.WARNING, "Provider %s is %s: %s", alias, to, reason)
    provider_changed.send_robust(ProviderHealth, alias=alias, to=to, reason=reason)
