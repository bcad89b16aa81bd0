"""The filters of staff's texts: {{ doctor|upper }}.

What they give is bounded by construction: texts, lists, formats and other arguments that are too long are refused, and
nothing grows to more than six times its length, which is what the escapes of a text of quotation marks come to.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, wraps
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from django.template import defaultfilters
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from notifications.templating import formats, letters
from notifications.templating.not_offered import NOT_OFFERED
from notifications.templating.reading import FormatError, named, refusal

__all__ = ["FILTERS", "NOT_OFFERED", "Filter", "FilterError"]

TEXT_MAX = 200_000
"""characters of a text, and of what a list is joined to"""
ARGUMENT_MAX = 200
"""characters of an argument: a separator, the words for yes and no"""
CHARACTERS_MAX = 10_000
WORDS_MAX = 2_000
_NEW_LINE = re.compile(r"\r\n|\r|\n")
_YES_NO = "yes,no,maybe"  # a variable, since its translations are in Django's catalogs, not in ours

Argument: TypeAlias = Literal["none", "optional", "required"]


class FilterError(FormatError):
    """A filter was given a value or an argument that it cannot take. `redacted` is the text without the value."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: called with the value, and with the argument where one is written.

    `about` and `example` are for the editor's help.
    """

    name: str
    function: Callable[..., Any]
    argument: Argument
    about: str
    example: str


def _raising_filter_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def filtered(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except FormatError as error:
            raise FilterError(str(error), error.redacted) from None

    return filtered


def _text(value: Any, name: str) -> str:
    """As a plain str: what a filter changes is no longer known to be safe HTML. Nothing for None; a number as it is."""
    if value is None:
        return ""
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            raise FormatError(f"{name} takes a text of at most {TEXT_MAX:,} characters; this one has {len(value):,}.")
        return str.__str__(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if isinstance(value, int) and value.bit_length() > 256:
            raise refusal(f"{name} needs a text", value)
        return _text(str(value), name)
    if isinstance(value, dt.date | dt.time):
        raise refusal(f"{name} needs a text: put |date or |time before it", value)
    raise refusal(f"{name} needs a text", value)


def _whole(argument: Any, name: str, most: int) -> int:
    if type(argument) is not int or not 1 <= argument <= most:
        raise refusal(f"{name} needs a whole number from 1 to {most:,}", argument)
    return argument


def _words(argument: Any, name: str, least: int = 0) -> str:
    if not isinstance(argument, str):
        raise refusal(f"{name} needs a text behind its colon", argument)
    if not least <= len(argument) <= ARGUMENT_MAX:
        raise FormatError(f"{name} needs a text of {least} to {ARGUMENT_MAX} characters behind its colon.")
    return argument


def _date(value: Any, form: Any = "long") -> str:
    if value is None or value == "":
        return ""
    return formats.date(value, form) if form in formats.DATE_STYLES else letters.date(value, form)


def _time(value: Any, form: Any = "short") -> str:
    if value is None or value == "":
        return ""
    return formats.time(value, form) if form in formats.TIME_STYLES else letters.time(value, form)


def _number(value: Any, decimals: Any = None) -> str:
    return "" if value is None or value == "" else formats.number(value, decimals)


def _money(value: Any, currency: Any) -> str:
    return "" if value is None or value == "" else formats.money(value, currency)


def _capfirst(value: Any) -> str:
    text = _text(value, "capfirst")
    return text[:1].upper() + text[1:]


@cache
def _cluster() -> Any:
    import regex  # most texts never need it

    return regex.compile(r"\X")


def _truncatechars(value: Any, length: Any) -> str:
    most, text = _whole(length, "truncatechars", CHARACTERS_MAX), _text(value, "truncatechars")
    if len(text) <= most:
        return text
    end, seen = most - 1, text[:most]
    if not seen.isascii():  # no syllable of Hindi, no emoji and no accented letter is cut in two
        end = max((each.end() for each in _cluster().finditer(seen) if each.end() <= end), default=0)
    return text[:end].rstrip() + "…"


def _truncatewords(value: Any, length: Any) -> str:
    most, text = _whole(length, "truncatewords", WORDS_MAX), _text(value, "truncatewords")
    words = text.split(maxsplit=most)
    return text if len(words) <= most else " ".join(words[:most]) + " …"


def _default(value: Any, instead: Any) -> Any:
    return instead if value is None or value == "" else value


def _join(value: Any, separator: Any = ", ") -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, list | tuple):
        raise refusal("join needs a list", value)
    between = str.__str__(_words(separator, "join"))
    room, parts = TEXT_MAX, []
    for place, item in enumerate(value, 1):
        part = _text(item, f"join, at item {place},")
        room -= len(part) + len(between)
        if room < 0:
            raise FormatError(f"join gives at most {TEXT_MAX:,} characters; this list is longer.")
        parts.append(part)
    return between.join(parts)


def _at(place: int, name: str) -> Callable[[Any], Any]:
    def found(value: Any) -> Any:
        if value is None:
            return ""
        if not isinstance(value, str | list | tuple):
            raise refusal(f"{name} needs a list or a text", value)
        return value[place] if value else ""

    return found


def _length(value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, str | list | tuple | dict):
        raise refusal("length needs a list or a text", value)
    return len(value)


def _linebreaksbr(value: Any) -> SafeString:
    lines = (escape(line) for line in _NEW_LINE.split(_text(value, "linebreaksbr")))
    return mark_safe("<br>".join(lines))  # noqa: S308 - each line is escaped


def _cut(value: Any, part: Any) -> str:
    return _text(value, "cut").replace(_words(part, "cut", 1), "")


def _yesno(value: Any, words: Any = None) -> str:
    chosen = (gettext(_YES_NO) if words is None else str.__str__(_words(words, "yesno"))).split(",")
    if not 2 <= len(chosen) <= 3:
        raise FormatError(f'yesno needs two or three words with commas between, as "yes,no"; not {named(words)[1]}.')
    if value is None:
        return chosen[-1]
    return chosen[0] if value else chosen[1]


def _on_text(name: str, function: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: function(_text(value, name))


def _filters() -> dict[str, Filter]:
    date_styles, time_styles = ", ".join(formats.DATE_STYLES), ", ".join(formats.TIME_STYLES)
    rows: tuple[tuple[str, Callable[..., Any], Argument, str, str], ...] = (
        ("capfirst", _capfirst, "none", "The first letter as a capital.", "{{ treatment|capfirst }}"),
        ("cut", _cut, "required", "Takes each place of a text out.", '{{ site_url|cut:"https://" }}'),
        ("date", _date, "optional", f"A date: {date_styles}, or Django's letters.", '{{ starts_at|date:"l j F Y" }}'),
        ("default", _default, "required", "What to write where there is nothing.", '{{ place|default:"our clinic" }}'),
        ("first", _at(0, "first"), "none", "The first of a list.", "{{ medicines|first }}"),
        ("join", _join, "optional", "A list as one text, with this between.", '{{ medicines|join:", " }}'),
        ("last", _at(-1, "last"), "none", "The last of a list.", "{{ medicines|last }}"),
        ("length", _length, "none", "How many a list has, or how many characters a text.", "{{ medicines|length }}"),
        ("linebreaksbr", _linebreaksbr, "none", "Keeps the lines of a text in HTML.", "{{ note|linebreaksbr }}"),
        ("lower", _on_text("lower", str.lower), "none", "In small letters.", "{{ treatment|lower }}"),
        ("money", _money, "required", "An amount in a currency of ISO 4217.", '{{ total|money:"INR" }}'),
        ("number", _number, "optional", "As the language writes numbers; how many decimals.", "{{ count|number:2 }}"),
        (
            "time",
            _time,
            "optional",
            f"A time of day: {time_styles}, or Django's letters.",
            '{{ starts_at|time:"H:i" }}',
        ),
        ("title", _on_text("title", defaultfilters.title), "none", "Capitalises each word.", "{{ treatment|title }}"),
        ("truncatechars", _truncatechars, "required", "At most so many characters.", "{{ note|truncatechars:60 }}"),
        ("truncatewords", _truncatewords, "required", "At most so many words.", "{{ note|truncatewords:12 }}"),
        ("upper", _on_text("upper", str.upper), "none", "In capitals.", "{{ doctor|upper }}"),
        ("yesno", _yesno, "optional", "Words for true, false and nothing.", '{{ paid|yesno:"paid,open" }}'),
    )
    return {
        name: Filter(name, _raising_filter_errors(function), argument, about, example)
        for name, function, argument, about, example in rows
    }


FILTERS: Mapping[str, Filter] = MappingProxyType(_filters())
