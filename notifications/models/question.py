"""`Question`: a message that may be answered by a word, such as CONFIRM."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.notification import Notification


class Question(models.Model):
    """An answer that is awaited from an address. `code` tells apart those that are open at the same time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, models.CASCADE, related_name="questions")
    channel = models.CharField(_("channel"), max_length=20)
    address = models.TextField(_("address"))
    code = models.CharField(_("code"), max_length=4, help_text=_("Stands in the message; an answer may name it."))
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    answer = models.CharField(max_length=20, blank=True, help_text="One of the type's answers, such as confirm.")
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was answered, or found to have run out: its code is free again."
    )

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        constraints = [
            models.UniqueConstraint(fields=["notification", "address"], name="notify_question_once"),
            models.UniqueConstraint(
                fields=["channel", "address", "code"],
                condition=Q(closed_at__isnull=True),
                name="notify_question_code",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} asks {self.address}"
