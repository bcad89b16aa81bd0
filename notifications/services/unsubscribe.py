"""A person unsubscribes by the link in a message, and comes back."""

from __future__ import annotations

from django.db import transaction

from notifications import clock
from notifications.models import Cause, Delivery, Event, Kind, Suppression
from notifications.models.suppression import normal
from notifications.preferences.suppression import lift, suppress


def unsubscribe(delivery: Delivery, *, everything: bool = False) -> bool:
    """Send no more of the delivery's category, or of anything, to its address. Returns False if that was so already.

    What is mandatory still comes; see `NotificationType.mandatory`.
    """
    category = "" if everything else delivery.notification.category
    with transaction.atomic():
        new = suppress(
            delivery.channel,
            delivery.address,
            Cause.UNSUBSCRIBED,
            category=category,
            detail=f"By the link in delivery {delivery.pk}.",
        )
        if new:
            Event.objects.create(
                notification_id=delivery.notification_id,
                delivery=delivery,
                kind=Kind.UNSUBSCRIBED,
                at=clock.now(),
                data={"channel": delivery.channel, "category": category or "all"},
            )
    return new


def resubscribe(delivery: Delivery) -> int:
    """Take the person's own unsubscribing from this address back. Returns how many suppressions ended."""
    own = Suppression.objects.active().filter(
        channel=delivery.channel,
        address=normal(delivery.address),
        category__in=("", delivery.notification.category),
        cause=Cause.UNSUBSCRIBED,
    )
    for each in own:
        lift(each, by="the recipient", reason=f"By the link in delivery {delivery.pk}.")
    return len(own)
