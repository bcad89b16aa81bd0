"""`ContactPoint`: where a person can be reached."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from notifications import clock


class ContactPoint(models.Model):
    """An address of a person on a channel: an email address, a phone number, a device."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_points", db_index=False)
    channel = models.CharField(max_length=20)
    address = models.TextField(help_text="An email address, an E.164 number, a device token or subscription.")
    label = models.CharField(max_length=100, blank=True, help_text="What its owner calls it, such as “Work phone”.")
    is_primary = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "channel", "address"], name="notify_contact_point_address"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.label or self.address}"
