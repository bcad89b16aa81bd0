"""`Delivery`: one row for each notification, channel and address. The table is the queue."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
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
    channel = models.CharField(_("channel"), max_length=20)
    step = models.SmallIntegerField(_("step"), default=0, help_text=_("0: sent at once. 1, 2, …: fallbacks, in order."))
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    detail = models.TextField(
        _("detail"), blank=True, help_text=_("The evidence: what the provider or the template said.")
    )
    priority = models.SmallIntegerField(
        _("priority"), choices=[(each.value, _(str(each.label))) for each in Priority], default=Priority.NORMAL
    )
    due_at = models.DateTimeField(
        _("due at"), null=True, blank=True, help_text=_("By the database's time. Empty when closed.")
    )
    attempts = models.SmallIntegerField(_("attempts"), default=0, help_text=_("Raised when a worker claims it."))
    crashes = models.SmallIntegerField(_("crashes"), default=0, help_text=_("Claims in a row that no worker settled."))
    started_at = models.DateTimeField(
        _("started at"),
        null=True,
        blank=True,
        help_text=_("When its request opened; empty: the provider has not heard of it."),
    )
    contact_point = models.ForeignKey(
        ContactPoint, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("contact point")
    )
    address = models.TextField(_("address"), blank=True)
    provider = models.CharField(_("provider"), max_length=50, blank=True)
    provider_id = models.CharField(
        _("provider id"), max_length=200, blank=True, help_text=_("The provider's own id of the message.")
    )
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
    segments = models.PositiveSmallIntegerField(
        _("segments"), null=True, blank=True, help_text=_("Of an SMS: it is paid by these.")
    )
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=6, null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    settled_at = models.DateTimeField(
        _("settled at"), null=True, blank=True, help_text=_("When it took its present state.")
    )

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
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
