"""What the sandbox provider captured, and the faults it is told to show."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from uuid_utils.compat import uuid7

from notifications import clock


class SandboxMessage(models.Model):
    """A message that a real provider would have sent on."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    delivery_id = models.UUIDField(db_index=True)
    provider = models.CharField(_("provider"), max_length=50)
    channel = models.CharField(_("channel"), max_length=20)
    to = models.TextField(pgettext_lazy("recipient", "to"))
    content = models.JSONField(help_text="The message's fields: subject, text, html, title, link, …")
    captured_at = models.DateTimeField(_("captured at"), default=clock.now)
    reported_at = models.DateTimeField(
        _("reported at"), null=True, blank=True, help_text=_("When its delivery receipt was given.")
    )

    class Meta:
        verbose_name = _("sandbox message")
        verbose_name_plural = _("sandbox messages")
        indexes = [
            # Idle workers ask for unreported messages five times a second.
            models.Index(
                fields=["provider", "captured_at"],
                condition=models.Q(reported_at__isnull=True),
                name="notify_sandbox_unreported",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.to}"


class SandboxFault(models.Model):
    """The next `times` messages on `provider` meet this fault."""

    class Fault(models.TextChoices):
        DELAY = "delay", _("answers late")
        ERROR = "error", _("temporary error, such as a 500")
        RATE_LIMIT = "rate_limit", _("429 with Retry-After")
        REFUSE = "refuse", _("permanent error")
        BAD_ADDRESS = "bad_address", _("the address is bad")
        TIMEOUT = "timeout", _("time-out; the message was not taken")
        TIMEOUT_AFTER_ACCEPT = "timeout_after_accept", _("time-out; the message was taken")
        MALFORMED = "malformed", _("taken, with an answer that makes no sense")

    provider = models.CharField(_("provider"), max_length=50, default="sandbox")
    channel = models.CharField(_("channel"), max_length=20, blank=True, help_text=_("Empty: any channel."))
    fault = models.CharField(_("fault"), max_length=30, choices=Fault.choices)
    seconds = models.FloatField(
        _("seconds"), default=1, help_text=_("How long the delay is, or what Retry-After says.")
    )
    times = models.PositiveIntegerField(_("times"), default=1, help_text=_("How many messages it still meets."))
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("sandbox fault")
        verbose_name_plural = _("sandbox faults")

    def __str__(self) -> str:
        return f"{self.fault} × {self.times} on {self.provider}"
