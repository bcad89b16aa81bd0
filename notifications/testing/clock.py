"""A clock that stands still until it is told to move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from notifications import clock
from notifications.exceptions import known

_UNITS = {name: timedelta(**{f"{name}s": 1}) for name in ("second", "minute", "hour", "day", "week")}


class FrozenClock:
    """What `frozen_clock` gives."""

    @property
    def now(self) -> datetime:
        """The moment it shows."""
        return clock.now()

    def advance(self, by: timedelta | str) -> datetime:
        """Move on by a span, such as `timedelta(hours=1)`, "2 days" or "1 hour 30 minutes". Returns the new moment."""
        return self.move_to(clock.now() + (by if isinstance(by, timedelta) else _span(by)))

    def move_to(self, at: datetime) -> datetime:
        """Show this moment, which must be aware. Returns it."""
        clock.freeze(_aware(at))
        return clock.now()


@contextmanager
def frozen_clock(at: datetime | None = None) -> Iterator[FrozenClock]:
    """The app's clock stands still: at `at`, which must be aware, or now. It goes on at the end of the block.

    Everything in `notifications` follows it in this process, also what is due and the times stored by default.
    """
    before = clock.freeze(_aware(at) if at else clock.now())
    try:
        yield FrozenClock()
    finally:
        clock.freeze(before)


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} is naive; give it a time zone, such as tzinfo=UTC.")
    return at


def _span(text: str) -> timedelta:
    words = text.replace(",", " ").split()
    try:
        parts = [
            (_UNITS[unit.rstrip("s")], float(number)) for number, unit in zip(words[::2], words[1::2], strict=True)
        ]
    except (KeyError, ValueError):
        parts = []
    if not parts:
        raise ValueError(f"{text!r} is no span of time; write it like '2 days' or '1 hour 30 minutes'. {known(_UNITS)}")
    return sum((unit * number for unit, number in parts), timedelta())
