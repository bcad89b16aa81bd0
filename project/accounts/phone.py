"""Phone numbers in E.164."""

from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def to_e164(number: str) -> str:
    """Return an international number as E.164, `+14155552671`. Raises `ValidationError` for anything else."""
    try:
        parsed = phonenumbers.parse(number)
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


class PhoneField(models.CharField):
    """Holds E.164 or nothing; validation turns other international spellings into it."""

    default_validators = [validate_e164]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 16, **kwargs})

    def to_python(self, value: Any) -> Any:
        return to_e164(value) if value and isinstance(value, str) else value

    def formfield(self, **kwargs: Any) -> Any:
        # Room for the spaces and brackets that people write.
        return super().formfield(**{"max_length": 40, **kwargs})
