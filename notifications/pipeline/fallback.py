"""The next channel, when those before it have failed for good; and no further one, when one got through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from notifications import conf
from notifications.channels.registry import leaves_app
from notifications.exceptions import ConfigurationError, NotificationError
from notifications.models import Delivery, Event, Kind, Notification, Reason, Status
from notifications.models.states import OPEN, UNSUCCESSFUL
from notifications.providers.registry import get_provider
from notifications.types import get_type


def declared(type_key: str) -> bool:
    """Whether notifications of this type may have fallbacks."""
    try:
        return bool(get_type(type_key).fallback)
    except NotificationError:  # removed from the code: look rather than lose one
        return True


def advance(notification_ids: Collection[UUID], now: datetime) -> list[Delivery]:
    """Decide on the waiting fallbacks of these notifications. Returns those that became due. Call it in a transaction.

    The notifications are locked, so that two channels that fail at the same moment cannot each take the other for open.
    """
    if not notification_ids:
        return []
    waiting = Delivery.objects.filter(notification_id__in=notification_ids, status=Status.STANDBY)
    concerned = sorted(set(waiting.values_list("notification_id", flat=True)))
    if not concerned:
        return []
    list(Notification.objects.select_for_update(no_key=True).filter(pk__in=concerned).order_by("pk").values_list("pk"))
    by_notification: dict[UUID, list[Delivery]] = defaultdict(list)
    rows = Delivery.objects.filter(notification_id__in=concerned).select_related("notification")
    for row in rows.order_by("step"):
        by_notification[row.notification_id].append(row)
    activated = []
    for deliveries in by_notification.values():
        activated += _advance_one(deliveries, now)
    return activated


def _advance_one(deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
    standby = [each for each in deliveries if each.status == Status.STANDBY]
    tried = [each for each in deliveries if each.status != Status.STANDBY and leaves_app(each.channel)]
    if not standby:
        return []
    if tried and all(each.status in UNSUCCESSFUL for each in tried):
        step = standby[0].step
        due = [each for each in standby if each.step == step]
        Delivery.objects.filter(pk__in=[each.pk for each in due], status=Status.STANDBY).update(
            status=Status.PENDING, due_at=now, settled_at=now
        )
        failed = [each.channel for each in tried]
        Event.objects.bulk_create(
            Event(
                notification_id=each.notification_id,
                delivery=each,
                kind=Kind.FELL_BACK,
                at=now,
                data={"to": each.channel, "from": failed},
            )
            for each in due
        )
        return due
    timed = _timed(deliveries[0].notification.type)
    ids = [each.pk for each in standby]
    if not timed and any(_got_through(each) for each in tried):
        Delivery.objects.filter(pk__in=ids, status=Status.STANDBY).update(
            status=Status.SKIPPED, reason=Reason.NOT_NEEDED, due_at=None, settled_at=now
        )
    elif not timed and not any(each.status in OPEN for each in tried):  # accepted: a receipt is still to come
        wait = timedelta(seconds=conf.get().FALLBACK_WAIT_SECONDS)
        Delivery.objects.filter(pk__in=ids, status=Status.STANDBY, due_at__isnull=True).update(due_at=now + wait)
    return []


def still_needed(delivery: Delivery) -> bool:
    """Whether a fallback whose time has come is to be sent: nothing before it got through, or it waited to be seen."""
    if _timed(delivery.notification.type):
        return True
    before = Delivery.objects.filter(notification_id=delivery.notification_id, step__lt=delivery.step)
    return not any(each.status in (Status.SENT, Status.DELIVERED) for each in before if leaves_app(each.channel))


def _timed(type_key: str) -> bool:
    try:
        return get_type(type_key).fallback_after is not None
    except NotificationError:
        return False


def _got_through(delivery: Delivery) -> bool:
    """Delivered; or accepted by a provider from which no more is to be heard."""
    if delivery.status != Status.SENT:
        return delivery.status == Status.DELIVERED
    try:
        return not get_provider(delivery.provider).gives_receipts
    except ConfigurationError:
        return True
