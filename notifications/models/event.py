"""`Event`: the append-only timeline."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import TextChoices
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.delivery import Delivery
from notifications.models.notification import Notification


class Kind(TextChoices):
    """What happened."""

    CREATED = "created", "created"
    ROUTED = "routed", "routed"
    RESCHEDULED = "rescheduled", "rescheduled"
    DEFERRED = "deferred", "deferred"
    ACCEPTED = "accepted", "accepted by the provider"
    RETRYING = "retrying", "failed for now, to be retried"
    UNKNOWN = "unknown", "outcome unknown"
    RECONCILED = "reconciled", "outcome found"
    DELIVERED = "delivered", "delivered"
    FAILED = "failed", "failed"
    SOFT_BOUNCED = "soft_bounced", "bounced, though its address may be good"
    BOUNCED = "bounced", "bounced"
    OPENED = "opened", "opened"
    CLICKED = "clicked", "link clicked"
    COMPLAINED = "complained", "marked as spam"
    UNSUBSCRIBED = "unsubscribed", "unsubscribed"
    SKIPPED = "skipped", "skipped"
    EXPIRED = "expired", "expired"
    CANCELLED = "cancelled", "cancelled"
    FELL_BACK = "fell_back", "fell back to the next channel"
    ANSWERED = "answered", "answered"
    SEEN = "seen", "seen"
    READ = "read", "read"
    REPLAYED = "replayed", "put back by an operator"


class Event(models.Model):
    """One thing that happened to a notification, or to one of its deliveries.

    Its creation and its routing stand in the rows themselves; `services.timeline` joins all of it into one story.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, models.CASCADE, related_name="events")
    # No index and no constraint: events are read and deleted by notification, and each would cost at every send.
    delivery = models.ForeignKey(
        Delivery,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    at = models.DateTimeField(default=clock.now)
    data = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"
