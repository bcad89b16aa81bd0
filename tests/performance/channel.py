"""A channel without templates: what is left is the queue's own cost."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.channels.base import Channel, Content, envelope
from notifications.messages import Message
from notifications.models import Delivery


@dataclass(kw_only=True)
class BareChannel(Channel):
    """Sends an empty message to the user's email address."""

    parts = ()

    user_field: str = "email"

    def message(self, delivery: Delivery, content: Content) -> Message:
        return Message(**envelope(delivery, content))
