"""`Notification`: one row for each recipient, and the inbox."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models.inbox_state import InboxState
from notifications.types import KEY_MAX_LENGTH, NotificationType, Priority, get_type

IDEMPOTENCY_KEY_MAX_LENGTH = 200
COUNT_CAP = 100


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Queries with a name."""

    def inbox(self, user: Any) -> NotificationQuerySet:
        """What stands in a person's inbox, newest first."""
        return self.filter(recipient=user, position__isnull=False, archived_at__isnull=True).order_by("-position")

    def unread(self, user: Any) -> NotificationQuerySet:
        """What of it the person has not read."""
        unread = self.inbox(user).filter(read_at__isnull=True)
        mark = InboxState.objects.filter(user=user).values_list("read_through", flat=True).first()
        return unread.filter(position__gt=mark) if mark else unread

    def unseen(self, user: Any) -> NotificationQuerySet:
        """What of it has never been shown to the person."""
        unseen = self.inbox(user).filter(seen_at__isnull=True, read_at__isnull=True)
        mark = InboxState.objects.filter(user=user).values_list("seen_through", flat=True).first()
        return unseen.filter(position__gt=mark) if mark else unseen

    def counts(self, user: Any) -> dict[str, int]:
        """{"unread": n, "unseen": n}, each at most COUNT_CAP: shown as "99+", a count beyond is not worth its cost."""
        return {
            "unread": self.unread(user)[:COUNT_CAP].count(),
            "unseen": self.unseen(user)[:COUNT_CAP].count(),
        }


class Notification(models.Model):
    """One notification to one person. Its deliveries say where it went."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notifications",
        db_index=False,
        verbose_name=_("recipient"),
    )
    type = models.CharField(_("type"), max_length=KEY_MAX_LENGTH)
    category = models.CharField(_("category"), max_length=50)
    priority = models.SmallIntegerField(
        _("priority"), choices=[(each.value, _(str(each.label))) for each in Priority], default=Priority.NORMAL
    )
    payload = models.JSONField(default=dict, blank=True)
    key = models.CharField(_("idempotency key"), max_length=IDEMPOTENCY_KEY_MAX_LENGTH, null=True, blank=True)  # noqa: DJ001 - NULL is "no key", and never equal to another
    subject_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    subject_id = models.CharField(max_length=64, blank=True)
    subject = GenericForeignKey("subject_type", "subject_id")

    title = models.CharField(
        pgettext_lazy("message", "title"), max_length=200, blank=True, help_text=_("As it stands in the inbox.")
    )
    body = models.TextField(_("body"), blank=True, help_text=_("As it stands in the inbox."))
    link = models.CharField(_("link"), max_length=500, blank=True, help_text=_("What a click opens."))
    position = models.UUIDField(
        null=True,
        blank=True,
        help_text="Its place in the inbox, taken when it appeared there; empty: it is not there.",
    )

    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    send_at = models.DateTimeField(_("send at"), default=clock.now)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    seen_at = models.DateTimeField(_("seen at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["key", "type", "recipient"],
                condition=Q(key__isnull=False),
                name="notify_notification_key",
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "position"], name="notify_notification_inbox"),
            models.Index(
                fields=["recipient", "position"],
                condition=Q(position__isnull=False, read_at__isnull=True, archived_at__isnull=True),
                name="notify_notification_unread",
            ),
            models.Index(
                fields=["subject_type", "subject_id"],
                condition=~Q(subject_id=""),
                name="notify_notification_subject",
            ),
        ]
        permissions = [("send_notification", "Can send, cancel and replay notifications")]

    def __str__(self) -> str:
        return f"{self.type} to {self.recipient_id}"

    def instance(self) -> NotificationType:
        """The declared type with this row's payload. Raises `UnknownTypeError` or `PayloadError`."""
        return get_type(self.type).from_payload(self.payload)

    def enter_inbox(self, position: UUID | None = None) -> None:
        """Take the newest place in the inbox, unless it has one. In memory: the caller stores it."""
        self.position = self.position or position or uuid7()
