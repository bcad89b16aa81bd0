"""The user."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from project.accounts.locality import default_language, default_time_zone, validate_time_zone
from project.accounts.phone import PhoneField


class User(AbstractUser):
    """A person who signs in: patient, doctor or staff, as their groups say."""

    # An index: whose number it is, is asked for each text message that comes in.
    phone = PhoneField(_("phone"), blank=True, db_index=True, help_text=_("International, such as +1 415 555 2671."))
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=default_time_zone,
        validators=[validate_time_zone],
        help_text=_("A name of the IANA database, such as Asia/Kolkata."),
    )
    language = models.CharField(_("language"), max_length=12, choices=settings.LANGUAGES, default=default_language)
