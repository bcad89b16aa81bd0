"""`OneTimeCode`: shows that a person holds an address."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications import clock
from notifications.models.contact_point import ContactPoint


def _nonce() -> str:
    return secrets.token_hex(16)


class OneTimeCodeQuerySet(models.QuerySet["OneTimeCode"]):
    """Queries with a name."""

    def open(self, now: datetime) -> OneTimeCodeQuerySet:
        """Those that would still count if they were entered."""
        return self.filter(used_at__isnull=True, expires_at__gt=now)


class OneTimeCode(models.Model):
    """A code that was sent to an address. It counts once, and for a short time.

    The code itself is stored nowhere, nor is a hash of it, which a million guesses would undo: it follows from `nonce`
    and the site's SECRET_KEY; see `notifications.services.verification`. The rows count how many were asked for, so
    they outlive their contact point.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    contact_point = models.ForeignKey(ContactPoint, models.SET_NULL, null=True, related_name="codes")
    address = models.TextField()
    nonce = models.CharField(max_length=32, default=_nonce, editable=False)
    withheld = models.BooleanField(default=False, help_text="Too many asked for one to this address: it is not sent.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often one was entered.")
    used_at = models.DateTimeField(null=True, blank=True)

    objects = OneTimeCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("one time code")
        verbose_name_plural = _("one time codes")
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notify_one_time_code_person"),
            models.Index(fields=["address", "-created_at"], name="notify_one_time_code_address"),
        ]

    def __str__(self) -> str:
        return f"code for contact point {self.contact_point_id}"
