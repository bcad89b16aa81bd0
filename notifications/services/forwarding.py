"""What people write to us in their own words, told to staff."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_noop

from notifications import conf
from notifications.exceptions import NotificationError
from notifications.models import InboundMessage
from notifications.services.recipients import members_or_superusers
from notifications.services.send import notify
from notifications.types import NotificationType, register
from notifications.variables import Variable

logger = logging.getLogger(__name__)

PER_ADDRESS_AN_HOUR = 10
"""notifications of messages from one address; those beyond are kept, and seen in the admin"""
_TOLD = "told_staff"


class SmsReceived(NotificationType):
    """Tells staff what a person wrote. Its payload is the message's id alone: the text stays in one place."""

    key = "notify.sms_received"
    category = gettext_noop("inbound")
    channels = ("in_app", "email")
    expires_after = timedelta(days=1)
    example = {"message_id": "019e0000-0000-7000-8000-000000000000"}
    variables = {
        "text": Variable(
            example="May I come an hour later?",
            longest="I have had a fever since last night and cannot come. May I come on another day? " * 3,
            about="what the person wrote",
            sensitive=True,
        ),
        "number": Variable(example="+15555550100", longest="+919876543210123", about="the number that it came from"),
        "person": Variable(
            example="Ada Example",
            longest="Venkatanarasimharajuvaripeta Subramanian",
            about="whose number it is; empty where nobody's",
        ),
        "at": Variable(
            example=datetime(2030, 3, 4, 5, 0, tzinfo=UTC), about="when it came; empty in a preview without a message"
        ),
    }

    message_id: str

    def recipients(self) -> QuerySet[Any]:
        return staff()

    def message(self) -> InboundMessage | None:
        """The message; None once it was deleted."""
        return InboundMessage.objects.select_related("user").filter(pk=UUID(self.message_id)).first()

    def still_valid(self) -> bool:
        return self.message() is not None

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        message = self.message()
        if message is None:  # a preview
            return {"text": "May I come an hour later?", "number": "+15555550100", "person": "Ada Example", "at": None}
        return {
            "text": message.text,
            "number": message.address,
            "person": _name(message.user),
            "at": message.received_at,
        }

    def link(self, recipient: AbstractBaseUser) -> str:
        try:
            return reverse("admin:notify_inboundmessage_change", args=[self.message_id])
        except NoReverseMatch:  # a project without the admin
            return ""


def connect() -> None:
    """Declare the type, on those of its channels that the project has. `NotifyConfig.ready` calls it."""
    type_: type[NotificationType] = SmsReceived
    type_.channels = tuple(each for each in type_.channels if each in conf.get().CHANNELS)
    if type_.channels:
        register(type_)


def staff() -> QuerySet[Any]:
    """Who is told: the active members of the group that INBOX_STAFF names; else, or if it has none, the superusers."""
    return members_or_superusers(conf.get().INBOX_STAFF, "INBOX_STAFF")


def forward(message: InboundMessage, now: datetime) -> None:
    """Tell staff of a message, unless its sender has been heard of too often within the hour."""
    if InboundMessage.objects.within_the_hour(message.address, now, _TOLD) >= PER_ADDRESS_AN_HOUR:
        logger.warning("Message %s is kept and not told: its sender writes too often", message.pk)
        return
    try:
        notify(SmsReceived(message_id=str(message.pk)), key=f"inbound:{message.pk}")
    except NotificationError:
        logger.warning("Nobody could be told of message %s", message.pk, exc_info=True)
        return
    message.data[_TOLD] = True


def _name(user: Any) -> str:
    if user is None:
        return ""
    name = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return str(name or user)
