"""What is different between two wordings, part by part and line by line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

CONTEXT_LINES = 3
Mark = Literal[" ", "+", "-", "@"]


@dataclass(frozen=True, slots=True)
class PartDiff:
    """One part that differs. Lines: (mark, text); "@" stands where lines that are the same are left out."""

    part: str
    lines: Sequence[tuple[Mark, str]]

    @property
    def added(self) -> int:
        """How many lines are new."""
        return sum(mark == "+" for mark, _ in self.lines)

    @property
    def removed(self) -> int:
        """How many lines are gone."""
        return sum(mark == "-" for mark, _ in self.lines)


def diff(old: Mapping[str, str], new: Mapping[str, str], *, context: int = CONTEXT_LINES) -> list[PartDiff]:
    """The parts that differ, in the order of their names. Empty: the two say the same."""
    parts = sorted({*old, *new})
    return [
        PartDiff(name, _lines(old.get(name, ""), new.get(name, ""), context))
        for name in parts
        if _differ(name, old, new)
    ]


def _differ(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return old.get(name, "") != new.get(name, "")


def _lines(old: str, new: str, context: int) -> list[tuple[Mark, str]]:
    told: list[tuple[Mark, str]] = []
    for line in list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=context))[2:]:
        if line.startswith("@@"):
            told.append(("@", line))
        else:
            told.append((line[0], line[1:]))  # type: ignore[arg-type]
    return told or [("@", "Only white space at the ends of lines differs.")]
