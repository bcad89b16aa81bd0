"""A person's time zone and language: what is valid and where they start."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Raise `ValidationError` unless the name is one of the IANA time zone database."""
    if name not in _time_zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Use a name of the IANA database, such as Asia/Kolkata."),
            code="invalid_time_zone",
            params={"name": name},
        )


def default_time_zone() -> str:
    """Return the time zone of the deployment."""
    return settings.TIME_ZONE


def default_language() -> str:
    """Return the language of the deployment."""
    return settings.LANGUAGE_CODE
