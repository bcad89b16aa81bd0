"""The values that a text may see: plain data, never an object that could do something."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

PLAIN = frozenset(
    {str, int, float, bool, type(None), Decimal, datetime, date, time, timedelta, list, tuple, dict}
)  # fmt: skip
"""exact types: a class derived from one of them may have any behaviour"""


class NotPlainError(ValueError):
    """A value is an object of some class."""


def plain(value: Any) -> Any:
    """The value as plain data: translated texts and choices as text. Raises `NotPlainError` for any other object."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Promise | UUID):
        return str.__str__(str(value))
    if isinstance(value, int):
        return int.__int__(value)
    raise NotPlainError(
        f"is of the class {type(value).__name__}. Texts take plain values: text, numbers, dates, lists and dicts; "
        "context() gives, say, str(doctor) instead of doctor."
    )
