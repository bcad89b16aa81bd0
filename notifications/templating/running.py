"""One rendering of a text: the values in sight, what has come out, and the limits of what it may cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from notifications.templating.nodes import Place

ITERATIONS_MAX = 10_000
"""of all loops of a text together"""
OUTPUT_MAX = 1_000_000
"""characters"""
SECONDS_MAX = 1.0
"""of this thread's processor time, so that a busy machine fails nothing"""
STEPS_BETWEEN_LOOKS = 64
CHARACTERS_IN_STEP = 256


class Missing(LookupError):
    """A value was asked for that was not given."""


class Refused(ValueError):
    """A value is of a wrong kind, or a limit is reached. The message holds nothing of the values."""


class Run:
    """One rendering: the values in sight, what has come out, and what it has cost."""

    __slots__ = ("deadline", "fuel", "iterations", "out", "place", "plain", "size", "values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.out: list[str] = []
        self.size = self.iterations = 0
        self.fuel = STEPS_BETWEEN_LOOKS
        self.deadline = 0.0
        self.place: Place | None = None
        self.plain: dict[int, tuple[Any, Any]] = {}
        """id → the value, kept so that no other gets its id, and what it is as plain data"""

    def write(self, text: str) -> None:
        self.size += len(text)
        if self.size > OUTPUT_MAX:
            raise Refused(f"The text grows beyond {OUTPUT_MAX:,} characters")
        self.out.append(text)
        self.spend(1)

    def repeat(self) -> None:
        """Once more through a loop."""
        self.iterations += 1
        if self.iterations > ITERATIONS_MAX:
            raise Refused(f"Its loops go round more than {ITERATIONS_MAX:,} times")
        if self.size > OUTPUT_MAX:
            raise Refused(f"The text grows beyond {OUTPUT_MAX:,} characters")
        self.spend(1)

    def spend(self, steps: int) -> None:
        """Take so many steps. The clock is looked at now and then: each look takes longer than most steps."""
        self.fuel -= steps
        if self.fuel > 0:
            return
        self.fuel = STEPS_BETWEEN_LOOKS
        now = time.thread_time()
        self.deadline = self.deadline or now + SECONDS_MAX
        if now > self.deadline:
            raise Refused(f"It takes longer than {SECONDS_MAX:g} s")
