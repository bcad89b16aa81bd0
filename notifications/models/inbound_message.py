"""`InboundMessage`: what people write to us, stored before anything is done about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.notification import Notification


class Meaning(models.TextChoices):
    """How a message was understood."""

    STOP = "stop", "stop: send nothing more"
    START = "start", "start: send again"
    HELP = "help", "help"
    ANSWER = "answer", "an answer to a message"
    TEXT = "text", "free text, for staff"


class InboundMessageQuerySet(models.QuerySet["InboundMessage"]):
    """Queries with a name."""

    def within_the_hour(self, address: str, now: datetime, mark: str) -> int:
        """How many from an address have come with this in their `data` since an hour ago."""
        recent = self.filter(address=address, received_at__gt=now - timedelta(hours=1))
        return recent.filter(data__has_key=mark).count()


class InboundMessage(models.Model):
    """A message from a person, told once however often it is posted. It waits until `due_at` to be dealt with."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alias = models.CharField(max_length=50, help_text="The provider it came by.")
    provider_id = models.CharField(max_length=200, help_text="The provider's own id of the message.")
    channel = models.CharField(max_length=20)
    address = models.TextField(help_text="Whom it is from.")
    sent_to = models.TextField("to", blank=True, help_text="Our number or sender.")
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True, help_text="What else the provider said: opt_out_type, media, …")
    received_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it is to be dealt with, or tried again.")
    applied_at = models.DateTimeField(null=True, blank=True)
    meaning = models.CharField(max_length=10, choices=Meaning.choices, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    notification = models.ForeignKey(
        Notification, models.SET_NULL, null=True, blank=True, related_name="+", help_text="What it answers."
    )

    objects = InboundMessageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alias", "provider_id"], name="notify_inbound_message_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="notify_inbound_message_queue"),
            models.Index(fields=["address", "-received_at"], name="notify_inbound_message_address"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} from {self.address} at {self.received_at:%Y-%m-%d %H:%M:%S}"
