"""A person ends the messages of a channel by a word such as STOP, and has them back by START. The law wins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from notifications import clock
from notifications.channels.registry import get_channel
from notifications.exceptions import UnknownChannelError
from notifications.models import Cause, Consent, Delivery, Event, Kind, Means, Reason, Status, Suppression, bulk
from notifications.models.suppression import normal
from notifications.pipeline import fallback, queue
from notifications.preferences.suppression import lift, suppress
from notifications.signals import delivery_settled
from notifications.types import lane_of

BATCH = 500
SKIPPED_BECAUSE = gettext_noop("its owner answered STOP")


def is_stopped(channel: str, address: str) -> bool:
    """Whether its owner has ended the messages to an address."""
    return _stops(channel, address).exists()


def stop(channel: str, address: str, *, wording: str) -> bool:
    """Send nothing more to an address, of whatever type. Returns False if that was so already.

    Once it is committed no message to it starts: what waits is ended, and `outbox.start` refuses what comes after.
    """
    with transaction.atomic():
        # First the deliveries, as workers lock them: so this waits for those that start now, and they for none of it.
        skip_waiting(channel, address)
        new = suppress(channel, address, Cause.STOP, detail=f"Its owner wrote: {wording}"[:1000])
        _note(channel, address, given=False, wording=wording)
    return new


def start(channel: str, address: str, *, wording: str) -> int:
    """Take a STOP back; what else stands against the address stays. Returns how many suppressions ended."""
    with transaction.atomic():
        stops = list(_stops(channel, address).select_for_update())
        for each in stops:
            lift(each, by="the recipient", reason=f"Answered {wording}")
        _note(channel, address, given=True, wording=wording)
    return len(stops)


def skip_waiting(channel: str, address: str) -> int:
    """End all that waits for an address of its owners; fallbacks on other channels go ahead. Returns how many.

    A message whose request is open stays as it is: nobody can call it back. What waits there for somebody else, who had
    the number before, is refused when its time comes: an index by address would cost at every claim of every message.
    """
    people = [each.pk for each in owners(channel, address)]
    skipped = 0
    while people and (found := _skip_batch(channel, address, people)):
        skipped += found
    return skipped


def owners(channel: str, address: str) -> Sequence[Any]:
    """The users whom an address belongs to, as far as anybody knows: those of contact points first."""
    users = get_user_model()._default_manager
    points = users.filter(contact_points__channel=channel, contact_points__address=address)
    known = points.filter(Q(contact_points__self_entered=False) | Q(contact_points__verified_at__isnull=False))
    if found := list(known.distinct().order_by("-is_active", "pk")):
        return found
    field = _user_field(channel)
    return list(users.filter(**{field: address}).order_by("-is_active", "pk")) if field else []


def _user_field(channel: str) -> str:
    try:
        name = get_channel(channel).user_field
        if name:
            get_user_model()._meta.get_field(name)
        return name
    except (UnknownChannelError, FieldDoesNotExist):
        return ""


def _stops(channel: str, address: str) -> QuerySet[Suppression]:
    return Suppression.objects.active().filter(channel=channel, address=normal(address), cause=Cause.STOP)


def _note(channel: str, address: str, *, given: bool, wording: str) -> None:
    Consent.objects.create(
        user=next(iter(owners(channel, address)), None),
        channel=channel,
        address=normal(address),
        given=given,
        means=Means.KEYWORD,
        wording=wording,
    )


def _skip_batch(channel: str, address: str, people: Sequence[Any]) -> int:
    now = clock.now()
    with transaction.atomic():
        waiting = Delivery.objects.filter(
            channel=channel,
            address=address,
            notification__recipient__in=people,
            due_at__isnull=False,
            started_at__isnull=True,
            status=Status.PENDING,
        )
        # The order in which workers lock them too.
        rows = list(waiting.select_for_update(of=("self",)).order_by("pk")[:BATCH])
        for each in rows:
            each.status, each.reason, each.detail = Status.SKIPPED, Reason.SUPPRESSED, SKIPPED_BECAUSE
            each.due_at, each.settled_at = None, now
        bulk.update(rows, ("status", "reason", "detail", "due_at", "settled_at"))
        bulk.insert([_skipped(each) for each in rows])
        activated = fallback.advance({each.notification_id for each in rows}, now)
        transaction.on_commit(partial(_tell, rows, {lane_of(each.priority) for each in activated}))
    return len(rows)


def _skipped(delivery: Delivery) -> Event:
    return Event(
        notification_id=delivery.notification_id,
        delivery=delivery,
        kind=Kind.SKIPPED,
        at=delivery.settled_at or clock.now(),
        data={"channel": delivery.channel, "reason": delivery.reason},
    )


def _tell(skipped: Sequence[Delivery], lanes: set[str]) -> None:
    for lane in lanes:
        queue.wake(lane)
    if delivery_settled.has_listeners():
        for each in skipped:
            delivery_settled.send_robust(Delivery, delivery_id=each.pk, status=each.status, reason=each.reason)
