"""Dates, times, numbers and amounts as the reader's language writes them.

The language and the time zone are Django's active ones; how it is written is CLDR's, by Babel. Babel is imported when
the first value is written: a process that writes none starts sooner.

- Digits are Western in all languages: a time or a phone number is read by everyone who helps the patient.
- Spaces are plain ones. CLDR has no-break spaces before PM, in amounts and between groups of digits; GSM-7 has none of
  them, and one alone makes an SMS hold 70 characters instead of 160.
- Marks of direction (U+200E, U+200F) stay only in amounts and negative numbers of right-to-left languages, where they
  keep the minus before its number, and the amount apart from a Latin word before it. Such an SMS is in UCS-2 anyway.
  In dates they would tear the day off the month behind a Latin name; without them a date is one run.
- No decimal that a value has is dropped unasked: a dose of 0.0625 mg is not 0.063 mg.
"""

from __future__ import annotations

import copy
import datetime as dt
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

from django.utils import translation

from notifications import conf
from notifications.exceptions import known
from notifications.templating.reading import FormatError, Moment, decimal_of, moment, named, refusal, rounded

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

Category = Literal["zero", "one", "two", "few", "many", "other"]

DATE_STYLES = ("short", "medium", "long", "full", "day")
TIME_STYLES = ("short", "zone")
DATETIME_STYLES = ("short", "medium", "long", "full", "day", "zone")
PLURAL_CATEGORIES: tuple[Category, ...] = ("zero", "one", "two", "few", "many", "other")
DECIMALS_MAX = 8
"""What a float has behind them is most often the error of its arithmetic."""

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2009\u202f"), " ")
_PLAIN = {**_SPACES, **dict.fromkeys(map(ord, "\u061c\u200e\u200f"))}
_LEFT_TO_RIGHT_MARK = "\u200e"


def date(value: object, style: str = "long") -> str:
    """A date, or the day of a datetime in the active time zone.

    Styles: CLDR's short, medium, long and full, and "day": weekday, day and short month, such as "Mon, Mar 4".
    Raises `FormatError`.
    """
    locale = active_locale()
    return _date(_with_date(value, "date"), _style("date", style, DATE_STYLES), locale)


def time(value: object, style: str = "short") -> str:
    """A time of day, or that of a datetime in the active time zone; 12 or 24 hours, as the language has it.

    Styles: "short", hours and minutes; "zone", the same and the zone: its abbreviation, such as IST, where it has one
    of letters and the language is written from left to right, and else the distance from GMT. Raises `FormatError`.
    """
    found = moment(value, "time")
    if not isinstance(found, (dt.datetime, dt.time)):
        raise refusal("time needs a time", value)
    return _time(found, _style("time", style, TIME_STYLES), active_locale())


def datetime(value: object, style: str = "long") -> str:
    """Day and time of a datetime in the active time zone, joined as the language does it.

    Styles are those of `date`, and "zone": the long date, and the time with its zone. Raises `FormatError`.
    """
    found = _with_date(value, "datetime")
    if not isinstance(found, dt.datetime):
        raise refusal("datetime needs a date with its time", value)
    _style("datetime", style, DATETIME_STYLES)
    locale = active_locale()
    dated = "long" if style == "zone" else style
    joint = str(locale.datetime_formats["medium" if style == "day" else dated]).replace("'", "").translate(_PLAIN)
    clock = _time(found, "zone" if style == "zone" else "short", locale)
    return joint.replace("{0}", clock).replace("{1}", _date(found, dated, locale))


def number(value: object, decimals: int | None = None) -> str:
    """A number with the groups and the decimal mark of the language.

    With so many decimals (0 to 8), rounded half to even, or with those that it has. Raises `FormatError`.
    """
    if decimals is not None and (type(decimals) is not int or not 0 <= decimals <= DECIMALS_MAX):
        raise refusal(f"number needs as its decimals a whole number from 0 to {DECIMALS_MAX}", decimals)
    amount = rounded(decimal_of(value, "number"), DECIMALS_MAX if decimals is None else decimals)
    language = _language()
    return _written(amount, _number_pattern(language, decimals), _locale(language))


def money(value: object, currency: str) -> str:
    """An amount in a currency of ISO 4217, such as "INR", with the decimals that the currency has.

    Raises `FormatError` for what is no number and for an unknown currency.
    """
    amount = decimal_of(value, "money")
    if type(currency) is not str or len(currency) != 3:
        raise _unknown_currency(currency)
    language = _language()
    pattern = _money_pattern(language, currency)
    return _written(rounded(amount, pattern.frac_prec[1]), pattern, _locale(language))


def plain_text(value: object) -> str:
    """A value that is written without tag or filter: moments in their standard style, numbers with what they have.

    Nothing for None; a text, an int, True and False as they are. Raises `FormatError` for a list or a group of values.
    """
    match value:
        case None:
            return ""
        case str() | bool() | int():
            return str(value)
        case float() | Decimal():
            return number(value)
        case dt.datetime():
            return datetime(value)
        case dt.date():
            return date(value)
        case dt.time():
            return time(value)
    raise refusal("{{ … }} needs a text, a number, a date or a time: use {% for %} or |join for a list", value)


