"""The shape of NOTIFICATIONS: names, kinds of values, and their ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from notifications import devices, phone_numbers
from notifications.conf import Settings
from notifications.exceptions import DeviceError, known
from notifications.models import Delivery
from notifications.models.topic_subscription import NAME_MAX_LENGTH
from notifications.types import LANES

ENTRIES = {"CHANNELS": {"BACKEND", "OPTIONS", "PROVIDERS"}, "PROVIDERS": {"BACKEND", "OPTIONS"}}
"""dict of dicts → the names in each inner one"""
NAME_LENGTHS = {
    setting: getattr(Delivery._meta.get_field(column), "max_length")  # noqa: B009 - the stubs do not know it
    for setting, column in (("CHANNELS", "channel"), ("PROVIDERS", "provider"))
}
WHOLE: dict[str, tuple[int, int]] = {
    "PAYLOAD_MAX_BYTES": (100, 10_000_000),
    "BATCH_SIZE": (1, 1000),
    "CONCURRENCY": (1, 1000),
    "MAX_ATTEMPTS": (1, 1000),
    "MAX_CRASHES": (1, 1000),
}
SECONDS: dict[str, tuple[float, float]] = {
    "LEASE_SECONDS": (1, 3600),
    "DRAIN_SECONDS": (1, 3600),
    "LINGER_SECONDS": (0, 600),
    "BACKOFF_BASE_SECONDS": (0.01, 86_400),
    "BACKOFF_MAX_SECONDS": (0.01, 7 * 86_400),
    "FALLBACK_WAIT_SECONDS": (1, 365 * 86_400),
    "HEARTBEAT_MAX_AGE_SECONDS": (1, 86_400),
    "POLL_AFTER_SECONDS": (60, 86_400),
}
TEXTS = ("FROM_EMAIL", "INBOX_STAFF", "OPERATORS", "TEXT_LANGUAGE", "USER_LANGUAGE_FIELD", "USER_TIME_ZONE_FIELD")
CURRENCY = re.compile("[A-Z]{3}")
REGIONS = {"PHONE_REGION": "numbers with + only", "FORMAT_REGION": "each language's own way of writing"}
TRIGGER_ERRORS = ("log", "raise")


def check_shape() -> list[CheckMessage]:
    """E001 to E004."""
    given = getattr(settings, "NOTIFICATIONS", {})
    if not isinstance(given, dict):
        return [_error("E001", f"NOTIFICATIONS is a {_kind(given)}.", "It must be a dict.")]
    names = {each.name for each in fields(Settings)}
    unknown = sorted(map(str, set(given) - names))
    return [
        *(_error("E002", f"Unknown name '{each}' in NOTIFICATIONS.", known(names)) for each in unknown),
        *_values(given),
        *(each for name in ENTRIES if name in given for each in _entries(name, given[name])),
    ]


def _values(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name, value in given.items():
        valid = _valid(name, value)
        if valid:
            yield _error("E003", f"NOTIFICATIONS['{name}'] is {value!r:.200}.", f"Valid: {valid}.")


def _valid(name: str, value: Any) -> str:
    """What the value should have been; nothing if it is right."""
    if name in WHOLE:
        low, high = WHOLE[name]
        right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if right else f"a whole number from {low} to {high}"
    if name in SECONDS:
        least, most = SECONDS[name]
        right = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
        return "" if right else f"a number of seconds from {least} to {most}"
    if name in TEXTS:
        return "" if isinstance(value, str) else "a text"
    if name == "BASE_URL":
        return "" if _is_url(value) else "where people reach this site, such as https://notify.example.com"
    if name == "TRIGGER_ERRORS":
        return "" if value in TRIGGER_ERRORS else " or ".join(map(repr, TRIGGER_ERRORS))
    if name == "TEMPLATES_NEED_REVIEW":
        return "" if isinstance(value, bool) else "True or False"
    if name in REGIONS:
        right = value == "" or (isinstance(value, str) and value in phone_numbers.countries())
        return "" if right else f"a code of ISO 3166 in capitals, such as 'US', or '' for {REGIONS[name]}"
    if name == "CURRENCY":
        right = isinstance(value, str) and CURRENCY.fullmatch(value) is not None
        return "" if right else "a currency by its three capital letters of ISO 4217, such as 'USD' or 'INR'"
    if name == "LANES":
        right = isinstance(value, dict) and set(value) == set(LANES)
        right = right and all(isinstance(each, str) and each for each in value.values())
        return "" if right else f"a dict with exactly the keys {', '.join(LANES)} and the name of a cluster each"
    if name == "PUSH_TOPICS":
        right = isinstance(value, dict) and all(isinstance(each, str) and each for each in value)
        right = right and all(_is_topic(each) for each in value.values())
        return "" if right else f"a dict: group → topic, of up to {NAME_MAX_LENGTH} letters, digits and -_.~%"
    return ""


def _is_topic(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(devices.parse(f"{devices.TOPIC}:{value}").id) <= NAME_MAX_LENGTH
    except DeviceError:
        return False


def _is_url(value: Any) -> bool:
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _entries(setting: str, given: Any) -> Iterator[CheckMessage]:
    form = f"{setting} is a dict: name → {{{', '.join(repr(each) for each in sorted(ENTRIES[setting]))}}}."
    if not isinstance(given, dict):
        yield _error("E004", f"NOTIFICATIONS['{setting}'] is a {_kind(given)}.", form)
        return
    for name, entry in given.items():
        where = f"NOTIFICATIONS['{setting}'][{name!r}]"
        longest = NAME_LENGTHS[setting]
        if not isinstance(name, str) or not 1 <= len(name) <= longest:
            yield _error("E004", f"{where}: the name is wrong.", f"A name is a text of 1 to {longest} characters.")
        if not isinstance(entry, dict):
            yield _error("E004", f"{where} is a {_kind(entry)}.", form)
            continue
        for key in sorted(map(str, set(entry) - ENTRIES[setting])):
            yield _error("E004", f"{where} has an unknown key '{key}'.", known(ENTRIES[setting]))
        if not isinstance(entry.get("BACKEND"), str):
            yield _error("E004", f"{where} has no 'BACKEND'.", "It is the dotted path of a class.")
        options = entry.get("OPTIONS", {})
        if not isinstance(options, dict) or not all(isinstance(each, str) for each in options):
            yield _error("E004", f"{where}['OPTIONS'] is a {_kind(options)}.", "It is a dict: option → value.")
        aliases = entry.get("PROVIDERS", [])
        if not isinstance(aliases, list | tuple) or not all(isinstance(each, str) for each in aliases):
            yield _error(
                "E004",
                f"{where}['PROVIDERS'] is {aliases!r:.200}.",
                "It is a list of names of PROVIDERS, in order of preference.",
            )


def _kind(value: Any) -> str:
    return type(value).__name__


def _error(number: str, text: str, hint: str) -> CheckMessage:
    return Error(text, hint=hint, id=f"notify.{number}")
