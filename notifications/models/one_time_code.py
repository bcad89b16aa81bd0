"""`OneTimeCode`: shows that a person holds an address."""

from __future__ import annotations

from django.db import models

from notifications import clock
from notifications.models.contact_point import ContactPoint


class OneTimeCode(models.Model):
    """A code that was sent to an address, of which only a hash is kept. It counts once, and for a short time."""

    contact_point = models.ForeignKey(ContactPoint, models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a wrong one was entered.")
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["contact_point", "-created_at"], name="notify_one_time_code_latest")]

    def __str__(self) -> str:
        return f"code for contact point {self.contact_point_id}"
