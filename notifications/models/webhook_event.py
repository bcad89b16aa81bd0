"""`WebhookEvent`: what providers post to us, stored before anything is done about it."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from uuid_utils.compat import uuid7

from notifications import clock


class WebhookEvent(models.Model):
    """One event of a message, told once however often it is posted. It waits until `due_at` to be applied.

    One that was applied has no `due_at`; one that was given up, or names no delivery, has neither of the two times.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alias = models.CharField(_("alias"), max_length=50, help_text=_("The provider."))
    event_id = models.CharField(_("event id"), max_length=200, help_text=_("The provider's own id of the event."))
    # No foreign key: the event may be here before the delivery's transaction is committed, or be of another system.
    delivery_id = models.UUIDField(null=True, blank=True)
    provider_id = models.CharField(
        _("provider id"), max_length=200, blank=True, help_text=_("The provider's own id of the message.")
    )
    kind = models.CharField(max_length=20, help_text="As in `Event`.")
    at = models.DateTimeField(pgettext_lazy("moment", "at"), help_text=_("When it happened, by the provider's word."))
    data = models.JSONField(
        default=dict,
        blank=True,
        encoder=DjangoJSONEncoder,
        help_text="code, detail, suppress, category_only, … without personal data.",
    )
    received_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it is to be applied, or tried again.")
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints = [models.UniqueConstraint(fields=["alias", "event_id"], name="notify_webhook_event_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="notify_webhook_event_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.alias} at {self.at:%Y-%m-%d %H:%M:%S}"
