"""The language and the time zone of a person."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone

from notifications import conf, phone_numbers


def language_of(user: Any) -> str:
    """The language the person reads, such as "pt-br"; the site's when the user has none."""
    return str(getattr(user, conf.get().USER_LANGUAGE_FIELD, "") or settings.LANGUAGE_CODE)


def zone_of(user: Any) -> ZoneInfo:
    """The person's time zone; the site's when the user has none, or one that does not exist."""
    name = getattr(user, conf.get().USER_TIME_ZONE_FIELD, "") or ""
    try:
        return ZoneInfo(str(name)) if name else ZoneInfo(timezone.get_default_timezone_name())
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(timezone.get_default_timezone_name())


def zone_hint(user: Any, e164: str) -> str | None:
    """The time zone that a person's phone number is from, such as "Asia/Kolkata", to be offered; None: nothing to say.

    For who has named no zone, or has the site's, which a field may give to everybody, and only where it is another.
    It is never applied by itself: people keep their numbers when they move.
    """
    site = timezone.get_default_timezone_name()
    if getattr(user, conf.get().USER_TIME_ZONE_FIELD, "") not in ("", None, site):
        return None
    hint = phone_numbers.time_zone_of(e164)
    return None if hint == phone_numbers.RENAMED_ZONES.get(site, site) else hint
