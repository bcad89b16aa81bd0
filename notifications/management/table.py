"""Rows as a plain-text table."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

MAX_WIDTH = 60


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns two spaces apart, each as wide as its longest value, up to MAX_WIDTH."""
    cells = [[_cell(each) for each in row] for row in [headers, *rows]]
    widths = [max(_width(row[index]) for row in cells) for index in range(len(headers))]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _cell(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_WIDTH else text[: MAX_WIDTH - 1] + "…"


def _width(text: str) -> int:
    """How many columns a terminal takes for it: none for combining marks, two for wide characters."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )
