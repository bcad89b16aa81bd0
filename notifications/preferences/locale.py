"""The language and the time zone of a person."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone

from notifications import conf


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
