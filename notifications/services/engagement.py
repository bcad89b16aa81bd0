"""A person, or a machine that looks ahead, opened a message or followed a link in it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from notifications import clock
from notifications.messages import Receipt
from notifications.models import Delivery, Event, Kind
from notifications.services.inbox import mark_seen
from notifications.services.receipts import record_receipts


def record_engagement(delivery_id: UUID, kind: Kind, *, machine: bool, target: str = "") -> bool:
    """Record that a message was opened or a link followed: the first time by a person, and by a machine.

    `target` is the link that was followed. A person's click shows that the message arrived and was seen, so fallbacks
    end; a loaded picture shows no more than that it arrived, for mail programs load pictures by themselves. Returns
    False for what is unknown or was recorded before.
    """
    delivery = Delivery.objects.filter(pk=delivery_id).select_related("notification").first()
    if delivery is None:
        return False
    data = {"channel": delivery.channel, "machine": machine} | ({"target": target} if target else {})
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=delivery_id)  # two pictures loaded at once are one opening
        if Event.objects.filter(
            notification_id=delivery.notification_id, delivery_id=delivery_id, kind=kind, data=data
        ):
            return False
        Event.objects.create(
            notification_id=delivery.notification_id, delivery_id=delivery_id, kind=kind, at=clock.now(), data=data
        )
    if not machine:
        record_receipts([Receipt(delivery_id=delivery_id, state="delivered", provider=delivery.provider)])
        if kind == Kind.CLICKED:
            mark_seen(delivery.notification.recipient, [delivery.notification_id])
    return True
