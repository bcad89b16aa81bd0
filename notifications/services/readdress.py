"""What waits for an address that is no longer there goes to the one that takes its place, or nowhere."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from notifications import clock
from notifications.channels.base import Address
from notifications.channels.registry import get_channel
from notifications.exceptions import UnknownChannelError
from notifications.models import ContactPoint, Delivery, Event, Kind, Reason, Status, bulk
from notifications.models.states import WAITING
from notifications.pipeline import fallback, queue
from notifications.types import lane_of


def readdress(point: ContactPoint) -> None:
    """Move what waits for this contact point. Call it in the transaction that ends it.

    What is being sent at this moment may still arrive there.
    """
    point.codes.open(clock.now()).update(expires_at=clock.now())
    successor = _successor(point)
    waiting = _lock(point)
    for delivery in waiting:
        if successor is None:
            _skip(delivery)
        else:
            delivery.address, delivery.contact_point_id = successor.address, successor.contact_point_id
            if delivery.status == Status.PENDING:  # another due time: a worker that has claimed it gives it up
                delivery.due_at = max(delivery.notification.send_at, clock.now())
        delivery.save(update_fields=["address", "contact_point", "status", "reason", "detail", "due_at", "settled_at"])
    skipped = [each for each in waiting if each.status == Status.SKIPPED]
    bulk.insert([_event(each) for each in skipped])
    activated = fallback.advance({each.notification_id for each in skipped}, clock.now())
    for lane in {lane_of(each.priority) for each in (*waiting, *activated)}:
        transaction.on_commit(partial(queue.wake, lane))


def follow(point: ContactPoint, address: str) -> None:
    """The device has a new address: what waits for it goes there. Call it in the transaction that writes it."""
    ids = [each.pk for each in _lock(point)]
    Delivery.objects.filter(pk__in=ids).update(address=address)


def _lock(point: ContactPoint) -> list[Delivery]:
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("notification")
    return list(rows.filter(contact_point=point, status__in=WAITING, started_at__isnull=True).order_by("pk"))


def _successor(point: ContactPoint) -> Address | None:
    try:
        channel = get_channel(point.channel)
    except UnknownChannelError:
        return None
    if channel.every_address:  # the others get it anyway
        return None
    others = ContactPoint.objects.filter(user=point.user_id, channel=point.channel).exclude(pk=point.pk)
    addresses, *_ = channel.addresses(point.user, list(others))
    return addresses[0] if addresses else None


def _skip(delivery: Delivery) -> None:
    delivery.status, delivery.reason = Status.SKIPPED, Reason.ADDRESS_DISABLED
    delivery.detail = "It was switched off or removed."
    delivery.due_at, delivery.settled_at = None, clock.now()


def _event(delivery: Delivery) -> Event:
    data = {"channel": delivery.channel, "reason": delivery.reason}
    return Event(
        notification_id=delivery.notification_id, delivery=delivery, kind=Kind.SKIPPED, at=clock.now(), data=data
    )
