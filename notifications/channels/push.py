"""Push: a title and a line of text on the lock screens of a person's devices."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.channels.base import Channel, Content, Part, envelope, one_line, text_of
from notifications.messages import PushMessage
from notifications.models import Delivery
from notifications.types import Priority


@dataclass(kw_only=True)
class PushChannel(Channel):
    """Sends to all devices."""

    every_address = True
    parts = (Part(name="push.title.txt"), Part(name="push.txt"))

    def message(self, delivery: Delivery, content: Content) -> PushMessage:
        return PushMessage(
            **envelope(delivery, content),
            title=one_line(content.parts["push.title.txt"]),
            text=text_of(content, "push.txt"),
            link=content.link,
            data={"notification_id": str(delivery.notification_id)},
            expires_at=delivery.notification.expires_at,
            high_priority=delivery.priority <= Priority.HIGH,
        )
