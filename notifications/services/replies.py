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
from notifications.variables import Variable

logger = logging.getLogger(__name__)

TEXT_MAX_LENGTH = 1_000
PER_ADDRESS_AN_HOUR = 20
"""texts sent back to one address: whoever writes on and on, a machine perhaps, must not make us pay for it"""
ANSWERED = "answered"
"""in the `data` of a message: what was sent back"""


class SmsReply(NotificationType):
    """Answers a person's own message: nobody can unsubscribe from it, though STOP ends it like all others."""

    key = "notify.sms_reply"
    channels = ("sms",)
    priority = Priority.HIGH
    mandatory = True
    expires_after = timedelta(hours=1)
    example = {"text": "Thank you. Your answer has been noted."}
    variables = {
        "text": Variable(
            example=example["text"],
            longest="Lotus House: thank you for telling us. Call us when you want another appointment.",
            about="the whole answer, in the reader's language",
        )
    }

    text: str


def connect() -> None:
    """Declare the type. Autodiscovery skips our own package, so `NotifyConfig.ready` calls it."""
    if "sms" in conf.get().CHANNELS:
        register(SmsReply)


def reply(message: InboundMessage, text: str, *, to: Any) -> None:
    """Send a text back, once for each message: to the address that it came from, if that is the person's."""
    if not may_answer(message):
        return
    message.data[ANSWERED] = text[:TEXT_MAX_LENGTH]
    instance, key = SmsReply(text=text[:TEXT_MAX_LENGTH]), f"reply:{message.pk}"
    point = ContactPoint.objects.filter(user=to, channel=message.channel, address=message.address).first()
    try:
        if point is not None:
            notify(instance, contact_point=point, key=key)
        else:
            notify(instance, to=to, key=key)
    except NotificationError:
        logger.warning("Message %s could not be answered", message.pk, exc_info=True)


def may_answer(message: InboundMessage) -> bool:
    """Whether its sender was not sent too many texts within the hour."""
    found = InboundMessage.objects.within_the_hour(message.address, message.received_at, ANSWERED)
    if found >= PER_ADDRESS_AN_HOUR:
        logger.warning("Message %s is not answered: its sender writes too often", message.pk)
    return found < PER_ADDRESS_AN_HOUR
