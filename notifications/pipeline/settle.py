"""Write down what became of a batch of deliveries, and what follows from it, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from notifications import clock
from notifications.channels.registry import leaves_app
from notifications.models import Cause, ContactPoint, Delivery, Event, Reason, Status, bulk, outbox
from notifications.models.states import SUCCEEDED, UNSUCCESSFUL
from notifications.pipeline import fallback, inbox, queue, spending
from notifications.pipeline.outcome import Outcome
from notifications.preferences.suppression import suppress
from notifications.signals import delivery_settled
from notifications.types import lane_of

logger = logging.getLogger(__name__)

Settled = tuple[Delivery, Outcome]


def settle(batch: Sequence[Settled]) -> int:
    """Store states and events, end addresses that are bad, go on to fallbacks, and tell listeners.

    What another worker or a caller has taken over meanwhile is left alone. What enters the inbox and was worded before
    a publication is due again instead, to be worded anew. Returns how many were stored.
    """
    with transaction.atomic():
        outdated = _outdated(batch)
        held = outbox.settle([outdated.get(delivery.pk) or outcome.settlement for delivery, outcome in batch])
        stored = [(delivery, outcome) for delivery, outcome in batch if delivery.pk in held - outdated.keys()]
        bulk.insert([_event(delivery, outcome) for delivery, outcome in stored if not _is_held_on(delivery, outcome)])
        _store_inbox(stored)
        _store_wording(stored)
        _disable_addresses(stored)
        spending.correct((delivery, outcome.settlement) for delivery, outcome in stored)
        activated = fallback.advance(_with_fallback(stored), clock.now())
    for delivery in activated:
        queue.wake(lane_of(delivery.priority))
    inbox.push([delivery.notification for delivery, _ in stored if _entered_inbox(delivery)])
    if delivery_settled.has_listeners():
        for delivery, outcome in stored:
            settlement = outcome.settlement
            delivery_settled.send_robust(
                Delivery, delivery_id=delivery.pk, status=settlement.status, reason=settlement.reason
            )
    if len(held) < len(batch):
        logger.warning("%d late results were refused: their lease had passed", len(batch) - len(held))
    return len(stored)


def _outdated(batch: Sequence[Settled]) -> dict[UUID, outbox.Settlement]:
    """The settlements that undo the claim of those whose text is no longer the published one."""
    worded = [(delivery, outcome) for delivery, outcome in batch if outcome.stamp is not None]
    stamp = outbox.stamp() if worded else None
    return {
        delivery.pk: replace(
            outcome.settlement,
            status=Status(delivery.status),
            reason=delivery.reason,
            detail=delivery.detail,
            due_at=clock.now(),
            crashes=delivery.crashes - 1,
            settled_at=delivery.settled_at,
        )
        for delivery, outcome in worded
        if outcome.stamp != stamp
    }


def _is_held_on(delivery: Delivery, outcome: Outcome) -> bool:
    """Held again for the same reason: told once. What is held for a day would fill the timeline."""
    return outcome.settlement.reason == Reason.BUDGET == delivery.reason


def _event(delivery: Delivery, outcome: Outcome) -> Event:
    return Event(
        notification_id=delivery.notification_id,
        delivery=delivery,
        kind=outcome.kind,
        at=outcome.settlement.settled_at or clock.now(),
        data={"channel": delivery.channel, **outcome.data},
    )


def _entered_inbox(delivery: Delivery) -> bool:
    return not leaves_app(delivery.channel) and delivery.notification.position is not None


def _store_inbox(stored: Sequence[Settled]) -> None:
    for delivery, outcome in stored:
        if outcome.settlement.status == Status.DELIVERED and _entered_inbox(delivery):
            delivery.notification.save(update_fields=["title", "body", "link", "position"])


def _store_wording(stored: Sequence[Settled]) -> None:
    """By which version and variant those were worded that no request was opened for: the others know since then."""
    worded = [
        delivery
        for delivery, _ in stored
        if delivery.started_at is None and (delivery.version_id is not None or delivery.variant_id is not None)
    ]
    bulk.update(worded, ("version_id", "variant_id"))


def _disable_addresses(stored: Sequence[Settled]) -> None:
    for delivery, outcome in stored:
        if outcome.opted_out:  # taken back by START, so the address itself stays as it is
            suppress(delivery.channel, delivery.address, Cause.STOP, detail=outcome.opted_out)
        if outcome.disable_address and delivery.contact_point_id is not None:
            # By its address too: a device may have taken a new one meanwhile.
            ContactPoint.objects.filter(
                pk=delivery.contact_point_id, address=delivery.address, disabled_at__isnull=True
            ).update(disabled_at=outcome.settlement.settled_at, disabled_reason=outcome.disable_address)


def _with_fallback(stored: Sequence[Settled]) -> set[UUID]:
    decided = (*SUCCEEDED, *UNSUCCESSFUL)
    return {
        delivery.notification_id
        for delivery, outcome in stored
        if outcome.settlement.status in decided and fallback.declared(delivery.notification.type)
    }
