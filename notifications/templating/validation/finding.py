"""What validation finds, and the codes that it has for it: stable, so that scripts and people can rely on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a text should have otherwise. An error forbids publishing; a warning and a note do not.

    `part` is "" where it is about all parts together. `line` and `column` count from 1, in the part's source; None
    where it is about no place.
    """

    level: Level
    code: str
    message: str
    """tells who edits texts what to do"""
    part: str = ""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: its stable id, how grave it is, and what it is about."""

    id: str
    level: Level
    about: str

    def found(self, message: str, part: str = "", place: Any = None) -> Finding:
        """A finding of this kind. `place` is of the part's own source: what has a line and a column."""
        line, column = (place.line, place.column) if place is not None else (None, None)
        return Finding(self.level, self.id, message, part, line, column)