def plural_category(count: object) -> Category:
    """The plural form that the language has for a count, as `number` shows it: 1.0 is 1. Raises `FormatError`."""
    shown = rounded(decimal_of(count, "plural"), DECIMALS_MAX)
    whole = int(shown)
    plain = whole if whole == shown else shown.normalize()
    return cast(Category, active_locale().plural_form(plain))


def plural_categories(language: str) -> tuple[Category, ...]:
    """The plural forms that a language has, "other" last: hi ("one", "other"), ar all six."""
    tags = _locale(language).plural_form.tags | {"other"}
    return tuple(each for each in PLURAL_CATEGORIES if each in tags)


def _language() -> str:
    language = translation.get_language() or "en"
    region = conf.get().FORMAT_REGION
    return f"{language}-{region}" if region and "-" not in language else language


def active_locale() -> Locale:
    """CLDR's locale of the active language: of its own region, or of FORMAT_REGION where it names none."""
    return _locale(_language())


@lru_cache(maxsize=256)
def _locale(language: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    for code in (language, language.partition("-")[0]):
        try:
            return Locale.parse(code.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en")


def _style(asking: str, style: object, styles: tuple[str, ...]) -> str:
    if style not in styles:
        raise FormatError(f"{asking} has no style like {named(style)[1]}. {known(styles)}")
    return str(style)


def _with_date(value: object, asking: str) -> dt.date:
    found: Moment = moment(value, asking)
    if isinstance(found, dt.time):
        raise refusal(f"{asking} needs a date", value)
    return found


def _date(found: dt.date, style: str, locale: Locale) -> str:
    pattern = locale.datetime_skeletons["MMMEd"] if style == "day" else locale.date_formats[style]
    text: str = pattern.apply(found, locale)
    return text.translate(_PLAIN)


def _time(found: dt.datetime | dt.time, style: str, locale: Locale) -> str:
    clock: str = locale.time_formats["short"].apply(found, locale).translate(_PLAIN)
    if style == "short":
        return clock
    if not isinstance(found, dt.datetime):
        raise FormatError("time needs a date with its time to show the zone, which a time of day alone does not have.")
    return f"{clock} {_zone(found, locale)}"


def _zone(found: dt.datetime, locale: Locale) -> str:
    """The IANA abbreviation or the distance from GMT.

    CLDR has few abbreviations, Babel finds none for Asia/Kolkata, and both take Dublin's winter for its summer.
    """
    left_to_right = locale.character_order == "left-to-right"
    name = found.tzname() or ""
    if left_to_right and name.isascii() and name.isalpha() and len(name) <= 5:
        return name
    minutes = round((found.utcoffset() or dt.timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "") if minutes else ""
    text: str = locale.zone_formats["gmt"] % offset
    return text.translate(_PLAIN).strip()


def _written(amount: Decimal, pattern: NumberPattern, locale: Locale) -> str:
    text: str = pattern.apply(amount, locale, numbering_system="latn")
    if locale.character_order == "left-to-right":
        return text.translate(_PLAIN)
    # Babel writes the minus of the pattern as it stands; CLDR's of these languages has the mark before it.
    return (text.replace("-", f"{_LEFT_TO_RIGHT_MARK}-", 1) if amount < 0 else text).translate(_SPACES)


@lru_cache(maxsize=1024)
def _number_pattern(language: str, decimals: int | None) -> NumberPattern:
    pattern: NumberPattern = copy.copy(_locale(language).decimal_formats[None])
    pattern.frac_prec = (0, DECIMALS_MAX) if decimals is None else (decimals, decimals)
    return pattern


@lru_cache(maxsize=1024)
def _money_pattern(language: str, currency: str) -> NumberPattern:
    """The pattern for amounts with the currency's symbol and decimals in it, which Babel looks up for each amount."""
    from babel.numbers import get_currency_precision, get_currency_symbol, is_currency

    if not is_currency(currency):
        raise _unknown_currency(currency)
    locale = _locale(language)
    symbol = get_currency_symbol(currency, locale)
    if not symbol.strip("\u200b"):  # Cape Verde's escudo: its mark stands between the digits, which Babel does not do
        symbol = currency
    # CLDR's currencySpacing: a symbol that ends in a letter stands apart from the digits.
    before, after = (" " if unicodedata.category(each)[0] not in "SZ" else "" for each in (symbol[-1], symbol[0]))
    pattern: NumberPattern = copy.copy(locale.currency_formats["standard"])
    positive, negative = (re.sub("¤$", f"¤{before}", each).replace("¤", symbol) for each in pattern.prefix)
    pattern.prefix = (positive, negative)
    positive, negative = (re.sub("^¤", f"{after}¤", each).replace("¤", symbol) for each in pattern.suffix)
    pattern.suffix = (positive, negative)
    pattern.frac_prec = (get_currency_precision(currency),) * 2
    return pattern


def _unknown_currency(currency: object) -> FormatError:
    from babel.numbers import is_currency

    meant = currency.upper() if isinstance(currency, str) else ""
    hint = f" Did you mean {meant}?" if is_currency(meant) else ""
    return FormatError(
        f"money has no currency like {named(currency)[1]}.{hint} Valid: codes of ISO 4217, such as INR, EUR or USD."
    )
