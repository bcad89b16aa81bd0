"""The pieces of a text: what stands as it is, {{ values }} and {% tags %}, each with its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from notifications.exceptions import TemplateSyntaxError
from notifications.templating.expressions import bits
from notifications.templating.nodes import Place

SOURCE_MAX = 200_000
"""characters of a text"""
_OPENING = re.compile(r"\{[%{#]")
_CLOSING = {"{%": "%}", "{{": "}}", "{#": "#}"}
_END_OF_COMMENT = re.compile(r"\{%\s*endcomment\s*%\}")
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_NOWHERE = re.compile("[\x00\ud800-\udfff\u202d\u202e]")
_LOOKALIKE = re.compile(
    "[\uff5b\ufe5b\u2774][\uff5b\ufe5b\u2774{%\uff05\ufe6a]|{[\uff5b\ufe5b\u2774\uff05\ufe6a]"
    "|{[ \t\u00a0\u00ad\u200b-\u200f\u2060-\u2064\ufeff]{1,3}[{%]"
)
"""what looks like {{ or {%: braces of full width, or with something between them, visible or not"""


def refuse_unfit(source: str, name: str) -> None:
    """Raises `TemplateSyntaxError` for a text that is too long, or that holds what no text may hold."""
    if len(source) > SOURCE_MAX:
        raise TemplateSyntaxError(
            f"The text has {len(source):,} characters; {SOURCE_MAX:,} are the most. Make it shorter.", template=name
        )
    if found := _NOWHERE.search(source):
        place = place_in(source, found.start(), Place(name, 1, 1))
        code = ord(found[0])
        if code in (0x202D, 0x202E):
            hint = "turns the writing around, so that a text reads differently from what it is. Delete it."
        else:
            hint = "is no character that can be shown. Delete it."
        raise TemplateSyntaxError.at(place, f"U+{code:04X} {hint}")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the source: text, the inside of {{ … }}, or the inside of {% … %} with its first word."""

    kind: str
    contents: str
    place: Place
    tag: str = ""

    @property
    def words(self) -> list[str]:
        """Of a tag, behind its name."""
        return bits(self.contents, self.place)[1:]

    @property
    def rest(self) -> str:
        """Of a tag, all behind its name."""
        return self.contents.strip()[len(self.tag) :].strip()


def tokens(source: str, name: str) -> Iterator[Token]:
    """The pieces, in order. Raises `TemplateSyntaxError`."""
    places = _Places(source, name)
    scanner = _Scanner(source)
    position = 0
    while found := scanner.next(position):
        start, end = found
        if start > position:
            yield _text(source[position:start], places.at(position))
        place = places.at(start)
        position = end
        opening, contents = source[start : start + 2], source[start + 2 : end - 2]
        if opening == "{#":
            continue
        _refuse_direction_controls(contents, place)
        if opening == "{{":
            yield Token("output", contents, place)
            continue
        word = next(iter(contents.split()), "")
        if word == "comment":
            closed = _END_OF_COMMENT.search(source, position)
            if closed is None:
                raise TemplateSyntaxError.at(place, "{% comment %} is never closed: add {% endcomment %}.")
            position = closed.end()
        else:
            yield Token("tag", contents, place, word)
    if position < len(source):
        yield _text(source[position:], places.at(position))


class _Scanner:
    """Finds tags, each closed on its line. Each thing is looked for once: time grows as the text does, no faster."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.known: dict[str, int] = {}

    def next(self, position: int) -> tuple[int, int] | None:
        """Where the first tag at or behind `position` begins and ends."""
        while match := _OPENING.search(self.source, position):
            inside = match.end()
            end = self._find(_CLOSING[match[0]], inside)
            if end < self._find("\n", inside):
                return match.start(), end + 2
            position = match.start() + 1
        return None

    def _find(self, text: str, position: int) -> int:
        known = self.known.get(text, -1)
        if known < position:
            known = self.source.find(text, position)
            known = self.known[text] = len(self.source) if known < 0 else known
        return known


class _Places:
    """Line and column of ever later positions, each found from the one before."""

    def __init__(self, source: str, name: str) -> None:
        self.source, self.name = source, name
        self.position, self.line, self.start = 0, 1, 0

    def at(self, position: int) -> Place:
        passed = self.source.count("\n", self.position, position)
        if passed:
            self.line += passed
            self.start = self.source.rfind("\n", self.position, position) + 1
        self.position = position
        return Place(self.name, self.line, position - self.start + 1)


def _text(text: str, place: Place) -> Token:
    for opening, closing, what in (("{{", "}}", "A value"), ("{%", "%}", "A tag")):
        if opening in text:
            raise TemplateSyntaxError.at(
                place_in(text, text.index(opening), place),
                f"'{opening}' is not closed on its line. {what} is written {opening} … {closing}, on one line.",
            )
    if found := _LOOKALIKE.search(text):
        raise TemplateSyntaxError.at(
            place_in(text, found.start(), place),
            f"{found[0]!a} looks like the braces of a tag, and is none. Write {{{{ … }}}} or {{% … %}} anew, "
            "with plain braces and nothing between them.",
        )
    return Token("text", text, place)


def place_in(text: str, index: int, place: Place) -> Place:
    """Where a character of a text stands that begins at `place`."""
    line = text.count("\n", 0, index)
    if not line:
        return Place(place.template, place.line, place.column + index)
    return Place(place.template, place.line + line, index - text.rindex("\n", 0, index))


def _refuse_direction_controls(contents: str, place: Place) -> None:
    if found := _BIDI_CONTROLS.search(contents):
        raise TemplateSyntaxError.at(
            place,
            f"U+{ord(found[0]):04X}, which turns the direction of writing, stands inside a tag, where it hides what is "
            "written. Delete it, or write the tag anew.",
        )
