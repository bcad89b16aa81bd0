"""`InboundMessage`: what people write to us, stored before anything is done about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.notification import Notification


class Meaning(models.TextChoices):
    """How a message was understood."""

    STOP = "stop", _("stop: send nothing more")
    START = "start", _("start: send again")
    HELP = "help", _("help")
    ANSWER = "answer", _("an answer to a message")
    TEXT = "text", _("free text, for staff")


class InboundMessageQuerySet(models.QuerySet["InboundMessage"]):
    """Queries with a name."""

    def within_the_hour(self, address: str, now: datetime, mark: str) -> int:
        """How many from an address have come with this in their `data` since an hour ago."""
        recent = self.filter(address=address, received_at__gt=now - timedelta(hours=1))
        return recent.filter(data__has_key=mark).count()


class InboundMessage(models.Model):
    """A message from a person, told once however often it is posted. It waits until `due_at` to be dealt with."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alias = models.CharField(_("alias"), max_length=50, help_text=_("The provider it came by."))
    provider_id = models.CharField(
        _("provider id"), max_length=200, help_text=_("The provider's own id of the message.")
    )
    channel = models.CharField(max_length=20)
    address = models.TextField(help_text="Whom it is from.")
    sent_to = models.TextField(pgettext_lazy("recipient", "to"), blank=True, help_text=_("Our number or sender."))
    text = models.TextField(_("text"), blank=True)
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
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        constraints = [models.UniqueConstraint(fields=["alias", "provider_id"], name="notify_inbound_message_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="notify_inbound_message_queue"),
            models.Index(fields=["address", "-received_at"], name="notify_inbound_message_address"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} from {self.address} at {self.received_at:%Y-%m-%d %H:%M:%S}"
