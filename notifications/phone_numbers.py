"""Phone numbers: read as a person writes them, kept as E.164, and whether an SMS gets there.

Validity and kinds are those of Google's libphonenumber, which follows the countries' numbering plans. It is imported
when the first number is read: a process that reads none starts sooner.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from notifications import conf
from notifications.exceptions import PhoneNumberError

CODES = {
    "empty": "It is empty. Write it with + and the country code, such as +14155552671.",
    "letters": "It has letters. Write the digits that they stand for, such as +14155552671.",
    "extension": "It has an extension, which no SMS reaches. Write the number without it.",
    "characters": "It has characters that are no part of a number. Valid: digits, spaces, ( ) . - / and + in front.",
    "national": "It has no country code, and NOTIFICATIONS['PHONE_REGION'] names no country. Write it with +, "
    "such as +14155552671.",
    "country_code": "It starts with no country code that exists. Write + and the country code, such as +1 or +91.",
    "too_short": "It has too few digits for its country.",
    "too_long": "It has too many digits for its country.",
    "invalid": "Its country assigns no such number. Look for a mistyped digit.",
    "argentina": "It is an Argentine landline, or a mobile without its 9. Write +54 9, the area code and the number, "
    "such as +5491123456789.",
    "landline": "It is a landline, which gets no SMS. Valid: a mobile number.",
    "kind": "It is {kind}, which gets no SMS. Valid: a mobile number.",
    "denied": "No SMS is sent to its country, {country}. {valid}.",
}
"""code of a `PhoneNumberError` → what is wrong, and what is valid"""

NO_SMS = frozenset({"fixed_line", "premium_rate", "shared_cost", "toll_free", "pager", "uan", "voicemail", "voip"})
"""Kinds that are refused. The others pass: "mobile", "fixed_line_or_mobile" (all of the USA and Mexico), "unknown", and
"personal_number", which follows a person to a mobile; the test numbers of Twilio, +1 500 555 …, are of that kind."""

FICTION = re.compile(r"\+447700900\d{3}")
"""the mobile numbers that Ofcom keeps for fiction, which libphonenumber calls invalid: they reach nobody, so examples,
demonstrations and the sandbox use them"""

RENAMED_ZONES = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}
"""a name that libphonenumber still says → the one that the IANA database has for that place today"""

_EXTENSION = re.compile(r"(?:;?ext(?:ension)?\.?|x|#|,|;)[\s:.=]*\d+\s*$", re.IGNORECASE)
_WRITTEN = re.compile(r"[+＋]?[\d\s().\-/‐-―−]*")
_INVISIBLE = dict.fromkeys(
    map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff")
)
"""what address books put around a number that is copied from them"""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A valid number."""

    e164: str
    country: str
    """ISO 3166 code, such as "IN"; "001" for a number of no country"""
    kind: str
    """of libphonenumber, in lower case: "mobile", "fixed_line", "fixed_line_or_mobile", "premium_rate", …"""


def parse(text: str, region: str | None = None) -> PhoneNumber:
    """Read a number of any kind, with + and its country code, or as it is dialled within `region`.

    The region is an ISO 3166 code, "" for none; by default PHONE_REGION. A number with + may be of any country.
    Raises `PhoneNumberError` for what is no valid number.
    """
    region = conf.get().PHONE_REGION if region is None else region
    if region and region not in countries():
        raise ValueError(f"Unknown region '{region}'. A region is a code of ISO 3166 in capitals, such as US.")
    written = text.translate(_INVISIBLE).strip()
    _check_writing(written)
    if not region and not written.startswith(("+", "＋")):
        _refuse("national")
    return _read(written, region)


def parse_for_sms(text: str, region: str | None = None) -> PhoneNumber:
    """As `parse`, and raises `PhoneNumberError` too for a number that gets no SMS."""
    number = parse(text, region)
    check_kind(number)
    return number


def check_kind(number: PhoneNumber) -> None:
    """Raise `PhoneNumberError` for a number that gets no SMS: a landline, a toll-free number, …"""
    if number.kind not in NO_SMS:
        return
    if number.country == "AR" and number.kind == "fixed_line":
        # Not added by us: the landline with that number has an owner too.
        _refuse("argentina")
    if number.kind == "fixed_line":
        _refuse("landline")
    _refuse("kind", kind=number.kind)


def check_country(number: PhoneNumber, allowed: Collection[str], denied: Collection[str]) -> None:
    """Raise `PhoneNumberError` for a country that is denied, or not among those allowed (none named: all are)."""
    if number.country in denied or (allowed and number.country not in allowed):
        valid = f"Allowed: {', '.join(sorted(allowed)) or 'all'}"
        without = f", without {', '.join(sorted(denied))}" if denied else ""
        _refuse("denied", country=number.country, valid=valid + without)


def countries() -> Collection[str]:
    """The ISO 3166 codes of all countries and territories that have phone numbers."""
    import phonenumbers

    return phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=10_000)
def time_zone_of(e164: str) -> str | None:
    """The time zone of the place that a number was assigned to, such as "Asia/Kolkata"; None if several or unknown.

    A hint: people keep their numbers when they move. The first call in a process takes about 0.3 s, to read a table.
    """
    import phonenumbers
    from phonenumbers import timezone

    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return None
    if len(zones) != 1 or zones[0] == timezone.UNKNOWN_TIMEZONE:
        return None
    return RENAMED_ZONES.get(zones[0], zones[0])


def _check_writing(written: str) -> None:
    """The library finds a number in any text and drops the rest, even an extension; here nothing may be dropped."""
    if not written:
        _refuse("empty")
    if _EXTENSION.search(written):
        _refuse("extension")
    if any(each.isalpha() for each in written):
        _refuse("letters")
    if not _WRITTEN.fullmatch(written):
        _refuse("characters")


def _read(written: str, region: str) -> PhoneNumber:
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

    try:
        parsed = phonenumbers.parse(written, region or None)
    except NumberParseException as error:
        codes = {NumberParseException.INVALID_COUNTRY_CODE: "country_code", NumberParseException.TOO_LONG: "too_long"}
        _refuse(codes.get(error.error_type, "too_short"))
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if FICTION.fullmatch(e164):
        return PhoneNumber(e164=e164, country="GB", kind="mobile")
    if not phonenumbers.is_valid_number(parsed):
        lengths = {
            ValidationResult.TOO_SHORT: "too_short",
            ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
            ValidationResult.TOO_LONG: "too_long",
        }
        _refuse(lengths.get(phonenumbers.is_possible_number_with_reason(parsed), "invalid"))
    return PhoneNumber(
        e164=e164,
        country=phonenumbers.region_code_for_number(parsed) or "001",
        kind=PhoneNumberType.to_string(phonenumbers.number_type(parsed)).lower(),
    )


def _refuse(code: str, **values: str) -> NoReturn:
    raise PhoneNumberError(f"The phone number cannot be used. {CODES[code].format(**values)}", code=code)
