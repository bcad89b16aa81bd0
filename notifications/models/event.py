"""`Event`: the append-only timeline."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.delivery import Delivery
from notifications.models.notification import Notification


class Kind(TextChoices):
    """What happened. Its labels are English: `gettext` them."""

    CREATED = "created", gettext_noop("created")
    ROUTED = "routed", gettext_noop("routed")
    RESCHEDULED = "rescheduled", gettext_noop("rescheduled")
    DEFERRED = "deferred", gettext_noop("deferred")
    ACCEPTED = "accepted", gettext_noop("accepted by the provider")
    RETRYING = "retrying", gettext_noop("failed for now, to be retried")
    UNKNOWN = "unknown", gettext_noop("outcome unknown")
    RECONCILED = "reconciled", gettext_noop("outcome found")
    DELIVERED = "delivered", gettext_noop("delivered")
    FAILED = "failed", gettext_noop("failed")
    SOFT_BOUNCED = "soft_bounced", gettext_noop("bounced, though its address may be good")
    BOUNCED = "bounced", gettext_noop("bounced")
    OPENED = "opened", gettext_noop("opened")
    CLICKED = "clicked", gettext_noop("link clicked")
    COMPLAINED = "complained", gettext_noop("marked as spam")
    UNSUBSCRIBED = "unsubscribed", gettext_noop("unsubscribed")
    SKIPPED = "skipped", gettext_noop("skipped")
    EXPIRED = "expired", gettext_noop("expired")
    CANCELLED = "cancelled", gettext_noop("cancelled")
    FELL_BACK = "fell_back", gettext_noop("fell back to the next channel")
    ANSWERED = "answered", gettext_noop("answered")
    SEEN = "seen", gettext_noop("seen")
    READ = "read", gettext_noop("read")
    REPLAYED = "replayed", gettext_noop("put back by an operator")


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
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"
