"""Texts that answer a person who wrote to us: a notification type of our own."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from notifications import conf
from notifications.exceptions import NotificationError
from notifications.models import ContactPoint, InboundMessage
from notifications.services.send import notify
from notifications.types import NotificationType, Priority, register

logger = logging.getLogger(__name__)

TEXT_MAX_LENGTH = 1_000


class SmsReply(NotificationType):
    """Answers a person's own message: nobody can unsubscribe from it, though STOP ends it like all others."""

    key = "notify.sms_reply"
    channels = ("sms",)
    priority = Priority.HIGH
    mandatory = True
    expires_after = timedelta(hours=1)
    example = {"text": "Thank you. Your answer has been noted."}

    text: str


def connect() -> None:
    """Declare the type. Autodiscovery skips our own package, so `NotifyConfig.ready` calls it."""
    if "sms" in conf.get().CHANNELS:
        register(SmsReply)


def reply(message: InboundMessage, text: str, *, to: Any) -> None:
    """Send a text back, once for each message: to the address that it came from, if that is the person's."""
    instance, key = SmsReply(text=text[:TEXT_MAX_LENGTH]), f"reply:{message.pk}"
    point = ContactPoint.objects.filter(user=to, channel=message.channel, address=message.address).first()
    try:
        if point is not None:
            notify(instance, contact_point=point, key=key)
        else:
            notify(instance, to=to, key=key)
    except NotificationError:
        logger.warning("Message %s could not be answered", message.pk, exc_info=True)
