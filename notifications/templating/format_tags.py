"""The tags that write dates, numbers and money as the reader's language does: {% date starts_at "long" %}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from notifications import conf
from notifications.exceptions import TemplateSyntaxError, known
from notifications.templating import formats
from notifications.templating.nodes import Constant, Expression, Place


@dataclass(frozen=True, slots=True)
class FormatTag:
    """One of the tags. `styles`: what its second word may be; none: any value."""

    name: str
    function: Callable[[Any, Any], str]
    example: str
    about: str
    styles: tuple[str, ...] = ()
    default: str | None = None

    @property
    def usage(self) -> str:
        """For whom has written it otherwise."""
        return f"{{% {self.name} %}} is written {self.example}."

    def check(self, argument: Expression | None, place: Place) -> None:
        """Raises `TemplateSyntaxError` for a style that there is not."""
        if not self.styles or argument is None:
            return
        if not (isinstance(argument, Constant) and argument.value in self.styles):
            raise TemplateSyntaxError.at(place, f"{self.usage} Its styles, in quotes. {known(self.styles)}")


def _money(value: Any, currency: Any) -> str:
    return formats.money(value, conf.get().CURRENCY if currency is None else currency)


FORMATS: Mapping[str, FormatTag] = {
    each.name: each
    for each in (
        FormatTag(
            "date",
            formats.date,
            '{% date starts_at "full" %}',
            "A date as the reader's language writes it.",
            formats.DATE_STYLES,
            "long",
        ),
        FormatTag(
            "time",
            formats.time,
            '{% time starts_at "zone" %}',
            "A time of day where the reader lives.",
            formats.TIME_STYLES,
            "short",
        ),
        FormatTag(
            "datetime",
            formats.datetime,
            '{% datetime starts_at "long" %}',
            "A date and a time.",
            formats.DATETIME_STYLES,
            "long",
        ),
        FormatTag("number", formats.number, "{% number total 2 %}", "A number; behind it how many decimals."),
        FormatTag("money", _money, '{% money total "INR" %}', "An amount; behind it the currency, by ISO 4217."),
    )
}
