"""Dates and times by Django's format letters, such as "l j F Y": for editors who know them."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django.utils import translation
from django.utils.dateformat import DateFormat, TimeFormat

from notifications.templating.reading import FormatError, moment, refusal

FORMAT_MAX = 200
"""characters; each letter stands for at most 31"""
_TIME_LETTERS = "a, A, e, f, g, G, h, H, i, O, P, s, T, u, Z"


class _Zoned:
    """Django leaves the zone out in the hour that a clock shows twice, which is when it is needed most."""

    def __init__(self, value: Any) -> None:
        self.data = value
        self.timezone = value.tzinfo if isinstance(value, dt.datetime) else None


class _DateFormat(_Zoned, DateFormat):
    pass


class _TimeFormat(_Zoned, TimeFormat):
    pass


def date(value: object, letters: object) -> str:
    """A date, or a datetime in the active time zone. Raises `FormatError`."""
    found, form = moment(value, "date"), _form(letters, "date")
    if isinstance(found, dt.time):
        raise refusal("date needs a date", value)
    # Zone and fold apart: moments that are equal look different.
    at = (found.replace(tzinfo=None), found.tzinfo, found.fold) if isinstance(found, dt.datetime) else (found, None, 0)
    try:
        return _dated(*at, form, translation.get_language())
    except TypeError:  # Django's, for a letter of times
        wanted = "date shows hours only of a date with its time: leave them out of the format, as 'l j F Y'"
    except (ValueError, OverflowError):  # seconds since 1970, of a day that the platform cannot count from
        wanted = "date needs a date that its format can show"
    raise refusal(wanted, value)


@lru_cache(maxsize=2048)
def _dated(found: Any, zone: dt.tzinfo | None, fold: int, form: str, language: str | None) -> str:
    """A message tells the same date several times. `language` is the active one, in which Django writes it."""
    return _DateFormat(found.replace(tzinfo=zone, fold=fold) if zone else found).format(form)


def time(value: object, letters: object) -> str:
    """A time of day, or that of a datetime in the active time zone. Raises `FormatError`."""
    found, form = moment(value, "time"), _form(letters, "time")
    if not isinstance(found, dt.datetime | dt.time):
        raise refusal("time needs a time", value)
    try:
        return _TimeFormat(found).format(form)
    except AttributeError:  # Django's, for a letter of dates
        raise FormatError(
            f"time shows {_TIME_LETTERS} only, as 'H:i'. Use |date for days; put \\ before other letters."
        ) from None


def _form(letters: object, asking: str) -> str:
    if not isinstance(letters, str):
        raise refusal(f"{asking} needs a format in quotes, as 'j F Y' or 'H:i'", letters)
    if not 1 <= len(letters) <= FORMAT_MAX:
        raise FormatError(f"{asking} needs a format of 1 to {FORMAT_MAX} characters; this one has {len(letters):,}.")
    return letters
