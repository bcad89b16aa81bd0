"""Phone numbers in E.164."""

import re
from typing import TYPE_CHECKING, Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# The library finds a number in any text and drops the rest, even an extension; here nothing may be dropped.
INTERNATIONAL = re.compile(r"\s*\+[\d\s().-]+")


def to_e164(number: str) -> str:
    """Return an international number as E.164, `+14155552671`. Raises `ValidationError` for anything else."""
    try:
        parsed = phonenumbers.parse(number) if INTERNATIONAL.fullmatch(number) else None
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise ValidationError(
            _("“%(number)s” is not a phone number. Write it with + and the country code: +1 415 555 2671."),
            code="invalid_phone",
            params={"number": number},
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def validate_e164(number: str) -> None:
    """Raise `ValidationError` unless the number is written as E.164."""
    if (written := to_e164(number)) != number:
        raise ValidationError(
            _("“%(number)s” is not in E.164. Write it as %(written)s."),
            code="not_e164",
            params={"number": number, "written": written},
        )


if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class PhoneField(CharField):
    """Holds E.164 or nothing; validation turns other international spellings into it."""

    default_validators = [validate_e164]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 16, **kwargs})

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        # Not in `to_python`: look-ups for a part of a number pass there too.
        return super().clean(to_e164(value) if value else value, model_instance)

    def formfield(self, **kwargs: Any) -> Any:
        # Room for the spaces and brackets that people write.
        return super().formfield(**{"max_length": 40, **kwargs})
