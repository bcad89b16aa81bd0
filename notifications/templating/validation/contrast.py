"""Whether the text of an email can be read on its ground, in light mailboxes and in dark ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree
from lxml.html import document_fromstring

from notifications.templating import inlining
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.colours import Colour, colour_in, contrast_ratio
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.markup import EMAIL

UNREADABLE = Code("notify.T070", "warning", "text that is hard to read on its ground")
UNREADABLE_DARK = Code("notify.T071", "warning", "text that is hard to read in mailboxes that are dark")

NEEDED, NEEDED_LARGE = 4.5, 3.0
LARGE, LARGE_BOLD = 24.0, 18.66
"""pixels, from which a text counts as large"""
STYLE_MAX = 5_000
"""characters of one element's style that are looked at"""
_DARK_RULES = re.compile(r"@media[^{}]{0,200}prefers-color-scheme\s*:\s*dark[^{}]*\{", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*((?:[^;(\"']|\([^)]*\)|\"[^\"]*\"|'[^']*')*)")
_SIZE = re.compile(r"(\d*\.?\d+)\s*(px|pt|em|rem|%)", re.IGNORECASE)
_UNITS = {"px": 1.0, "pt": 4 / 3, "rem": 16.0}
_HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_BOLD = {"b", "strong", "th", *_HEADINGS}
_UNSEEN = {"head", "style", "script", "title", "template"}


@dataclass(frozen=True, slots=True)
class _Look:
    """What an element hands down. A colour or a ground of None is not known: a picture, or a rare name of a colour."""

    colour: Colour | None
    ground: Colour | None
    link: Colour
    size: float = 16.0
    bold: bool = False

    @property
    def needed(self) -> float:
        large = self.size >= (LARGE_BOLD if self.bold else LARGE)
        return NEEDED_LARGE if large else NEEDED


_LIGHT = _Look(Colour(0, 0, 0), Colour(255, 255, 255), Colour(0, 0, 238))
_DARK = _Look(Colour(255, 255, 255), Colour(18, 18, 18), Colour(158, 158, 255))
"""as browsers show what says nothing of its colours"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How well one text of an email can be read."""

    text: str
    colour: Colour
    ground: Colour
    needed: float

    @property
    def ratio(self) -> float:
        """The contrast."""
        return contrast_ratio(self.colour, self.ground)


def contrast(text: Candidate) -> Iterator[Finding]:
    """Of the example: one finding for each pair of colours. Dark is judged where the email has rules for it."""
    rendered = text.rendered(EMAIL)
    if not rendered.strip():
        return
    for code, where, dark in ((UNREADABLE, "", False), (UNREADABLE_DARK, " in a dark mailbox", True)):
        poor = [each for each in readings(rendered, dark=dark) if each.ratio < each.needed]
        for each in {(each.colour, each.ground): each for each in reversed(poor)}.values():
            words = each.text if len(each.text) <= 40 else each.text[:39] + "…"
            yield code.found(
                f"'{words}' is hard to read{where}: {each.colour} on {each.ground} has a contrast of "
                f"{each.ratio:.1f}, and {each.needed:g} is needed. Choose colours further apart.",
                EMAIL,
            )


def readings(html: str, *, dark: bool = False) -> Iterator[Reading]:
    """Each text that is seen in an email whose styles are inlined; on a ground that is not known, none.

    `dark`: as a dark mailbox shows it; nothing where the email has no rules for that.
    """
    shown = _with_dark_rules(html) if dark else html
    if shown is None:
        return
    for words, look in _texts(document_fromstring(shown), _DARK if dark else _LIGHT):
        if look.colour is not None and look.ground is not None:
            yield Reading(words, look.colour.over(look.ground), look.ground, look.needed)


def _with_dark_rules(html: str) -> str | None:
    """The email as a dark mailbox shows it; None where it has no rules for that."""
    pieces, position = [], 0
    while found := _DARK_RULES.search(html, position):
        end = _closing_brace(html, found.end())
        pieces += [html[position : found.start()], html[found.end() : end]]
        position = end + 1
    return inlining.inline("".join([*pieces, html[position:]])) if pieces else None


def _closing_brace(css: str, start: int) -> int:
    depth = 1
    for found in re.compile("[{}]").finditer(css, start):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return found.start()
    return len(css)


def _texts(root: Any, look: _Look) -> Iterator[tuple[str, _Look]]:
    """The texts that are seen, each with its look. Without recursion: HTML may be nested deeply."""
    waiting: list[tuple[Any, _Look]] = [(root, look)]
    while waiting:
        node, outer = waiting.pop()
        if isinstance(node, str):
            if words := " ".join(node.split()):
                yield words, outer
            continue
        if node is not root and node.tail:
            waiting.append((node.tail, outer))
        inner = _inner(node, outer) if isinstance(node.tag, str) and node.tag not in _UNSEEN else None
        if inner is not None:
            waiting += [(child, inner) for child in reversed(node)]
            waiting.append((node.text or "", inner))


def _inner(element: etree._Element, look: _Look) -> _Look | None:
    """The look inside of an element; None where it is not seen."""
    style = {name.lower(): value for name, value in _DECLARATION.findall(element.get("style", "")[:STYLE_MAX])}
    if "none" in style.get("display", "") or "hidden" in style.get("visibility", ""):
        return None
    own = style.get("color") or element.get("color", "")
    size = _size(style.get("font-size", ""), look.size, element.tag)
    weight = style.get("font-weight", "").split("!")[0].strip().lower()
    bold = look.bold or element.tag in _BOLD
    if weight not in ("", "inherit"):
        bold = weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 700)
    return replace(
        look, colour=_colour(element.tag, own, look), ground=_ground(element, style, look), size=size, bold=bold
    )


def _colour(tag: str, own: str, look: _Look) -> Colour | None:
    if not own:
        return look.link if tag == "a" else look.colour
    return look.colour if "inherit" in own else colour_in(own)


def _ground(element: etree._Element, style: dict[str, str], look: _Look) -> Colour | None:
    picture = style.get("background-image", "") + style.get("background", "")
    if element.get("background") or "url(" in picture or "gradient(" in picture:
        return None
    own = style.get("background-color") or style.get("background") or element.get("bgcolor") or ""
    if not own or "none" in own or "inherit" in own:
        return look.ground
    colour = colour_in(own)
    if colour is None:
        return None
    if colour.opacity == 1:
        return colour
    return colour.over(look.ground) if look.ground else None


def _size(written: str, outer: float, tag: str) -> float:
    found = _SIZE.search(written)
    if found is None:
        return outer * _HEADINGS.get(tag, 1.0)
    number, unit = float(found[1]), found[2].lower()
    if unit in _UNITS:
        return number * _UNITS[unit]
    return outer * number / (100 if unit == "%" else 1)
