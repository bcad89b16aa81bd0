"""Rows and their timing: interleaved with the peer, the order alternating, medians. Knows nothing of Django."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

BOTH = ("postgresql", "sqlite")


@dataclass(frozen=True, slots=True)
class Goal:
    """What one of the measured values must reach."""

    value: str
    comparison: Literal["<=", ">="]
    limit: float

    def holds(self, values: Mapping[str, float]) -> bool:
        """Whether the measured value reaches it."""
        measured = values[self.value]
        return measured <= self.limit if self.comparison == "<=" else measured >= self.limit

    def __str__(self) -> str:
        name = "" if self.value == "ratio" else f"{self.value.replace('_', ' ')} "
        return f"{name}{'≤' if self.comparison == '<=' else '≥'} {self.limit:g}{'×' if not name else ''}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, that of its peer in the same unit, and every value that a goal or a reader may ask for."""

    figure: float
    unit: str
    peer: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def with_values(self, note: str = "", **values: float) -> Measured:
        """The same, and more."""
        return Measured(self.figure, self.unit, self.peer, {**self.values, **values}, note or self.note)


class Skip(Exception):
    """A row cannot be measured here; says why."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row is given: where it runs, and how much it may take."""

    database: str
    """"postgresql" or "sqlite\""""
    redis_url: str
    """empty: embedded"""
    size: Literal["quick", "default", "full"]
    folder: Path
    """for files of its own"""

    @property
    def runs(self) -> int:
        """How often each side is measured."""
        return 5 if self.size == "quick" else 7

    @property
    def quick(self) -> bool:
        return self.size == "quick"

    def pick(self, quick: int, default: int, full: int | None = None) -> int:
        """A number of rows or repetitions that suits the size."""
        return {"quick": quick, "default": default, "full": default if full is None else full}[self.size]


@dataclass(frozen=True, slots=True)
class Row:
    """A declared figure."""

    figure: str
    beside: str
    goals: Sequence[Goal]
    databases: Sequence[str]
    measure: Callable[[Bench], Measured]

    @property
    def name(self) -> str:
        """`<area>.<function>`, for --only."""
        return f"{self.measure.__module__.rpartition('.')[2]}.{self.measure.__name__}"


ROWS: list[Row] = []


def row(
    figure: str, *, beside: str, goals: Sequence[Goal], databases: Sequence[str] = BOTH
) -> Callable[[Callable[[Bench], Measured]], Callable[[Bench], Measured]]:
    """Declare a row. `beside` names the peer, or is empty where only an absolute goal stands."""

    def declare(measure: Callable[[Bench], Measured]) -> Callable[[Bench], Measured]:
        ROWS.append(Row(figure, beside, goals, databases, measure))
        return measure

    return declare


Call = Callable[[], object]


def pairs(ours: Call, peer: Call, *, runs: int, before: Call | None = None) -> list[tuple[float, float]]:
    """Seconds of each side, run by run, one right after the other and each first in turn. The first run warms up."""
    measured = []
    for run in range(runs + 1):
        seconds = [0.0, 0.0]
        for side in (0, 1) if run % 2 else (1, 0):
            if before is not None:
                before()
            seconds[side] = timed((ours, peer)[side])
        if run:
            measured.append((seconds[0], seconds[1]))
    return measured


def timed(call: Call) -> float:
    """The seconds that a call takes; the garbage of others is collected before."""
    gc.collect()
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def rates(ours: Call, peer: Call, *, items: int, runs: int, before: Call | None = None) -> Measured:
    """Items a second of both sides; the ratio is the median of the runs' own ratios. More is better."""
    measured = pairs(ours, peer, runs=runs, before=before)
    return Measured(
        figure=items / statistics.median(mine for mine, _ in measured),
        unit="/s",
        peer=items / statistics.median(other for _, other in measured),
        values={"ratio": statistics.median(other / mine for mine, other in measured)},
    )


def times(ours: Call, peer: Call, *, items: int, runs: int, before: Call | None = None) -> Measured:
    """Milliseconds for one item of both sides; the ratio as in `rates`. Less is better."""
    measured = pairs(ours, peer, runs=runs, before=before)
    return Measured(
        figure=1000 * statistics.median(mine for mine, _ in measured) / items,
        unit="ms",
        peer=1000 * statistics.median(other for _, other in measured) / items,
        values={"ratio": statistics.median(mine / other for mine, other in measured)},
    )


def latencies(ours: Sequence[float], peer: Sequence[float] = ()) -> Measured:
    """Milliseconds from samples in seconds: median, p95, and the ratio of the medians if there is a peer."""
    median = statistics.median(ours) * 1000
    values = {"median_ms": median, "p95_ms": p95(ours) * 1000}
    other = statistics.median(peer) * 1000 if peer else None
    if other:
        values |= {"ratio": median / other, "peer_p95_ms": p95(peer) * 1000}
    return Measured(median, "ms", other, values)


def p95(samples: Sequence[float]) -> float:
    """The sample that 95 of a hundred do not exceed."""
    return sorted(samples)[max(0, -(-len(samples) * 95 // 100) - 1)]
