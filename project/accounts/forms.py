"""What a person fills in about their own addresses."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from notifications.services.contact_points import EMAIL, EMAIL_MAX_LENGTH, LABEL_MAX_LENGTH
from project.accounts.locality import time_zones, validate_time_zone
from project.accounts.phone import to_e164


class LabelForm(forms.Form):
    """What its owner calls it."""

    label = forms.CharField(max_length=LABEL_MAX_LENGTH, required=False, label=_("Name"))


def languages() -> list[tuple[str, str]]:
    """The site's languages, each by the name that it has in itself: who cannot read the page finds it."""
    return [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]


class LanguageForm(forms.Form):
    """The language of a person's messages and pages."""

    language = forms.ChoiceField(label=_("Language"), choices=languages)


class TimeZoneForm(forms.Form):
    """The zone that a person's times are worded in. One that the list does not offer may stand in the account."""

    time_zone = forms.CharField(max_length=64, label=_("Time zone"), validators=[validate_time_zone])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = time_zones()
        current = self.initial.get("time_zone", "")
        if current not in {name for _, group in choices for name, _ in group}:
            choices.insert(0, (current, [(current, current)]))
        self.fields["time_zone"].widget = forms.Select(choices=choices)


class AddForm(LabelForm):
    """Base of the two below."""

    field_order = ("address", "label")


class AddPhoneForm(AddForm):
    """A phone number."""

    address = forms.CharField(
        max_length=40,
        label=_("Mobile number"),
        help_text=_("With + and the country code, such as +1 415 555 2671."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    )

    def clean_address(self) -> str:
        """As E.164."""
        return to_e164(self.cleaned_data["address"])


class AddEmailForm(AddForm):
    """An email address."""

    address = forms.EmailField(
        max_length=EMAIL_MAX_LENGTH,
        label=_("Email address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
    )


def add_form(channel: str, data: Any = None) -> AddForm:
    """The form for an address on a channel; two stand on one page."""
    form = AddEmailForm if channel == EMAIL else AddPhoneForm
    return form(data, auto_id=f"add_{channel}_%s")
