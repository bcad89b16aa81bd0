"""Colours as CSS writes them, and how well one can be read on another: WCAG 2.2, success criterion 1.4.3."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})(?![0-9a-z])", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(([^)]*)\)", re.IGNORECASE)
_NUMBER = re.compile(r"(\d*\.?\d+)(%?)")
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_NAMED = {
    "aqua": "#00ffff", "black": "#000000", "blue": "#0000ff", "darkblue": "#00008b", "darkgray": "#a9a9a9",
    "darkgreen": "#006400", "darkred": "#8b0000", "dimgray": "#696969", "fuchsia": "#ff00ff", "gainsboro": "#dcdcdc",
    "gold": "#ffd700", "gray": "#808080", "green": "#008000", "lightblue": "#add8e6", "lightgray": "#d3d3d3",
    "lightgreen": "#90ee90", "lightyellow": "#ffffe0", "lime": "#00ff00", "maroon": "#800000", "navy": "#000080",
    "olive": "#808000", "orange": "#ffa500", "pink": "#ffc0cb", "purple": "#800080", "red": "#ff0000",
    "silver": "#c0c0c0", "slategray": "#708090", "steelblue": "#4682b4", "teal": "#008080", "tomato": "#ff6347",
    "white": "#ffffff", "whitesmoke": "#f5f5f5", "yellow": "#ffff00",
}  # fmt: skip
"""those that people write; others are not judged"""


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue from 0 to 255, and opacity from 0 to 1."""

    red: float
    green: float
    blue: float
    opacity: float = 1.0

    def over(self, ground: Colour) -> Colour:
        """As it looks on an opaque ground."""
        share = self.opacity
        return Colour(
            self.red * share + ground.red * (1 - share),
            self.green * share + ground.green * (1 - share),
            self.blue * share + ground.blue * (1 - share),
        )

    def __str__(self) -> str:
        return "#" + "".join(f"{round(each):02x}" for each in (self.red, self.green, self.blue))


CLEAR = Colour(0, 0, 0, 0)


def colour_in(text: str) -> Colour | None:
    """The first colour in the value of a CSS property, as in "1px solid #ccc"; None where none is known."""
    if found := _HEX.search(text):
        return _from_hex(found[0][1:])
    if found := _RGB.search(text):
        return _from_rgb(found[1])
    for word in _WORD.findall(text.lower()):
        if word == "transparent":
            return CLEAR
        if name := _NAMED.get(word.replace("grey", "gray")):
            return _from_hex(name[1:])
    return None


def _from_hex(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(each * 2 for each in digits)
    red, green, blue, *opacity = (int(digits[place : place + 2], 16) for place in range(0, len(digits), 2))
    return Colour(red, green, blue, opacity[0] / 255 if opacity else 1.0)


def _from_rgb(inside: str) -> Colour | None:
    found = [(float(number), bool(percent)) for number, percent in _NUMBER.findall(inside)]
    if len(found) not in (3, 4):
        return None
    red, green, blue = (number * 255 / 100 if percent else number for number, percent in found[:3])
    opacity = 1.0 if len(found) == 3 else found[3][0] / (100 if found[3][1] else 1)
    return Colour(red, green, blue, opacity)


def contrast_ratio(one: Colour, other: Colour) -> float:
    """From 1, which nobody can read, to 21, black on white. Of opaque colours."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(each / 255) for each in (colour.red, colour.green, colour.blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
