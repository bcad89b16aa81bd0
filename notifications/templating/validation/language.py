"""Whether a text is in its language: plural forms, translation, direction of writing, and nothing left over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from django.utils import translation

from notifications.templating import formats, texts
from notifications.templating.nodes import Body, For, If, Plural, Scope
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.markup import EMAIL
from notifications.templating.validation.source import Spot, masked, prose_of, words

PLURAL_MISSING = Code("notify.T100", "warning", "a plural form of the language is missing")
PLURAL_UNUSED = Code("notify.T101", "note", "a plural form that the language does not have")
NOT_TRANSLATED = Code("notify.T102", "warning", "a part is word for word the one of the default language")
DIRECTION = Code("notify.T103", "warning", "a character turns the direction of writing")
NO_DIRECTION = Code("notify.T104", "warning", "an email of a language that runs from right to left does not say so")
LEFT_OVER = Code("notify.T105", "warning", "a placeholder is left over")

COUNTS = range(1000)
"""Enough to tell which forms everyday counts need: Spanish has one of its own for a million, and does well without."""
_LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|TBD|XXX+)\b|(?i:\blorem ipsum\b|\[(?:your |insert )?(?:name|text|date)\])")
_ISOLATES = "\u2066\u2067\u2068"
_END_OF_ISOLATE = "\u2069"
_TURNING = re.compile(f"[\u202a-\u202e{_ISOLATES}{_END_OF_ISOLATE}]")
_RIGHT_TO_LEFT = re.compile(r"""\bdir\s*=\s*["']?rtl\b""", re.IGNORECASE)


def plural_forms(text: Candidate) -> Iterator[Finding]:
    """Each {% plural %} has the forms that the language needs."""
    needed = _forms(text.spoken)
    for part, compiled in text.compiled.items():
        for node in _plurals(compiled.body):
            written = [name for name, _ in node.cases]
            missing = [each for each in needed if each not in written]
            extra = [each for each in written if each not in formats.plural_categories(text.spoken)]
            if missing:
                yield text.found(
                    PLURAL_MISSING,
                    f"{_language(text)} has {'other forms' if len(missing) > 1 else 'another form'} here: "
                    f"{_tags(missing)}. Add {'them' if len(missing) > 1 else 'it'}; without, {{% other %}} is shown.",
                    part,
                    node.place,
                )
            if extra:
                yield text.found(
                    PLURAL_UNUSED, f"{_language(text)} has no {_tags(extra)}, so nobody sees it.", part, node.place
                )


@lru_cache(maxsize=64)
def _forms(language: str) -> tuple[str, ...]:
    with translation.override(language):
        found = {formats.plural_category(each) for each in COUNTS}
    return tuple(each for each in formats.PLURAL_CATEGORIES if each in found)


def _tags(names: Sequence[str]) -> str:
    return ", ".join(f"{{% {each} %}}" for each in names)


def _language(text: Candidate) -> str:
    try:
        return str(translation.get_language_info(text.spoken)["name"])
    except KeyError:
        return text.spoken


def _plurals(body: Body) -> Iterator[Plural]:
    for node in body:
        if isinstance(node, Plural):
            yield node
            for _, each in node.cases:
                yield from _plurals(each)
        elif isinstance(node, If):
            for _, each in node.branches:
                yield from _plurals(each)
        elif isinstance(node, For):
            yield from _plurals(node.body)
            yield from _plurals(node.empty)
        elif isinstance(node, Scope):
            yield from _plurals(node.body)


def translated(text: Candidate) -> Iterator[Finding]:
    """Parts of several words that say the same, word for word, in another language."""
    if not text.language or _base(text.language) == _base(texts.default_language()):
        return
    default = text.default_parts
    for part in text.readable:
        if part.name not in default:
            continue
        here = list(words(text.prose(part)))
        if len(here) > 1 and here == list(words(prose_of(default[part.name], html=part.is_html))):
            yield NOT_TRANSLATED.found(
                f"It says word for word what the default text does. Write it in {_language(text)}.", part.name
            )


def _base(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()


def direction(text: Candidate) -> Iterator[Finding]:
    """Characters that nobody sees, and after which the text stands in another order; and HTML that does not say dir."""
    for part in text.readable:
        for number, line in enumerate(masked(text.written[part.name]).splitlines(), 1):
            for place in _turned(line):
                yield DIRECTION.found(
                    "Here stands a character that nobody sees and that turns the direction of writing "
                    f"(U+{ord(line[place]):04X}). Delete it, or, around a name in another script, write U+2068 before "
                    "and U+2069 behind it on the same line.",
                    part.name,
                    Spot(number, place + 1),
                )
    rendered = text.rendered(EMAIL)
    if rendered and texts.is_bidi(text.spoken) and not _RIGHT_TO_LEFT.search(rendered):
        yield NO_DIRECTION.found(
            f'{_language(text)} runs from right to left. Extend a layout that says so, or write <html dir="rtl">.',
            EMAIL,
        )


def _turned(line: str) -> list[int]:
    """Where the direction is turned for more than what stands between an isolate and its end: UAX 9, 2.4."""
    found, opened = [], []
    for match in _TURNING.finditer(line):
        if match[0] in _ISOLATES:
            opened.append(match.start())
        elif match[0] == _END_OF_ISOLATE and opened:
            opened.pop()
        else:
            found.append(match.start())
    return sorted([*found, *opened])


def placeholders(text: Candidate) -> Iterator[Finding]:
    """What was to be replaced before anybody reads it."""
    for part in text.readable:
        for prose in text.prose(part):
            for found in _LEFT_OVER.finditer(prose.text):
                yield LEFT_OVER.found(
                    f"'{found[0]}' looks like a placeholder. Write what is meant.", part.name, prose.at(found.start())
                )
