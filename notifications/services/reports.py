"""What a provider told of deliveries, applied to many at once: a status moves forward, never back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from notifications import clock
from notifications.models import Cause, Delivery, Event, Kind, Reason, Status, bulk
from notifications.models.states import SUCCEEDED, TRANSITIONS
from notifications.pipeline import fallback, queue, spending
from notifications.preferences.suppression import suppress
from notifications.signals import delivery_settled
from notifications.types import lane_of

DETAIL_MAX_LENGTH = 1000

_MEANS = {
    Kind.ACCEPTED: Status.SENT,
    Kind.DEFERRED: Status.SENT,
    Kind.DELIVERED: Status.DELIVERED,
    Kind.OPENED: Status.DELIVERED,
    Kind.CLICKED: Status.DELIVERED,
    Kind.COMPLAINED: Status.DELIVERED,
    Kind.UNSUBSCRIBED: Status.DELIVERED,
    Kind.FAILED: Status.FAILED,
    # It may have been an automatic reply: unlike "bounced", "failed" still gives way to "delivered".
    Kind.SOFT_BOUNCED: Status.FAILED,
    Kind.BOUNCED: Status.BOUNCED,
}
_IMPLIED = {Status.SENT: Kind.ACCEPTED, Status.DELIVERED: Kind.DELIVERED}
_ALWAYS_TOLD = frozenset({Kind.DEFERRED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINED, Kind.UNSUBSCRIBED})
"""what happens beside the status, and may happen again"""
_WRITTEN = (
    "status", "reason", "detail", "due_at", "settled_at", "started_at", "provider", "provider_id", "cost", "segments",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One thing that a provider told of a delivery."""

    delivery_id: UUID
    kind: Kind
    provider: str = ""
    provider_id: str = ""
    code: str = ""
    detail: str = ""
    cost: Decimal | None = None
    segments: int | None = None
    at: datetime | None = None
    suppress: Cause | None = None
    """why nothing more may be sent to its address; None: it may"""
    category_only: bool = False
    """the suppression is for messages of the same category alone"""
    data: Mapping[str, Any] = field(default_factory=dict)
    """more for the timeline"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """Which deliveries the reports found, and how many reports moved one on."""

    known: Collection[UUID]
    moved: int


def record(reports: Sequence[Report], *, wait: bool = True) -> Recorded:
    """Apply reports in their order, all or none. Not `wait`: a delivery that is locked now counts as not known.

    A report proves that the provider took the message, so it also settles an unknown one.
    """
    now = clock.now()
    with transaction.atomic():
        rows = Delivery.objects.filter(pk__in={each.delivery_id for each in reports}).order_by("pk")
        known = {each.pk: each for each in rows.select_for_update(skip_locked=not wait)}
        costs = {each.pk: each.cost for each in known.values()}
        events: list[Event] = []
        moved: list[Delivery] = []
        priced: list[Delivery] = []
        for report in reports:
            delivery = known.get(report.delivery_id)
            if delivery is None:
                continue
            if _moves(delivery, report):
                _move(delivery, report, now)
                moved.append(delivery)
                told = _IMPLIED[Status(delivery.status)] if report.kind in _ALWAYS_TOLD else report.kind
                events.append(_event(delivery, report, told, now))
            elif _prices(delivery, report):
                priced.append(delivery)
            if report.kind in _ALWAYS_TOLD:
                events.append(_event(delivery, report, report.kind, now))
            if report.suppress:
                _suppress(delivery, report)
        changed = {each.pk: each for each in moved}
        bulk.update(list({each.pk: each for each in (*priced, *moved)}.values()), _WRITTEN)
        bulk.insert(events)
        spending.correct_reported(known.values(), costs)
        activated = fallback.advance({each.notification_id for each in moved}, now)
        transaction.on_commit(partial(_tell, list(changed.values()), {lane_of(each.priority) for each in activated}))
    return Recorded(known=known.keys(), moved=len(moved))


def _moves(delivery: Delivery, report: Report) -> bool:
    target = _MEANS[report.kind]
    if target not in TRANSITIONS[Status(delivery.status)]:
        return False
    # What one provider could not do says nothing of the message once another one has it.
    is_elsewhere = report.provider and delivery.provider and report.provider != delivery.provider
    return target in SUCCEEDED or not is_elsewhere


def _prices(delivery: Delivery, report: Report) -> bool:
    """Take over what the message costs, which may be told after what became of it. Returns whether it was news."""
    if report.provider != delivery.provider:
        return False
    before = delivery.cost, delivery.segments
    delivery.cost = delivery.cost if report.cost is None else report.cost
    delivery.segments = delivery.segments if report.segments is None else report.segments
    return before != (delivery.cost, delivery.segments)


def _move(delivery: Delivery, report: Report, now: datetime) -> None:
    delivery.status = _MEANS[report.kind]
    delivery.reason = Reason.NONE if delivery.status in SUCCEEDED else Reason.REPORTED
    delivery.detail = report.detail[:DETAIL_MAX_LENGTH]
    delivery.due_at = None
    delivery.settled_at = now
    # The report may be faster than our own note that the request was answered.
    delivery.started_at = delivery.started_at or now
    delivery.provider = report.provider or delivery.provider
    delivery.provider_id = report.provider_id or delivery.provider_id
    delivery.cost = delivery.cost if report.cost is None else report.cost
    delivery.segments = delivery.segments if report.segments is None else report.segments


def _event(delivery: Delivery, report: Report, kind: Kind, now: datetime) -> Event:
    said = {"provider": report.provider, "code": report.code, "detail": report.detail[:DETAIL_MAX_LENGTH]}
    return Event(
        notification_id=delivery.notification_id,
        delivery_id=delivery.pk,
        kind=kind,
        at=report.at or now,
        data={"channel": delivery.channel, **{name: value for name, value in said.items() if value}, **report.data},
    )


def _suppress(delivery: Delivery, report: Report) -> None:
    if report.suppress is not None and delivery.address:
        suppress(
            delivery.channel,
            delivery.address,
            report.suppress,
            category=delivery.notification.category if report.category_only else "",
            detail=f"{report.provider} on delivery {delivery.pk}: {report.detail or report.kind}"[:DETAIL_MAX_LENGTH],
        )


def _tell(settled: Sequence[Delivery], lanes: Collection[str]) -> None:
    for lane in lanes:
        queue.wake(lane)
    if delivery_settled.has_listeners():
        for each in settled:
            delivery_settled.send_robust(Delivery, delivery_id=each.pk, status=each.status, reason=each.reason)
