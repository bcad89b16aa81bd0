"""The values that a text may see: plain data, never an object that could do something."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

SCALARS = frozenset({str, int, float, bool, type(None), Decimal, datetime, date, time, timedelta})
CONTAINERS = frozenset({list, tuple, dict})
PLAIN = SCALARS | CONTAINERS
"""exact types: a class derived from one of them may have any behaviour. An object's own `__class__` is not asked: it
may say anything"""
ITEMS_MAX = 100_000
"""values inside one list or dict"""
NESTING_MAX = 20


class NotPlainError(ValueError):
    """A value is an object of some class, or holds one."""


def plain(value: Any) -> Any:
    """The value as plain data, all through: translated texts and choices as text. Raises `NotPlainError` for objects.

    The same value where all of it is plain.
    """
    return _Reading().plain(value, 0)


class _Reading:
    """One walk through a value."""

    def __init__(self) -> None:
        self.room = ITEMS_MAX

    def plain(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind in CONTAINERS:
            return self._container(value, kind, depth)
        if issubclass(kind, Enum):
            return self.plain(value.value, depth + 1)
        if issubclass(kind, str):
            return str.__str__(value)
        if issubclass(kind, Promise):
            return str.__str__(str(value))
        if issubclass(kind, UUID):
            return UUID.__str__(value)
        if issubclass(kind, int):
            return int.__int__(value)
        relation = "holds an object" if depth else "is"
        raise NotPlainError(
            f"{relation} of the class {kind.__name__}. Texts take plain values: text, numbers, dates, lists and dicts; "
            "context() gives, say, str(doctor) instead of doctor."
        )

    def _container(self, value: Any, kind: type, depth: int) -> Any:
        self.room -= len(value)
        if self.room < 0:
            raise NotPlainError(f"holds more than {ITEMS_MAX:,} values. context() gives those that are shown.")
        if depth >= NESTING_MAX:
            raise NotPlainError(f"has more than {NESTING_MAX} lists or dicts inside each other.")
        if kind is dict:
            pairs = [(self.plain(key, depth + 1), self.plain(each, depth + 1)) for key, each in value.items()]
            alike = all(
                key is old_key and each is old for (key, each), (old_key, old) in zip(pairs, value.items(), strict=True)
            )
            return value if alike else dict(pairs)
        items = [self.plain(each, depth + 1) for each in value]
        alike = all(each is old for each, old in zip(items, value, strict=True))
        return value if alike else kind(items)
