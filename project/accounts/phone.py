"""Phone numbers in E.164 that an SMS reaches."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.exceptions import PhoneNumberError
from notifications.phone_numbers import parse_for_sms

PROBLEMS = {
    "letters": _("“%(number)s” has letters. Write digits: +1 415 555 2671."),
    "extension": _(
        "“%(number)s” has an extension, which no SMS reaches. Write the number without it: +1 415 555 2671."
    ),
    "country_code": _("“%(number)s” does not begin with the code of a country. Write it like +1 415 555 2671."),
    "too_short": _("“%(number)s” has too few digits. Write it with + and the country code: +1 415 555 2671."),
    "too_long": _("“%(number)s” has too many digits. Write it with + and the country code: +1 415 555 2671."),
    "argentina": _("“%(number)s” is a landline, which gets no SMS. Mobiles have a 9: +54 9 11 2345 6789."),
    "landline": _("“%(number)s” is a landline, which gets no SMS. Give a mobile number, such as +1 415 555 2671."),
    "kind": _("“%(number)s” is a number that gets no SMS. Give a mobile number, such as +1 415 555 2671."),
}
"""code of a `PhoneNumberError` → what a person is told, where more can be said than `NO_NUMBER`"""
NO_NUMBER = _("“%(number)s” is not a phone number. Write it with + and the country code: +1 415 555 2671.")


def to_e164(number: str) -> str:
    """Return a number that gets SMS as E.164, `+14155552671`. Raises `ValidationError` for anything else."""
    try:
        return parse_for_sms(number).e164
    except PhoneNumberError as error:
        message = PROBLEMS.get(error.code, NO_NUMBER)
        raise ValidationError(message, code="invalid_phone", params={"number": number}) from error


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
