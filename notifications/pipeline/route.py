"""Which channels a notification takes: its deliveries, each with the rule behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from notifications.channels.registry import get_channel
from notifications.models import ContactPoint, Delivery, Notification, Reason, Status
from notifications.types import NotificationType

ContactPoints = Mapping[tuple[Any, str], Sequence[ContactPoint]]
"""(user's primary key, channel) → the person's contact points there"""


def contact_points(user_ids: Sequence[Any], channels: Sequence[str]) -> ContactPoints:
    """The contact points of many people, in one query; none when no channel leaves the app."""
    wanted = [name for name in channels if get_channel(name).leaves_app]
    found: dict[tuple[Any, str], list[ContactPoint]] = defaultdict(list)
    if wanted and user_ids:
        for row in ContactPoint.objects.of(user_ids, wanted):
            found[row.user_id, row.channel].append(row)
    return found


def plan(
    notification: Notification, type_: type[NotificationType], points: ContactPoints, *, now: datetime
) -> list[Delivery]:
    """The deliveries of a notification, not yet stored: pending, standby, or skipped with the rule.

    When nothing that leaves the app can be sent, the first fallback that can takes its place at once.
    """
    deliveries: list[Delivery] = []
    active = getattr(notification.recipient, "is_active", True)
    present = reached = False  # has an address; and one on a channel that leaves the app
    for step, names in enumerate([type_.channels, *((name,) for name in type_.fallback)]):
        for name in names:
            channel = get_channel(name)
            addresses, reason, detail = channel.addresses(
                notification.recipient, points.get((notification.recipient_id, name), ())
            )
            if not active:
                addresses, reason, detail = [], Reason.RECIPIENT_INACTIVE, ""
            common = {
                "notification": notification,
                "channel": name,
                "step": step,
                "priority": notification.priority,
            }
            if not addresses:
                skipped = Delivery(**common, status=Status.SKIPPED, reason=reason, detail=detail, settled_at=now)
                deliveries.append(skipped)
            waits = step > 0 and (reached or (present and type_.fallback_after is not None))
            for address in addresses:
                delivery = Delivery(**common, address=address.address, contact_point_id=address.contact_point_id)
                if waits:
                    delivery.status, delivery.reason = Status.STANDBY, Reason.FALLBACK
                    if type_.fallback_after is not None:
                        delivery.due_at = notification.send_at + type_.fallback_after * step
                else:
                    _schedule(delivery, now)
                deliveries.append(delivery)
            present = present or bool(addresses)
            reached = reached or bool(addresses and channel.leaves_app)
    return deliveries


def plan_for(notification: Notification, point: ContactPoint, *, now: datetime) -> list[Delivery]:
    """The one delivery of a notification that goes to this contact point alone."""
    delivery = Delivery(
        notification=notification,
        channel=point.channel,
        priority=notification.priority,
        address=point.address,
        contact_point_id=point.pk,
    )
    if point.disabled_at is not None:
        delivery.status, delivery.reason, delivery.settled_at = Status.SKIPPED, Reason.ADDRESS_DISABLED, now
    else:
        _schedule(delivery, now)
    return [delivery]


def _schedule(delivery: Delivery, now: datetime) -> None:
    delivery.due_at = send_at = delivery.notification.send_at
    delivery.reason = Reason.SCHEDULED if send_at > now else Reason.NONE
