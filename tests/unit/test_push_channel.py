"""A push message says until when it matters, and whether it may wake a device."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifications.channels.base import Content
from notifications.channels.push import PushChannel
from notifications.models import Delivery, Notification
from notifications.types import Priority


@pytest.mark.parametrize(
    ("priority", "critical", "high"),
    [
        (Priority.CRITICAL, True, True),
        (Priority.HIGH, False, True),
        (Priority.NORMAL, False, False),
        (Priority.LOW, False, False),
    ],
)
def test_what_the_notification_says_goes_along(priority: Priority, critical: bool, high: bool) -> None:
    expires_at = datetime(2030, 1, 1, tzinfo=UTC)
    notification = Notification(type="clinic.note", expires_at=expires_at)
    delivery = Delivery(notification=notification, channel="push", address="fcm:abc", priority=priority)
    content = Content(
        parts={"push.title.txt": "Title\n", "push.txt": "Text\n"}, language="en", link="https://a.example/"
    )
    message = PushChannel(name="push").message(delivery, content)
    assert (message.critical, message.high_priority, message.expires_at) == (critical, high, expires_at)
    assert (message.to, message.title, message.text, message.link) == ("fcm:abc", "Title", "Text", "https://a.example/")
    assert message.data == {"notification_id": str(notification.pk)}
