"""The source of a part, read as what people see: text and HTML, without the tags of the template language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

VALUE = "\ue000"
"""stands for each character of {{ … }} and {% … %}: nobody writes it"""
_COMMENT = re.compile(r"\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
_NOTE = re.compile(r"\{#.*?#\}")
_NOT_LINE_BREAK = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a source: both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Element:
    """A start tag and its attributes; `VALUE` stands for what is written when it is rendered."""

    name: str
    attributes: dict[str, str]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Prose:
    """A run of text that people read, and where it begins."""

    text: str
    spot: Spot

    def at(self, offset: int) -> Spot:
        """Where a character of it stands."""
        passed = self.text.count("\n", 0, offset)
        if not passed:
            return Spot(self.spot.line, self.spot.column + offset)
        return Spot(self.spot.line + passed, offset - self.text.rfind("\n", 0, offset))


def masked(source: str) -> str:
    """The source at the same length, with `VALUE` for each tag of the template language and blanks for its comments."""
    blank = _COMMENT.sub(lambda found: _NOT_LINE_BREAK.sub(" ", found[0]), source)
    blank = _NOTE.sub(lambda found: " " * len(found[0]), blank)
    return _TAG.sub(lambda found: VALUE * len(found[0]), blank)


class Markup(HTMLParser):
    """The elements and the text of a part in HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.prose: list[Prose] = []
        self._unseen = ""
        with suppress(AssertionError):  # of Python's parser, where it knows no way on: what came before is judged
            self.feed(masked(source))
            self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take it down."""
        self.elements.append(Element(tag, {name: value or "" for name, value in reversed(attrs)}, self._spot()))
        self._unseen = tag if tag in ("style", "script") else ""

    def handle_endtag(self, tag: str) -> None:
        """What follows is seen."""
        self._unseen = ""

    def handle_data(self, data: str) -> None:
        """Take it down."""
        if not self._unseen:
            self.prose.append(Prose(data, self._spot()))

    def _spot(self) -> Spot:
        line, column = self.getpos()
        return Spot(line, column + 1)


def prose_of(source: str, *, html: bool) -> list[Prose]:
    """What people read of a part."""
    return Markup(source).prose if html else [Prose(masked(source), Spot(1, 1))]


def words(prose: list[Prose]) -> Iterator[str]:
    """The words, without values."""
    for each in prose:
        yield from re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", each.text.replace(VALUE, " "))
