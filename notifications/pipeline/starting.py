"""Just before requests open: their deliveries are marked as started, and what they will cost is set aside."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from notifications import clock
from notifications.messages import SmsMessage
from notifications.models import outbox
from notifications.pipeline import spending
from notifications.pipeline.persist import persist
from notifications.pipeline.work import Work
from notifications.types import Priority

SETTLE_GRACE_SECONDS = 15
"""between a request's time-out and the end of its lease: for writing down what came of it"""


def start(works: Sequence[Work]) -> list[Work]:
    """Mark deliveries as started, and set aside what they will cost.

    Those whose lease is lost, or that were cancelled meanwhile, are dropped. Those that do not fit into a budget are
    left without a provider.
    """
    if not works:
        return []
    now, opens_before = clock.now(), time.monotonic() + SETTLE_GRACE_SECONDS
    starts = persist(lambda: [_start_of(work, now) for work in works])
    held, refused = persist(lambda: _start(works, starts, now))
    for work, begun in zip(works, starts, strict=True):
        if refusal := refused.get(begun.id):
            work.over_budget[begun.provider], work.provider = refusal, None
            continue
        if begun.id not in held:
            continue
        work.fence, work.opens_before = begun.due_at, opens_before
        delivery = work.delivery
        delivery.started_at, delivery.provider = now, begun.provider
        delivery.segments, delivery.cost = begun.segments, begun.cost
    return [each for each in works if each.delivery.pk in held]


def _start_of(work: Work, now: datetime) -> outbox.Start:
    provider, message = work.chosen, work.message
    return outbox.Start(
        id=work.delivery.pk,
        fence=work.fence,
        due_at=now + timedelta(seconds=provider.timeout_seconds + SETTLE_GRACE_SECONDS),
        provider=provider.alias,
        started_at=now,
        segments=message.segments if isinstance(message, SmsMessage) else None,
        cost=spending.estimate(message, provider.alias) if message is not None else None,
        version_id=work.delivery.version_id,
        variant_id=work.delivery.variant_id,
        stamp=work.stamp,
    )


def _start(
    works: Sequence[Work], starts: Sequence[outbox.Start], now: datetime
) -> tuple[set[UUID], dict[UUID, spending.Refusal]]:
    """Which of them are started, and which a budget refused.

    If a commit's answer is lost, its costs are counted twice: rather held too early than overrun.
    """
    limited = spending.is_limited()
    if not limited and not any(each.cost for each in starts):
        return outbox.start(starts), {}
    with transaction.atomic():
        categories = {each.delivery.pk: each.delivery.notification.category for each in works}
        critical = {each.delivery.pk for each in works if each.delivery.priority == Priority.CRITICAL}
        charges = [
            spending.Charge(
                provider=each.provider, category=categories[each.id], cost=each.cost, critical=each.id in critical
            )
            for each in starts
        ]
        verdicts = spending.admit(charges, now) if limited else [None] * len(charges)
        refused = {each.id: verdict for each, verdict in zip(starts, verdicts, strict=True) if verdict}
        held = outbox.start([each for each in starts if each.id not in refused])
        spending.set_aside((charge for each, charge in zip(starts, charges, strict=True) if each.id in held), now)
    return held, refused
