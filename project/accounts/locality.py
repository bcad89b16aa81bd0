"""A person's time zone and language: what is valid and where they start."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

AREAS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}
"""of the names that the IANA database has for places, and what a form calls them; its others are old or of no place"""


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """The zones of places as a form offers them, by continent, with UTC first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(_time_zones()):
        area, _slash, place = name.partition("/")
        if place and area in AREAS:
            found.setdefault(str(AREAS[area]), []).append((name, place.replace("_", " ").replace("/", ", ")))
    return [("UTC", [("UTC", "UTC")]), *found.items()]


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
