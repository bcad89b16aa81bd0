"""How each provider fares, from real outcomes counted in the database for all processes.

Each process looks at the states about once a second; whoever sees too many failures opens the breaker, and exactly one
process wins each change.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F, Q

from notifications.models.provider_health import Breaker, ProviderChange, ProviderHealth, ProviderOutcomes
from notifications.pipeline import breaker
from notifications.pipeline.breaker import Tally
from notifications.signals import provider_changed

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0

_seen: tuple[float, dict[str, ProviderHealth]] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request that was made says of its provider. `began` is when it was opened."""

    alias: str
    healthy: bool
    began: datetime


def forget() -> None:
    """Look at the states again at the next call."""
    global _seen
    _seen = None


def _forget_change() -> None:
    """At once for this thread, and once more when the change can be seen by those that look meanwhile."""
    forget()
    transaction.on_commit(forget)


def states() -> dict[str, ProviderHealth]:
    """alias → where it stands, as of a moment ago; one that is missing is in use and has never failed."""
    global _seen
    seen = _seen  # another thread may forget it meanwhile
    if seen is None or time.monotonic() - seen[0] > LOOK_AGAIN_SECONDS:
        seen = _seen = time.monotonic(), ProviderHealth.objects.in_bulk()
    return seen[1]


def known() -> Mapping[str, ProviderHealth]:
    """The same without a query: what this process saw last, and nothing at first."""
    seen = _seen
    return seen[1] if seen is not None else {}


def record(outcomes: Iterable[Answered], now: datetime, detail: str = "") -> None:
    """Count what came of requests, and open or close breakers. `detail`: what the last failure said."""
    by_alias: dict[str, list[Answered]] = {}
    for each in outcomes:
        by_alias.setdefault(each.alias, []).append(each)
    for alias, answers in sorted(by_alias.items()):
        _record(alias, answers, now, detail)


@transaction.atomic
def _record(alias: str, answers: Sequence[Answered], now: datetime, detail: str) -> None:
    """In one transaction: a breaker never changes without the row that says why.

    What was opened before the last change is not counted: it times out when the trouble that it tells of is over.
    """
    state = states().get(alias)
    if state is not None:
        answers = [each for each in answers if each.began >= state.changed_at]
    if not answers:
        return
    succeeded = sum(each.healthy for each in answers)
    failed = len(answers) - succeeded
    latest = max((each.began for each in answers if each.healthy), default=None)
    ProviderOutcomes.objects.add(alias, succeeded=succeeded, failed=failed, now=now, success_began=latest)
    if state is not None and state.breaker != Breaker.CLOSED:
        _judge_probes(alias, answers, now, detail)
    elif failed:
        _judge(alias, state, now, detail)


@transaction.atomic
def take_probe(alias: str, now: datetime) -> bool:
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
        tell(alias, Breaker.HALF_OPEN, "The cool-down is over: a few messages probe it.", {})
        return True
    left = ProviderHealth.objects.filter(alias=alias, breaker=Breaker.HALF_OPEN, probes_left__gt=0)
    taken = bool(left.update(probes_left=F("probes_left") - 1))
    if taken:  # it may be another process that half-opened it: here it is still taken for out of use
        transaction.on_commit(forget)
    return taken


def tell(alias: str, to: str, reason: str, evidence: dict[str, object], *, by: str = "") -> None:
    """Keep a change with its evidence, log it, and tell listeners. `by`: who; empty: the breaker itself."""
    _forget_change()
    ProviderChange.objects.create(alias=alias, to=to, reason=reason[:300], evidence=evidence, by=by)
    logger.log(logging.ERROR if to == Breaker.OPEN else logging.WARNING, "Provider %s is %s: %s", alias, to, reason)
    # After commit: a query of theirs that fails would take the whole transaction with it.
    transaction.on_commit(partial(provider_changed.send_robust, ProviderHealth, alias=alias, to=to, reason=reason))


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
        tell(alias, Breaker.CLOSED, f"{breaker.PROBES} probes succeeded. {share}", {"probes": breaker.PROBES})


def _open(alias: str, before: Breaker, now: datetime, reason: str, evidence: dict[str, object]) -> None:
    health = ProviderHealth.objects.get(alias=alias)
    # Long after the last trouble it is a first time again.
    calm = before == Breaker.CLOSED and health.closed_at is not None and now - health.closed_at > breaker.MAX_COOL_DOWN
    trips = 1 if calm else health.trips + 1
    pause = breaker.cool_down(trips)
    opened = ProviderHealth.objects.filter(alias=alias, breaker=before).update(
        breaker=Breaker.OPEN, changed_at=now, retry_at=now + pause, trips=trips, probes_left=0, probes_passed=0
    )
    _forget_change()  # also where another process was the first to see it
    if opened:
        seconds = pause.total_seconds()
        tell(alias, Breaker.OPEN, f"{reason} It is probed in {seconds:g} s.", {**evidence, "trips": trips})
