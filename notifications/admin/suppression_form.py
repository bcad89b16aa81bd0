"""What staff enter to suppress an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import conf
from notifications.channels.registry import get_channel
from notifications.models import Cause, Suppression
from notifications.models.suppression import normal
from notifications.types import all_types

# Generic for the type checker alone.
if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Suppression]
else:
    ModelForm = forms.ModelForm


class SuppressionForm(ModelForm):
    """Channels and categories are those that exist; an address has the shape that its channel takes."""

    channel = forms.ChoiceField(label=_("Channel"))
    address = forms.CharField(
        label=_("Address"), max_length=500, widget=forms.TextInput(attrs={"class": "vLargeTextField"})
    )
    category = forms.ChoiceField(
        label=_("Category"), required=False, help_text=_("Mandatory messages, such as security codes, still come.")
    )
    detail = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
        help_text=_("Kept with it."),
    )

    class Meta:
        model = Suppression
        fields = ("channel", "address", "category", "detail")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = [name for name in sorted(conf.get().CHANNELS) if get_channel(name).leaves_app]
        categories = sorted({each.category for each in all_types()})
        # A read-only page has no fields.
        for name, choices in {
            "channel": [(each, each) for each in channels],
            "category": [("", gettext("all messages")), *((each, each) for each in categories)],
        }.items():
            field = self.fields.get(name)
            if isinstance(field, forms.ChoiceField):
                field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse what is no address of the channel, and what is suppressed already."""
        values = super().clean() or self.cleaned_data
        channel, address = values.get("channel"), values.get("address")
        if not channel or not address:
            return values
        address = values["address"] = normal(address)
        if problem := _problem(get_channel(channel).user_field, address):
            self.add_error("address", problem)
        elif Suppression.objects.of([address]).get((channel, address, values.get("category", ""))):
            self.add_error("address", gettext("This address is suppressed already."))
        self.instance.cause = Cause.MANUAL
        return values


def _problem(user_field: str, address: str) -> str:
    """What is wrong with an address; the channel's field of the user says of what kind it is."""
    if user_field == "email":
        try:
            validate_email(address)
        except ValidationError:
            return gettext("%(address)s is no email address.") % {"address": address}
    if user_field == "phone":
        import phonenumbers  # large: not at start-up

        try:
            number = phonenumbers.parse(address)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) != address:
            return gettext("%(address)s is no E.164 phone number, such as +447700900123.") % {"address": address}
    return ""
