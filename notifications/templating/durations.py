"""How long something lasted, in the words of the reader's language. They are CLDR's: Django has none in Hindi."""

from __future__ import annotations

from datetime import timedelta

from notifications.templating.formats import active_locale

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2009\u202f"), " ")  # SMS have none of these


def in_words(length: timedelta) -> str:
    """In whole days, hours and minutes, the two largest that follow each other: 1 day and 3 hours; 0 minutes."""
    from babel.lists import format_list  # imported when the first is written, as in `formats`
    from babel.units import format_unit

    locale = active_locale()
    left, parts = max(0, int(length.total_seconds())), []
    for unit, seconds in _UNITS:
        number, left = divmod(left, seconds)
        if number:
            parts.append(format_unit(number, f"duration-{unit}", locale=locale, numbering_system="latn"))
        elif parts:
            break  # 2 days and 5 minutes are 2 days
        if len(parts) == 2:
            break
    words = parts or [format_unit(0, "duration-minute", locale=locale, numbering_system="latn")]
    return format_list(words, style="standard", locale=locale).translate(_SPACES)
