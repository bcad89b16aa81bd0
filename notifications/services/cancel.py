"""Stop or move what is still to be sent, and say what had already gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from notifications import clock
from notifications.exceptions import NotificationError, ScheduleError
from notifications.models import Delivery, Event, Kind, Notification, Reason, Status
from notifications.models.states import SUCCEEDED, WAITING
from notifications.pipeline import queue
from notifications.types import NotificationType, lane_of


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """What `cancel` found, in deliveries. Those in flight may still arrive, but are not sent again."""

    cancelled: int = 0
    in_flight: int = 0
    already_sent: int = 0


@dataclass(frozen=True, kw_only=True)
class Rescheduling:
    """What `reschedule` found, in deliveries."""

    moved: int = 0
    in_flight: int = 0
    already_sent: int = 0


def cancel(
    *,
    key: str | None = None,
    type: type[NotificationType] | None = None,
    subject: models.Model | None = None,
    recipient: Any = None,
    ids: Iterable[UUID] | None = None,
    by: Any = None,
) -> Cancellation:
    """Cancel what is still to be sent of the notifications that match all that is given; `by` whom, for the timeline.

    Safe at any moment: what no worker has begun to send is never sent; what is in flight is not sent again.
    """
    now = clock.now()
    with transaction.atomic():
        concerned = _select(key=key, type=type, subject=subject, recipient=recipient, ids=ids)
        waiting, in_flight, sent = _lock(concerned)
        _close(waiting, in_flight, Reason.CANCELLED, now, by=by)
    return Cancellation(cancelled=len(waiting), in_flight=len(in_flight), already_sent=len(sent))


def supersede(key: str, type_key: str, recipient_ids: Sequence[Any], now: datetime) -> None:
    """Free a key: what is still to be sent under it is replaced, what was sent keeps its place but not the key."""
    held = Notification.objects.filter(key=key, type=type_key, recipient_id__in=recipient_ids)
    found = list(held.order_by("pk").values_list("pk", flat=True))
    if not found:
        return
    waiting, in_flight, _ = _lock(found)
    # Deliveries first, then notifications, as workers do: two that lock in different orders wait for each other.
    locked = Notification.objects.select_for_update(no_key=True).filter(pk__in=found, key=key)
    concerned = list(locked.order_by("pk").values_list("pk", flat=True))
    waiting, in_flight = ([each for each in rows if each.notification_id in concerned] for rows in (waiting, in_flight))
    _close(waiting, in_flight, Reason.REPLACED, now)
    Notification.objects.filter(pk__in=concerned).update(key=None)


def reschedule(
    *,
    at: datetime,
    key: str | None = None,
    type: type[NotificationType] | None = None,
    subject: models.Model | None = None,
    recipient: Any = None,
    ids: Iterable[UUID] | None = None,
) -> Rescheduling:
    """Move what is still to be sent of the notifications that match all that is given; their expiry moves along.

    Raises `ScheduleError` for a naive or a past time.
    """
    now = clock.now()
    if at.tzinfo is None:
        raise ScheduleError(f"at={at!r} is naive. Give it a time zone: django.utils.timezone.make_aware(…).")
    if at < now - timedelta(minutes=1):
        raise ScheduleError(f"at={at.isoformat()} is in the past; now it is {now.isoformat(timespec='seconds')}.")
    at = max(at.astimezone(UTC), now)
    with transaction.atomic():
        concerned = _select(key=key, type=type, subject=subject, recipient=recipient, ids=ids)
        waiting, in_flight, sent = _lock(concerned)
        by_notification = {each.notification_id: each.notification for each in waiting}
        for notification in by_notification.values():
            shift = at - notification.send_at
            notification.send_at = at
            if notification.expires_at is not None:
                notification.expires_at += shift
            notification.save(update_fields=["send_at", "expires_at"])
            Delivery.objects.filter(notification=notification, status=Status.STANDBY, due_at__isnull=False).update(
                due_at=models.F("due_at") + shift
            )
        pending = [each.pk for each in waiting if each.status == Status.PENDING]
        Delivery.objects.filter(pk__in=pending).update(due_at=at, reason=Reason.SCHEDULED, settled_at=now)
        _record(waiting, Kind.RESCHEDULED, now, {"at": at})
        for lane in {lane_of(each.priority) for each in waiting}:
            transaction.on_commit(lambda lane=lane: queue.wake(lane))  # type: ignore[misc]
    return Rescheduling(moved=len(pending), in_flight=len(in_flight), already_sent=len(sent))


def _select(
    *,
    key: str | None,
    type: type[NotificationType] | None,
    subject: models.Model | None,
    recipient: Any,
    ids: Iterable[UUID] | None,
) -> list[UUID]:
    if key is None and subject is None and ids is None:
        raise NotificationError("Say what is meant: key=…, subject=… or ids=…; type= and recipient= only narrow it.")
    found = Notification.objects.all()
    if key is not None:
        found = found.filter(key=key)
    if type is not None:
        found = found.filter(type=type.key)
    if recipient is not None:
        found = found.filter(recipient=recipient)
    if ids is not None:
        found = found.filter(pk__in=list(ids))
    if subject is not None:
        found = found.filter(subject_type=ContentType.objects.get_for_model(subject), subject_id=str(subject.pk))
    return list(found.order_by("pk").values_list("pk", flat=True))


def _lock(notification_ids: Sequence[UUID]) -> tuple[list[Delivery], list[Delivery], list[Delivery]]:
    """Lock the deliveries: those that nobody has begun to send, those in flight, and those that were sent."""
    rows = Delivery.objects.select_for_update(of=("self",)).filter(notification_id__in=notification_ids)
    deliveries = list(rows.select_related("notification").order_by("pk"))
    unsettled = [each for each in deliveries if each.status in WAITING]
    waiting = [each for each in unsettled if each.started_at is None]
    in_flight = [each for each in unsettled if each.started_at is not None]
    return waiting, in_flight, [each for each in deliveries if each.status in SUCCEEDED]


def _close(
    waiting: Sequence[Delivery], in_flight: Sequence[Delivery], reason: Reason, now: datetime, by: Any = None
) -> None:
    """End what waits, and mark the notifications so that what is in flight is not sent again."""
    stopped = {each.notification_id for each in (*waiting, *in_flight)}
    Notification.objects.filter(pk__in=stopped, cancelled_at__isnull=True).update(cancelled_at=now)
    Delivery.objects.filter(pk__in=[each.pk for each in waiting]).update(
        status=Status.CANCELLED, reason=reason, due_at=None, settled_at=now
    )
    _record(waiting, Kind.CANCELLED, now, {"reason": reason} | ({"by": str(by)} if by is not None else {}))


def _record(deliveries: Sequence[Delivery], kind: Kind, now: datetime, data: dict[str, Any]) -> None:
    Event.objects.bulk_create(
        Event(
            notification_id=each.notification_id,
            delivery=each,
            kind=kind,
            at=now,
            data={"channel": each.channel, **data},
        )
        for each in deliveries
    )
