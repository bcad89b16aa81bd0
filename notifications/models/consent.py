"""`Consent`: the ledger of who agreed to what, and who took it back. Rows are added, never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications import clock


class Means(models.TextChoices):
    """By which a person said so."""

    KEYWORD = "keyword", _("a keyword, such as STOP")
    PAGE = "page", _("a page of this site")
    API = "api", _("an app")
    STAFF = "staff", _("entered by staff")


class Consent(models.Model):
    """That a person agreed to be sent messages of a category on a channel, or no longer does."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="notification_consents"
    )
    channel = models.CharField(max_length=20)
    address = models.TextField(help_text="The address it was said of, in lower case.")
    category = models.CharField(max_length=50, blank=True, help_text="Empty: all categories.")
    given = models.BooleanField(help_text="No: taken back.")
    means = models.CharField(_("means"), max_length=10, choices=Means.choices)
    wording = models.TextField(
        _("wording"), blank=True, help_text=_("What the person said, or agreed to, word by word.")
    )
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["address", "channel", "-at"], name="notify_consent_latest")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.address}: {'given' if self.given else 'taken back'}"
