"""What stands inside {{ … }} and {% … %}: values, filters and conditions, in the syntax of Django's templates."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

from notifications.exceptions import TemplateSyntaxError, known
from notifications.templating.filters import FILTERS, NOT_OFFERED
from notifications.templating.nodes import Condition, Constant, Expression, Filtered, Not, Operation, Path, Place

STRING = r'"(?:[^"\\]|\\.)*"' + "|" + r"'(?:[^'\\]|\\.)*'"
_BIT = re.compile(rf"\s*((?:{STRING}|[^\s\"'])+)")
_ATOM = re.compile(
    rf"(?P<string>{STRING})|(?P<number>-?[0-9]+(?:\.[0-9]+)?)(?![\w.])|(?P<path>[^\s|:,()\"'=<>!%{{}}]+)"
)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED = frozenset({"True", "False", "None", "forloop", "block", "LANGUAGE_CODE", "LANGUAGE_BIDI"})
"""names that a text cannot give to values of its own"""
_INDEX = re.compile(r"[0-9]{1,4}")
_FILTER = re.compile(r"\|\s*(?P<name>[^\s|:(]*)")
_CONSTANTS = {"True": Constant(True), "False": Constant(False), "None": Constant(None)}
_PRECEDENCE = {"or": 1, "and": 2, "in": 4, "not in": 4}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "is", "is not")
_PRECEDENCE |= dict.fromkeys(_COMPARISONS, 5)
NOT_PRECEDENCE = 3
DEPTH_MAX = 20
"""of conditions and of chains of filters"""
OPERANDS_MAX = 50
"""values in one condition"""


def bits(contents: str, place: Place) -> list[str]:
    """The words of a tag; one that holds a text in quotes stays whole. Raises `TemplateSyntaxError`."""
    words, position = [], 0
    while match := _BIT.match(contents, position):
        words.append(match[1])
        position = match.end()
    if rest := contents[position:].strip():
        raise TemplateSyntaxError.at(
            place, f"The quote of {shown(rest)} is not closed. Write {rest[0]} at its end, too."
        )
    return words


def suggestion(word: str, names: Collection[str]) -> str:
    """The end of an error text: what was meant, if it is near, and else all there is."""
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.75)
    return f"Did you mean '{near[0]}'?" if near else known(names)


def parse_expression(text: str, place: Place) -> Expression:
    """A value with its filters. Raises `TemplateSyntaxError`."""
    source = text.strip()
    if not source:
        raise TemplateSyntaxError.at(place, "Nothing stands between the braces. Name a value, such as {{ link }}.")
    match = _ATOM.match(source)
    if match is None:
        raise TemplateSyntaxError.at(place, _not_a_value(source))
    value = _atom(match, place)
    position, chain = match.end(), 0
    while position < len(source):
        rest = source[position:]
        skipped = len(rest) - len(rest.lstrip())
        found = _FILTER.match(rest, skipped)
        if found is None:
            raise TemplateSyntaxError.at(place, _not_a_value(source))
        position += found.end()
        value, read = _filtered(value, found["name"], source[position:], place)
        position += read
        chain += 1
        if chain > DEPTH_MAX:
            raise TemplateSyntaxError.at(place, f"More than {DEPTH_MAX} filters follow each other. Use fewer.")
    return value


def _not_a_value(source: str) -> str:
    if source[0] in "\"'" and source.find(source[0], 1) < 0:
        return f"The quote of {shown(source)} is not closed. Write {source[0]} at its end, too."
    if re.search(r"[=<>!]", source):
        return f"'{shown(source)}' is not understood. Comparisons stand in {{% if %}}, with a space on each side."
    return (
        f"'{shown(source)}' is not understood. Write the name of a value, or a text in quotes, and filters behind it: "
        '{{ doctor }}, {{ doctor|default:"us" }}. Calls and arithmetic are not possible.'
    )


def shown(text: str) -> str:
    """As errors quote it: not at length, and with nothing in it that cannot be seen."""
    text = text if len(text) <= 60 else text[:59] + "…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _filtered(value: Expression, name: str, rest: str, place: Place) -> tuple[Expression, int]:
    """The value through a filter, and how much of the rest was its argument."""
    offered = FILTERS.get(name)
    if not name:
        raise TemplateSyntaxError.at(
            place, "A filter is missing behind |. Name one, as {{ doctor|upper }}, or delete it."
        )
    if offered is None:
        hint = NOT_OFFERED.get(name) or suggestion(name, FILTERS)
        raise TemplateSyntaxError.at(place, f"Unknown filter '{shown(name)}'. {hint}")
    argument, read = None, 0
    if rest.startswith(":"):
        match = _ATOM.match(rest, 1)
        if match is None:
            raise TemplateSyntaxError.at(
                place, f"The argument of '{name}' is missing: write it at once behind the colon, as {offered.example}."
            )
        argument, read = _atom(match, place), match.end()
    if argument is None and offered.argument == "required":
        raise TemplateSyntaxError.at(place, f"The filter '{name}' needs an argument, as {offered.example}.")
    if argument is not None and offered.argument == "none":
        raise TemplateSyntaxError.at(place, f"The filter '{name}' takes no argument: {offered.example}.")
    return Filtered(value, name, argument, place), read


def _atom(match: re.Match[str], place: Place) -> Expression:
    if (string := match["string"]) is not None:
        return Constant(re.sub(r"\\(.)", r"\1", string[1:-1], flags=re.DOTALL))
    if (number := match["number"]) is not None:
        if len(number) > 18:
            raise TemplateSyntaxError.at(place, f"The number {number[:20]}… is too long. Write at most 18 digits.")
        return Constant(float(number) if "." in number else int(number))
    return _path(match["path"], place)


def _path(text: str, place: Place) -> Expression:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    names = tuple(text.split("."))
    first, *others = names
    for each in names:
        if each.startswith("_"):
            raise TemplateSyntaxError.at(
                place, f"'{shown(text)}': a name never begins with an underscore. {_VALUES_ONLY}"
            )
    well_formed = NAME.fullmatch(first) and all(NAME.fullmatch(each) or _INDEX.fullmatch(each) for each in others)
    if not well_formed:
        odd = next((each for each in text if not (each.isascii() and (each.isalnum() or each in "._"))), "")
        which = f" It holds {_named(odd)}." if odd else ""
        which += " A name begins with a letter." if first[:1].isdigit() else ""
        which += " To take one of a list, write items.0." if odd == "[" else ""
        raise TemplateSyntaxError.at(
            place, f"'{shown(text)}' is no name of a value.{which} Names are of plain letters, digits and underscores."
        )
    if first == "block":
        raise TemplateSyntaxError.at(
            place, "Of blocks there is {{ block.super }} only. It stands alone: without filters, and in no other tag."
        )
    if len(names) > 5:
        raise TemplateSyntaxError.at(place, f"'{shown(text)}' has more than 4 dots. {_VALUES_ONLY}")
    return Path(names, place)


_VALUES_ONLY = "Only the values that the type gives can be used; they are listed beside the editor."


def _named(character: str) -> str:
    import unicodedata

    name = unicodedata.name(character, "an unknown character")
    return f"{character!r}, {name} (U+{ord(character):04X})" if character.isprintable() else f"U+{ord(character):04X}"


def parse_condition(text: str, place: Place) -> Condition:
    """What stands behind {% if %}. Raises `TemplateSyntaxError`."""
    tokens = _operators_joined(bits(text, place))
    if not tokens:
        raise TemplateSyntaxError.at(place, "{% if %} needs a condition, such as {% if place %}.")
    return _Conditions(tokens, place).parse()


def _operators_joined(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for word in words:
        if joined and (joined[-1], word) in (("is", "not"), ("not", "in")):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined


class _Conditions:
    """A climb over the precedences: or, and, not, in, comparisons, from the loosest to the tightest."""

    def __init__(self, tokens: Sequence[str], place: Place) -> None:
        self.tokens = tokens
        self.place = place
        self.position = self.operands = 0

    def parse(self) -> Condition:
        condition = self._operation(0, 0)
        if self.position < len(self.tokens):
            self._refuse(self.tokens[self.position])
        return condition

    def _operation(self, least: int, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            raise TemplateSyntaxError.at(
                self.place, f"The condition has more than {DEPTH_MAX} parts inside each other. Use fewer."
            )
        left = self._operand(depth)
        while (operator := self._peek()) in _PRECEDENCE and _PRECEDENCE[operator] > least:
            self.position += 1
            left = Operation(operator, left, self._operation(_PRECEDENCE[operator], depth + 1))
        return left

    def _operand(self, depth: int) -> Condition:
        token = self._peek()
        if not token:
            raise TemplateSyntaxError.at(self.place, "The condition ends too early: a value is missing at its end.")
        self.position += 1
        if token == "not":  # noqa: S105 - a word of the language
            return Not(self._operation(NOT_PRECEDENCE, depth + 1))
        if token in _PRECEDENCE or token[0] in "()!&":
            self._refuse(token)
        self.operands += 1
        if self.operands > OPERANDS_MAX:
            raise TemplateSyntaxError.at(
                self.place, f"The condition has more than {OPERANDS_MAX} values. Put one {{% if %}} into another."
            )
        return parse_expression(token, self.place)

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _refuse(self, token: str) -> None:
        hint = "Two values need 'and', 'or' or a comparison between them."
        if "(" in token or ")" in token:
            hint = "Parentheses are not possible: put one {% if %} into another."
        elif token in ("=", "||", "<>") or token[0] in "!&":
            hint = "Write == for equal, != for different, and, or, not."
        raise TemplateSyntaxError.at(self.place, f"'{shown(token)}' is not expected in the condition. {hint}")
