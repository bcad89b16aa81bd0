"""Plain values as staff's texts use them: read as a number or as a moment, or named in an error."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Context, Decimal
from typing import Final, TypeAlias

from django.utils import timezone

LARGEST_EXPONENT: Final = 15
"""Numbers have at most so many digits before the decimal mark. Payloads are written by programs, and a number with more
digits than any sum of money or count has is a mistake, or meant to fill the memory."""

Moment: TypeAlias = "dt.datetime | dt.date | dt.time"

# Enough for every number that `decimal_of` lets through, whatever the calling thread's own context is.
_CONTEXT = Context(prec=40)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_ISO = re.compile(rf"(?P<date>{_DATE})|(?P<time>{_TIME})|{_DATE}[T ]{_TIME}(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?")
_SHOWN = 40


class FormatError(ValueError):
    """A value cannot be shown in that way.

    The message is for the editor and may quote the value. `redacted` is the same without it: for logs, alerts and all
    that is stored, since the value may be about a patient.
    """

    def __init__(self, message: str, redacted: str = "") -> None:
        super().__init__(message)
        self.redacted = redacted or message


def refusal(wanted: str, value: object) -> FormatError:
    """The error for a value of a wrong kind: "date needs a date" → "date needs a date, not the text 'soon'."."""
    kind, quoted = named(value)
    return FormatError(f"{wanted}, not {quoted}.", f"{wanted}, not {kind}.")


def named(value: object) -> tuple[str, str]:
    """What a value is in an editor's words, without the value and with it: ("a text", "the text 'soon'")."""
    if value is None:
        return "nothing", "nothing"
    if isinstance(value, bool):
        return "True or False", str(value)
    if isinstance(value, str):
        return "a text", f"the text '{_shortened(value)}'"
    if isinstance(value, int | float | Decimal):
        return "a number", _named_number(value)
    for kind, word in ((dt.datetime, "date and time"), (dt.date, "date"), (dt.time, "time")):
        if isinstance(value, kind):
            return f"a {word}", f"the {word} {value.isoformat(*('minutes',) if kind is dt.time else ())}"
    if isinstance(value, list | tuple):
        return "a list", "a list"
    if isinstance(value, dict):
        return "a group of values", "a group of values"
    kind_name = _shortened(type(value).__name__)
    return f"a value of the kind {kind_name}", f"a value of the kind {kind_name}"


def _named_number(value: int | float | Decimal) -> str:
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:  # Python refuses to write out very long ones
        return "a number with very many digits"
    return f"the number {_shortened(str(value))}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def decimal_of(value: object, asking: str) -> Decimal:
    """A finite number with at most 15 digits before the decimal mark.

    From an int, a float as Python writes it, a Decimal, or a text such as "1250.00", since JSON has no decimals.
    Raises `FormatError`, in the name of the format or filter that asks.
    """
    match value:
        case bool():
            raise refusal(f"{asking} needs a number", value)
        case str() if len(value) < 70 and _DECIMAL.fullmatch(value):
            number = Decimal(value)
        case int() if abs(value) < 10**LARGEST_EXPONENT:
            return Decimal(value)
        case float():
            number = Decimal(repr(value))
        case Decimal():
            number = value
        case int():
            raise _too_large(asking)
        case _:
            raise refusal(f"{asking} needs a number", value)
    if not number.is_finite():
        raise refusal(f"{asking} needs a number that is finite", value)
    if number and number.adjusted() >= LARGEST_EXPONENT:
        raise _too_large(asking)
    return number


def _too_large(asking: str) -> FormatError:
    return FormatError(f"{asking} needs a number with at most {LARGEST_EXPONENT} digits before the decimal mark.")


def rounded(number: Decimal, decimals: int) -> Decimal:
    """To so many decimals, half to even as CLDR does; never a negative zero."""
    result = number.quantize(Decimal((0, (1,), -decimals)), context=_CONTEXT)
    return result or abs(result)


def moment(value: object, asking: str) -> Moment:
    """A datetime in the active time zone, a date or a time of day.

    From one of these, or from a text in ISO 8601, since JSON has no dates: "2024-03-04", "10:30",
    "2024-03-04T10:30:00+05:30". Raises `FormatError`: for a datetime or a time of day that leaves its zone open, too.
    """
    found = _from_iso(value) if isinstance(value, str) else value
    if isinstance(found, dt.datetime):
        if found.utcoffset() is None:
            raise FormatError(f"{asking} needs a date and time with its time zone, which this one does not have.")
        try:
            return found.astimezone(timezone.get_current_timezone())
        except OverflowError:
            raise refusal(f"{asking} needs a date between the years 1 and 9999 in each time zone", value) from None
    if isinstance(found, dt.time) and found.tzinfo is not None:
        raise FormatError(f"{asking} needs a time of day without a time zone, or a whole date and time.")
    if not isinstance(found, dt.date | dt.time):
        raise refusal(f"{asking} needs a {'time' if asking == 'time' else 'date'}", value)
    return found


def _from_iso(text: str) -> Moment | None:
    found = _ISO.fullmatch(text) if len(text) < 40 else None
    if found is None:
        return None
    kind = dt.date if found["date"] else dt.time if found["time"] else dt.datetime
    try:
        return kind.fromisoformat(text)
    except ValueError:  # such as the 30th of February
        return None
