"""How complete the texts are in each language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from notifications.templating.files import language_chain


@dataclass(frozen=True, slots=True)
class Completeness:
    """Of one language ("": the default): how many texts there are to write, and which it lacks: (type, channel)."""

    language: str
    total: int
    missing: tuple[tuple[str, str], ...]

    @property
    def written(self) -> int:
        """How many texts it has."""
        return self.total - len(self.missing)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all of them; 100 where there is nothing to write."""
        return 100 * self.written // self.total if self.total else 100


def completeness(
    written: Iterable[tuple[str, str, str]], texts: Mapping[str, Iterable[str]], languages: Iterable[str]
) -> list[Completeness]:
    """Each of the languages.

    `written`: the texts that there are, as (type, channel, language); `texts`: type → its channels. A regional form of
    a language has what the language itself has, for its readers get that; the default text fills in for none.
    """
    there = frozenset(written)
    wanted = [(type_, channel) for type_ in sorted(texts) for channel in texts[type_]]
    return [_of(each, wanted, there) for each in languages]


def _of(language: str, wanted: list[tuple[str, str]], there: frozenset[tuple[str, str, str]]) -> Completeness:
    codes = [code for code in language_chain(language) if code] or [""]
    missing = tuple(each for each in wanted if not any((*each, code) in there for code in codes))
    return Completeness(language, len(wanted), missing)
