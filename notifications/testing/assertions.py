"""What was notified, and what the sandbox captured."""

from __future__ import annotations

from typing import Any

from notifications.models import Delivery, Notification, SandboxMessage, Status
from notifications.types import NotificationType

DECIDED_AGAINST = (Status.SKIPPED, Status.CANCELLED, Status.EXPIRED)
"""a delivery in one of these will not be sent, so it does not count"""


def assert_notified(
    type_: type[NotificationType], *, to: Any = None, channel: str = "", times: int | None = None, **payload: Any
) -> list[Notification]:
    """Assert that such notifications exist, delivered or on their way, and return them, the oldest first.

    `to` is a user, `channel` one that they go or went by, `times` how many there are exactly; `payload` names values.
    Cancelled notifications do not count.
    """
    found = _find(type_, to, channel, payload)
    if not found or times not in (None, len(found)):
        wanted = "at least one" if times is None else f"exactly {times}"
        raise AssertionError(
            f"Expected {wanted} of {_sought(type_, to, channel, payload)}; found {len(found)}. {_there_are()}"
        )
    return found


def assert_not_notified(type_: type[NotificationType], *, to: Any = None, channel: str = "", **payload: Any) -> None:
    """Assert that no such notification exists, cancelled ones apart. The arguments are those of `assert_notified`."""
    if found := _find(type_, to, channel, payload):
        raise AssertionError(
            f"Expected none of {_sought(type_, to, channel, payload)}; found {len(found)}. {_there_are()}"
        )


def outbox(channel: str = "", *, to: str = "") -> list[SandboxMessage]:
    """What the sandbox captured, the oldest first: of one channel, to one address, or all of it."""
    captured = SandboxMessage.objects.order_by("pk")
    if channel:
        captured = captured.filter(channel=channel)
    return list(captured.filter(to=to) if to else captured)


def _find(type_: type[NotificationType], to: Any, channel: str, payload: dict[str, Any]) -> list[Notification]:
    found = Notification.objects.filter(type=type_.key, cancelled_at__isnull=True).order_by("pk")
    if to is not None:
        found = found.filter(recipient=to)
    if channel:
        found = found.filter(
            deliveries__in=Delivery.objects.filter(channel=channel).exclude(status__in=DECIDED_AGAINST)
        ).distinct()
    return [each for each in found if payload.items() <= each.payload.items()]


def _sought(type_: type[NotificationType], to: Any, channel: str, payload: dict[str, Any]) -> str:
    return "".join(
        (
            type_.key,
            f" to {to}" if to is not None else "",
            f" by {channel}" if channel else "",
            f" with {payload}" if payload else "",
        )
    )


def _there_are() -> str:
    lines = [
        f"{each.type} to {each.recipient}{' (cancelled)' if each.cancelled_at else ''} with {each.payload}: "
        + ", ".join(f"{one.channel} {one.status} {one.reason}".strip() for one in each.deliveries.all())
        for each in Notification.objects.order_by("pk").select_related("recipient").prefetch_related("deliveries")[:20]
    ]
    return "There are: " + "; ".join(lines) + "." if lines else "There is no notification at all."
