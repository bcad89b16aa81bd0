"""SMS: short text to an E.164 number."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.channels.base import Channel, Content, Part, envelope, text_of
from notifications.messages import SmsMessage
from notifications.models import Delivery


@dataclass(kw_only=True)
class SmsChannel(Channel):
    """Sends to the primary phone number."""

    parts = (Part(name="sms.txt"),)
    takes_answers = True

    user_field: str = "phone"

    def message(self, delivery: Delivery, content: Content) -> SmsMessage:
        return SmsMessage(**envelope(delivery, content), text=text_of(content, "sms.txt"))
