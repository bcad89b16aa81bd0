"""Push: a title and a line of text on the lock screens of a person's devices."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from notifications.channels.base import Channel, Content, Part, envelope, one_line, text_of
from notifications.messages import PushMessage
from notifications.models import Delivery, Notification
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
            collapse_key=_collapse_key(delivery.notification),
            expires_at=delivery.notification.expires_at,
            high_priority=delivery.priority <= Priority.HIGH,
        )


def _collapse_key(notification: Notification) -> str:
    """The same for messages of a type under the same key, or else about the same subject: the newest is shown.

    It goes to push services in the clear, so it tells neither.
    """
    about = notification.key
    if not about and notification.subject_type_id is not None:
        about = f"{notification.subject_type_id}:{notification.subject_id}"
    if not about:
        return ""
    return salted_hmac("notifications.channels.push", f"{notification.type}\n{about}").hexdigest()[:32]
