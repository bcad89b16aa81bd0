"""The circuit breaker's decisions, as pure functions: when it opens, for how long, and how traffic comes back.

closed → (too many failures) → open → (cool-down over) → half-open → (probes succeed) → closed, at first for a part of
the traffic; a probe that fails opens it again for twice as long.
https://martinfowler.com/bliki/CircuitBreaker.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)
"""outcomes older than this no longer count"""
MIN_FAILURES = 5
"""fewer never open it, so that one bad message does not"""
FAILURE_RATE = 0.5
FAILED_IN_A_ROW = 8
"""that many, with no success between them, open it at once, however much succeeded before"""
COOL_DOWN = timedelta(seconds=30)
MAX_COOL_DOWN = timedelta(minutes=10)
PROBES = 3
"""messages let through when half open, and successes asked for before it closes"""
PROBE_TIME = timedelta(seconds=60)
"""after this, probes whose outcome nobody brought are replaced by others"""
FIRST_SHARE = 0.25
"""of the traffic it takes when it has just closed; doubled every RAMP"""
RAMP = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Outcomes of a provider within the window."""

    succeeded: int = 0
    failed: int = 0
    failed_in_a_row: int = 0
    """since the last success"""


def should_open(tally: Tally) -> bool:
    """Whether a closed breaker opens."""
    if tally.failed_in_a_row >= FAILED_IN_A_ROW:
        return True
    return tally.failed >= MIN_FAILURES and tally.failed >= FAILURE_RATE * (tally.failed + tally.succeeded)


def cool_down(trips: int) -> timedelta:
    """How long it stays open the first, second, … time in a row."""
    return min(COOL_DOWN * float(2 ** min(trips - 1, 10)), MAX_COOL_DOWN)


def share(closed_at: datetime | None, now: datetime) -> float:
    """The part of the traffic, 0 to 1, for a breaker that closed then; None: it never opened."""
    if closed_at is None:
        return 1.0
    steps = max((now - closed_at) // RAMP, 0)
    return min(FIRST_SHARE * float(2 ** min(steps, 8)), 1.0)
