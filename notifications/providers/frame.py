"""The common frame of several people's texts: what all share stands once, and a tag where each has words of their own.

A text is cut after lines, and in HTML also after tags and before what attributes hold. Where all have equally many
pieces, those that differ become tags. Nothing of one person stands in the frame, or in the values of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

_PIECE = re.compile(r'.*?(?:[>\n]|=")|.+', re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The texts that all share, with tags, and for each person the words to put in place of each tag."""

    texts: tuple[str, ...]
    values: tuple[Mapping[str, str], ...]


def pieces(text: str) -> list[str]:
    """The text, cut where people's texts may begin to differ; none of the pieces is empty."""
    return _PIECE.findall(text)


def frame(people: Sequence[Sequence[str]], *, beside: Iterable[str] = ()) -> Frame | None:
    """The frame of what each person is to get, which is one or several texts, as many for each person.

    None if theirs are cut into different numbers of pieces. No tag occurs in any of the texts, nor in those `beside`
    them; nor may one arise where texts meet, so the order in which tags are replaced does not matter.
    """
    word = _unheard_of(chain(*people, beside))
    tags: dict[tuple[str, ...], str] = {}
    """what each person has there → the tag; the same link in two places is one tag"""
    shared = []
    for versions in zip(*people, strict=True):
        cut = [pieces(each) for each in versions]
        if len({len(each) for each in cut}) != 1:
            return None
        columns = zip(*cut, strict=True)
        shared.append(
            "".join(
                each[0] if len(set(each)) == 1 else tags.setdefault(each, f"-{word}{len(tags)}-") for each in columns
            )
        )
    values = tuple({tag: column[index] for column, tag in tags.items()} for index in range(len(people)))
    made = Frame(texts=tuple(shared), values=values)
    is_faithful = all(expand(made, index) == tuple(each) for index, each in enumerate(people))
    return made if is_faithful else None


def expand(framed: Frame, index: int) -> tuple[str, ...]:
    """What that person gets."""
    texts = framed.texts
    for tag, value in framed.values[index].items():
        texts = tuple(each.replace(tag, value) for each in texts)
    return texts


def _unheard_of(texts: Iterable[str]) -> str:
    """A word that occurs in none of them, in capitals or not."""
    heard = "\n".join(texts).lower()
    return next(word for length in count() if (word := "slot" + "x" * length) not in heard)
