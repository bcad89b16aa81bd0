"""SMS: short text to an E.164 number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from notifications.channels.base import Channel, Part, envelope, text_of
from notifications.messages import SmsMessage
from notifications.models import Delivery


@dataclass(kw_only=True)
class SmsChannel(Channel):
    """Sends to the primary phone number."""

    parts = (Part(name="sms.txt"),)

    user_field: str = "phone"

    def message(self, delivery: Delivery, content: Mapping[str, str], link: str, language: str) -> SmsMessage:
        return SmsMessage(**envelope(delivery, language), text=text_of(content, "sms.txt"))
