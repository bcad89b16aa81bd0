"""Pure functions about time. `now` is always an argument."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def backoff(attempt: int, *, base: timedelta, ceiling: timedelta, rng: random.Random | None = None) -> timedelta:
    """How long to wait after the `attempt`-th failure (1, 2, …): exponential, with equal jitter.

    Half of the wait is fixed and half is random, so that it never falls to nothing and a crowd still spreads out
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    full = min(base * float(2 ** min(attempt - 1, 20)), ceiling)
    return full / 2 + full / 2 * (rng.random() if rng else random.random())  # noqa: S311 - jitter, no secret


def next_local_time(now: datetime, local: time, zone: ZoneInfo) -> datetime:
    """The first moment after `now`, in UTC, at which a clock on the wall in `zone` shows `local`.

    Where the clocks jump over `local` (a DST gap) it is as much later as the gap is long; where they show it twice,
    it is the first time.
    """
    today = now.astimezone(zone).date()
    moments = (datetime.combine(today + timedelta(days=days), local, tzinfo=zone).astimezone(UTC) for days in (0, 1, 2))
    return next(moment for moment in moments if moment > now)
