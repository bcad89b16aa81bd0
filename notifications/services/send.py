"""`notify`: store notifications and their deliveries in the caller's transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, OperationalError, models, transaction

from notifications import clock
from notifications.channels.registry import get_channel
from notifications.exceptions import (
    HeldOut,
    KeyTooLongError,
    RecipientError,
    ScheduleError,
    TemplateError,
    UnknownTypeError,
    known,
)
from notifications.models import ContactPoint, Delivery, Event, Kind, Notification, Reason, Status, bulk
from notifications.models.notification import IDEMPOTENCY_KEY_MAX_LENGTH
from notifications.pipeline import inbox, queue, route
from notifications.pipeline.outcome import said
from notifications.pipeline.render import fill_inbox
from notifications.preferences.locale import zone_of
from notifications.services import recipients
from notifications.services.cancel import supersede
from notifications.signals import delivery_settled
from notifications.templating import measures, texts
from notifications.timing import next_local_time
from notifications.types import NotificationType, all_types, get_type, lane_of

logger = logging.getLogger(__name__)

PAST_TOLERANCE = timedelta(minutes=1)
"""an `at` that has only just passed means "now\""""
SOON = timedelta(seconds=90)
"""what is due within it wakes a worker, which waits for it; what is later is found by the minute's round"""
REPLACE_TRIES = 10


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of `notify`, checked."""

    instance: NotificationType
    at: datetime | time | None
    key: str | None
    replace: bool
    subject: models.Model | None
    contact_point: ContactPoint | None
    now: datetime


def notify(
    instance: NotificationType,
    *,
    to: Any = None,
    at: datetime | time | None = None,
    key: str | None = None,
    replace: bool = False,
    subject: models.Model | None = None,
    contact_point: ContactPoint | None = None,
) -> list[Notification]:
    """Notify people, if and only if the caller's transaction commits. Returns the notifications that were created.

    `to` is a user, a group, a queryset of users, or an iterable of these; default: the type's `recipients()`.
    `at` is an aware moment, or a `datetime.time`: when it is next that late where the recipient lives.
    `key` makes a repeat for the same type and recipient a no-op; with `replace`, the newest one wins and what was
    still pending is replaced. `subject` spares loading it again. `contact_point`, instead of `to`: send to that address
    of its owner and nowhere else, verified or not.

    Raises, before anything is stored: `UnknownTypeError`, `RecipientError`, `ScheduleError`, `KeyTooLongError`.
    """
    request = check(instance, at=at, key=key, replace=replace, subject=subject, contact_point=contact_point)
    if contact_point is not None:
        to = _owner(contact_point, instance, to)
    chunks = recipients.chunks(instance.recipients() if to is None else to)
    first = next(chunks, [])
    # What may be refused is found before anything is written; only a later chunk needs a savepoint to be undone.
    plans = plan(request, first)
    one_chunk = len(first) < recipients.CHUNK_SIZE
    if one_chunk:
        _check_reachable(request, first, plans)
    with transaction.atomic(savepoint=not one_chunk):
        created = _write(request, plans)
        for users in chunks:
            created += _write(request, plan(request, users))
    return created


def check(
    instance: NotificationType,
    *,
    at: datetime | time | None,
    key: str | None = None,
    replace: bool = False,
    subject: models.Model | None = None,
    contact_point: ContactPoint | None = None,
) -> Request:
    """The arguments of `notify`, checked. Raises what `notify` raises."""
    request = Request(
        instance=_known_type(instance),
        at=at,
        key=_checked_key(key, replace),
        replace=replace,
        subject=instance.subject() if subject is None else subject,
        contact_point=contact_point,
        now=clock.now(),
    )
    _check_time(at, request.now)
    instance.prime(request.subject)
    return request


def _known_type(instance: NotificationType) -> NotificationType:
    if not isinstance(instance, NotificationType):
        raise UnknownTypeError(
            f"notify() takes an instance of a registered NotificationType, not {instance!r}. "
            f"{known(each.__name__ for each in all_types())}"
        )
    get_type(getattr(instance, "key", type(instance).__name__))
    return instance


def _owner(contact_point: ContactPoint, instance: NotificationType, to: Any) -> Any:
    if to is not None:
        raise RecipientError("Give to=… or contact_point=…, not both: a contact point says whose it is.")
    channels = (*instance.channels, *instance.fallback)
    if contact_point.channel not in channels:
        raise RecipientError(f"{instance.key} is not sent by {contact_point.channel}. {known(channels)}")
    return contact_point.user


def _checked_key(key: str | None, replace: bool) -> str | None:
    if key is not None and not 1 <= len(key) <= IDEMPOTENCY_KEY_MAX_LENGTH:
        raise KeyTooLongError(f"A key has 1 to {IDEMPOTENCY_KEY_MAX_LENGTH} characters; this one has {len(key)}.")
    if replace and key is None:
        raise KeyTooLongError("replace=True needs a key: it says what is replaced.")
    return key


def _check_time(at: datetime | time | None, now: datetime) -> None:
    if at is None:
        return
    if isinstance(at, time):
        if at.tzinfo is not None:
            raise ScheduleError(f"at={at!r} has a time zone; a time of day is in each recipient's own.")
    elif not isinstance(at, datetime):
        raise ScheduleError(f"at={at!r} is a {type(at).__name__}. Valid: an aware datetime, or a datetime.time.")
    elif at.tzinfo is None or at.utcoffset() is None:
        raise ScheduleError(f"at={at!r} is naive. Give it a time zone: django.utils.timezone.make_aware(…).")
    elif at < now - PAST_TOLERANCE:
        raise ScheduleError(f"at={at.isoformat()} is in the past; now it is {now.isoformat(timespec='seconds')}.")


Plans = Sequence[tuple[Notification, list[Delivery]]]


def plan(request: Request, users: Sequence[Any]) -> Plans:
    """Notifications and their deliveries, not yet stored, for a chunk of recipients."""
    type_ = type(request.instance)
    drafts = [_draft(request, user) for user in users]
    if only := request.contact_point:
        return [(draft, route.plan_for(draft, only, now=request.now)) for draft in drafts]
    points = route.contact_points([user.pk for user in users], (*type_.channels, *type_.fallback))
    return [(draft, route.plan(draft, type_, points, now=request.now)) for draft in drafts]


def _check_reachable(request: Request, users: Sequence[Any], plans: Plans) -> None:
    if not plans or any(each.status != Status.SKIPPED for _, deliveries in plans for each in deliveries):
        return
    tried = ", ".join(f"{each.channel} ({Reason(each.reason).label})" for each in plans[0][1])
    who = f"Recipient {users[0]}" if len(users) == 1 else f"None of {len(users)} recipients"
    raise RecipientError(f"{who} cannot be reached by {request.instance.key}. Tried: {tried}.")


def _write(request: Request, plans: Plans) -> list[Notification]:
    failures = _complete_in_app(request.instance, plans)
    created = _store(request, [draft for draft, _ in plans])
    new = {each.pk for each in created}
    deliveries = [each for draft, planned in plans if draft.pk in new for each in planned]
    bulk.insert(deliveries)
    bulk.insert([_failure(each, failures.get(each.pk)) for each in deliveries if each.status == Status.FAILED])
    _after_commit(created, deliveries, request.now)
    return created


def _draft(request: Request, user: Any) -> Notification:
    instance, subject = request.instance, request.subject
    at = request.at
    if isinstance(at, time):
        at = next_local_time(request.now, at, zone_of(user))
    send_at = max(at.astimezone(UTC), request.now) if at else request.now
    return Notification(
        recipient=user,
        type=instance.key,
        category=instance.category,
        priority=instance.priority,
        payload=instance.payload(),
        key=request.key,
        subject_type=ContentType.objects.get_for_model(subject) if subject is not None else None,
        subject_id=str(subject.pk) if subject is not None else "",
        created_at=request.now,
        send_at=send_at,
        expires_at=send_at + instance.expires_after if instance.expires_after else None,
    )


def _complete_in_app(instance: NotificationType, plans: Plans) -> dict[UUID, Exception]:
    """What goes into the inbox now is complete at commit: word it here. A failure ends that delivery, nothing else.

    Returns the deliveries that failed, and why.
    """
    at_once = [
        (draft, each)
        for draft, deliveries in plans
        for each in deliveries
        if each.status == Status.PENDING and each.reason == Reason.NONE and not get_channel(each.channel).leaves_app
    ]
    failures: dict[UUID, Exception] = {}
    if not at_once:
        return failures
    texts.refresh()
    try:
        with transaction.atomic():  # a query that fails in the type's code must not break the caller's transaction
            for draft, delivery in at_once:
                _word(draft, delivery, instance, failures)
    except DatabaseError:
        for draft, delivery in at_once:
            try:
                with transaction.atomic():
                    _word(draft, delivery, instance, failures)
            except DatabaseError as error:
                _fail(delivery, error)
                failures[delivery.pk] = error
    return failures


def _word(draft: Notification, delivery: Delivery, instance: NotificationType, failures: dict[UUID, Exception]) -> None:
    delivery.due_at, delivery.settled_at = None, draft.created_at
    try:
        fill_inbox(draft, delivery, instance)
        delivery.status = Status.DELIVERED
    except DatabaseError:
        raise
    except HeldOut:
        delivery.status, delivery.reason = Status.SKIPPED, Reason.HELD_OUT
    except Exception as error:
        _fail(delivery, error)
        failures[delivery.pk] = error


def _fail(delivery: Delivery, error: Exception) -> None:
    logger.error("%s could not be worded for the inbox", delivery.notification.type, exc_info=error)
    delivery.status, delivery.reason = Status.FAILED, Reason.TEMPLATE_ERROR
    delivery.detail = said(error)


def _store(request: Request, drafts: Sequence[Notification]) -> list[Notification]:
    """Insert them; returns those that are new. With a key, another process may be inserting the same one."""
    if request.key is None:
        bulk.insert(drafts)
        return list(drafts)
    created: list[Notification] = []
    left = list(drafts)
    for _ in range(REPLACE_TRIES):
        if request.replace:
            supersede(request.key, request.instance.key, [each.recipient_id for each in left], request.now)
        new = bulk.insert_new(left)
        created += [each for each in left if each.pk in new]
        left = [each for each in left if each.pk not in new]
        if not left or not request.replace:
            return created
    raise OperationalError(f"Key {request.key!r} is being replaced by too many others at once.")


def _failure(delivery: Delivery, error: Exception | None) -> Event:
    where = {"template": error.template, "line": error.line} if isinstance(error, TemplateError) else {}
    return Event(
        notification_id=delivery.notification_id,
        delivery=delivery,
        kind=Kind.FAILED,
        at=delivery.settled_at or clock.now(),
        data={"channel": delivery.channel, "error": delivery.detail, **where},
    )


def _after_commit(created: Sequence[Notification], deliveries: Sequence[Delivery], now: datetime) -> None:
    for lane in {lane_of(each.priority) for each in deliveries if each.due_at and each.due_at < now + SOON}:
        transaction.on_commit(partial(queue.wake, lane))
    if any(each.version_id for each in deliveries):
        transaction.on_commit(measures.flush, robust=True)
    failed = {(each.channel, each.detail): each for each in deliveries if each.status == Status.FAILED}
    for each in failed.values():  # for each way in which the text failed: thousands fail alike
        transaction.on_commit(partial(_tell_failed, each))
    arrived = [each for each in created if each.position is not None]
    if arrived:
        transaction.on_commit(partial(inbox.push, arrived))


def _tell_failed(delivery: Delivery) -> None:
    delivery_settled.send_robust(
        Delivery, delivery_id=delivery.pk, status=Status(delivery.status), reason=Reason(delivery.reason)
    )
