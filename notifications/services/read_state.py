"""What counts as read and seen: an item's own time, or the high-water mark that "mark all read" left behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from notifications.models import InboxState, Notification


def with_marks(user: Any, notifications: Sequence[Notification]) -> Sequence[Notification]:
    """The same notifications of a person's inbox, with `read_at` and `seen_at` as the person's marks have them.

    In memory, at the cost of one query. A mark keeps no time of its own: the time of the newest notification that
    it covers stands in for it.
    """
    state = InboxState.objects.filter(user=user).first() if notifications else None
    if state is not None:
        for each in notifications:
            each.read_at = each.read_at or _covered(each.position, state.read_through)
            each.seen_at = each.seen_at or _covered(each.position, state.seen_through)
    return notifications


def _covered(position: UUID | None, mark: UUID | None) -> datetime | None:
    """The time of the mark if it covers the position. A UUIDv7 begins with 48 bits of milliseconds."""
    if position is None or mark is None or position > mark:
        return None
    return datetime.fromtimestamp((mark.int >> 80) / 1000, UTC)
