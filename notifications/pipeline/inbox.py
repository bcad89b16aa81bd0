"""Tell open pages what came into a person's inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifications.models import Notification
from notifications.realtime import broadcast, protocol


def push(notifications: Sequence[Notification]) -> None:
    """Push notifications that have entered an inbox. Call it after commit; it never raises and never waits."""
    if notifications:
        broadcast.push((each.recipient_id, protocol.new(each)) for each in notifications)


def push_changed(user: Any) -> None:
    """Have a person's open pages ask for fresh counts."""
    broadcast.push([(user.pk, protocol.changed())])
