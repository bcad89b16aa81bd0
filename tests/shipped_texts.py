"""The texts that the project ships: which there are, with which values, and what is read off them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from notifications.channels.registry import get_channel
from notifications.templating import files, texts
from notifications.types import NotificationType, all_types
from notifications.variables import COMMON

LANGUAGES = ("en", "hi", "es", "ar")
ZONE = ZoneInfo("Asia/Kolkata")
LATIN = re.compile(r"[A-Za-z]{2,}")
_ISOLATED = re.compile("[\u2066-\u2068][^\u2069]*\u2069")
_LITERAL = re.compile(r'"([^"]*)"')
_TAG = re.compile(r"\{%-?(.*?)%\}|\{\{(.*?)\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
_ELEMENT = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Shipped:
    """A type's text on one channel."""

    type: type[NotificationType]
    channel: str

    def __str__(self) -> str:
        return f"{self.type.key}-{self.channel}"

    @property
    def key(self) -> str:
        """Of the type."""
        return self.type.key

    def rendered(self, language: str, values: Mapping[str, Any]) -> dict[str, str]:
        """Part → text, for who reads a language in Kochi."""
        wording = texts.choose(self.key, self.channel, language, recipient=1).wording
        assert wording.language == language, f"{self} has no text in {language}"
        with translation.override(language), timezone.override(ZONE):
            return wording.render(values)

    def sources(self, language: str) -> dict[str, str]:
        """Part → source, in the folder of a language."""
        names = tuple(each.name for each in get_channel(self.channel).parts)
        return files.parts(self.key, names, "" if language == "en" else language)


def types() -> list[type[NotificationType]]:
    """Those with texts of their own."""
    return [
        each
        for each in all_types()
        if not each.__module__.startswith("tests.") and each.worded_by is NotificationType.worded_by
    ]


def shipped() -> list[Shipped]:
    """All of them."""
    return [Shipped(each, channel) for each in types() for channel in (*each.channels, *each.fallback)]


def values(type_: type[NotificationType], which: str) -> dict[str, Any]:
    """The `example` or the `longest` of each value, or each "empty" where its text may be."""
    declared = {**COMMON, **(type_.declared_variables() or {})}
    given = {name: each.worst if which == "longest" else each.example for name, each in declared.items()}
    if which == "empty":
        may_be = [name for name, each in declared.items() if "empty" in each.about]
        given |= {name: "" if isinstance(given[name], str) else None for name in may_be}
    if not set(type_.channels) - {"sms"} or type_.mandatory:
        given["unsubscribe_url"] = ""
    return given


def words(text: str, given: Mapping[str, Any]) -> str:
    """A text without the values that it was given."""
    for each in sorted(set(_strings(given)), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", " ", text)
    return text


def written_words(source: str) -> str:
    """What a source itself says: its text, and the literals in its tags that readers see, in all branches."""
    source = _COMMENT.sub(" ", source)

    def literals(tag: re.Match[str]) -> str:
        inside = (tag[1] or tag[2]).strip()
        says = inside.startswith(("button", "link")) or "|default:" in inside or "|join:" in inside
        return f" {' '.join(_LITERAL.findall(inside))} " if says else " "

    return _ELEMENT.sub(" ", _TAG.sub(literals, source))


def runs_from_left(line: str) -> bool:
    """Whether a line of plain text is shown from left to right: its first letter decides (UAX 9, P2 and P3)."""
    kinds = (unicodedata.bidirectional(each) for each in _ISOLATED.sub("", line))
    return next((each == "L" for each in kinds if each in ("L", "R", "AL")), True)


def has_arabic(line: str) -> bool:
    """Whether any letter of it is Arabic, outside of what is isolated."""
    return any(unicodedata.bidirectional(each) == "AL" for each in _ISOLATED.sub("", line))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if LATIN.search(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
