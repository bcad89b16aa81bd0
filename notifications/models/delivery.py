"""`Delivery`: one row for each notification, channel and address. The table is the queue."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.contact_point import ContactPoint
from notifications.models.experiment import Variant
from notifications.models.notification import Notification
from notifications.models.states import FINAL, OPEN, Reason, Status
from notifications.models.template import TemplateVersion
from notifications.types import Priority


class Delivery(models.Model):
    """One message to one address. An open delivery does nothing until `due_at`.

    Scheduling, retrying, leasing and reconciling differ only in what they write there; a closed one has none.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=20)
    step = models.SmallIntegerField(default=0, help_text="0: sent at once. 1, 2, …: fallbacks, in order.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    detail = models.TextField(blank=True, help_text="The evidence: what the provider or the template said.")
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    due_at = models.DateTimeField(null=True, blank=True, help_text="By the database's time. Empty when closed.")
    attempts = models.SmallIntegerField(default=0, help_text="Raised when a worker claims it.")
    crashes = models.SmallIntegerField(default=0, help_text="Claims in a row that no worker settled.")
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="When its request opened; empty: the provider has not heard of it."
    )
    contact_point = models.ForeignKey(ContactPoint, models.SET_NULL, null=True, blank=True, related_name="+")
    address = models.TextField(blank=True)
    provider = models.CharField(max_length=50, blank=True)
    provider_id = models.CharField(max_length=200, blank=True, help_text="The provider's own id of the message.")
    # No constraints, and an index only where it is small: each would cost at every send. Versions are never deleted.
    version = models.ForeignKey(
        TemplateVersion,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Of the template that it was worded by; empty: files.",
    )
    variant = models.ForeignKey(
        Variant,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Of an A/B test.",
    )
    segments = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of an SMS: it is paid by these.")
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it took its present state.")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OPEN, due_at__isnull=False)
                | Q(status=Status.STANDBY)
                | Q(status__in=FINAL, due_at__isnull=True),
                name="notify_delivery_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "due_at"], condition=Q(due_at__isnull=False), name="notify_delivery_queue"
            ),
            models.Index(
                fields=["status", "id"],
                condition=Q(status__in=[Status.FAILED, Status.BOUNCED, Status.UNKNOWN, Status.EXPIRED]),
                name="notify_delivery_trouble",
            ),
            # Of text messages alone: those of which providers are asked. Emails that nobody reports would fill it.
            models.Index(
                fields=["provider", "settled_at", "id"],
                condition=Q(channel="sms", status=Status.SENT),
                name="notify_delivery_sms_sent",
            ),
            models.Index(
                fields=["variant", "status"], condition=Q(variant__isnull=False), name="notify_delivery_variant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.notification_id}: {self.status}"

    @property
    def is_open(self) -> bool:
        """Whether a worker will still act on it."""
        return self.status in OPEN
