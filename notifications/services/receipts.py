"""What providers tell later: a status moves forward, never back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from notifications import clock
from notifications.messages import Receipt
from notifications.models import Delivery, Event, Kind, Reason, Status
from notifications.models.states import sources
from notifications.pipeline import fallback, queue
from notifications.types import lane_of

_TARGETS = {
    "sent": (Status.SENT, Kind.ACCEPTED),
    "delivered": (Status.DELIVERED, Kind.DELIVERED),
    "failed": (Status.FAILED, Kind.FAILED),
    "bounced": (Status.BOUNCED, Kind.BOUNCED),
}


def record_receipts(receipts: Iterable[Receipt]) -> int:
    """Apply receipts. One that says nothing new, comes late, or is for an unknown id changes nothing.

    A receipt proves that the provider took the message, so it also settles an unknown one. Returns how many applied.
    """
    now = clock.now()
    changed: set[UUID] = set()
    applied = 0
    with transaction.atomic():
        # In the order in which all others lock deliveries; those for one delivery stay in theirs.
        for receipt in sorted(receipts, key=lambda each: each.delivery_id):
            notification_id = _apply(receipt, now)
            if notification_id is not None:
                applied += 1
                changed.add(notification_id)
        activated = fallback.advance(changed, now)
    for delivery in activated:
        queue.wake(lane_of(delivery.priority))
    return applied


def _apply(receipt: Receipt, now: Any) -> UUID | None:
    status, kind = _TARGETS[receipt.state]
    failed = status in (Status.FAILED, Status.BOUNCED)
    values: dict[str, Any] = {
        "status": status,
        "reason": Reason.REPORTED if failed else Reason.NONE,
        "detail": receipt.detail[:1000],
        "due_at": None,
        "settled_at": now,
        # The receipt may be faster than our own note that the request was answered.
        "started_at": Coalesce(F("started_at"), now),
    }
    values |= {name: value for name in ("provider", "provider_id", "cost") if (value := getattr(receipt, name))}
    allowed = Delivery.objects.filter(pk=receipt.delivery_id, status__in=sources(status))
    if not allowed.update(**values):
        return None
    delivery = Delivery.objects.only("notification_id", "channel").get(pk=receipt.delivery_id)
    Event.objects.create(
        notification_id=delivery.notification_id,
        delivery_id=receipt.delivery_id,
        kind=kind,
        at=receipt.at or now,
        data={
            "channel": delivery.channel,
            "provider": receipt.provider,
            **({"code": receipt.code} if receipt.code else {}),
            **({"detail": receipt.detail[:1000]} if receipt.detail else {}),
        },
    )
    return delivery.notification_id
