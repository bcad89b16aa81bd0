"""Send failed deliveries again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from notifications import clock
from notifications.models import Delivery, Event, Kind, Reason, Status
from notifications.models.states import REPLAYABLE
from notifications.pipeline import queue
from notifications.types import lane_of


@dataclass(frozen=True, kw_only=True)
class Replay:
    """How many deliveries are sent again, and why the others are not (reason → how many)."""

    replayed: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def replay(delivery_ids: Iterable[UUID], *, by: Any = None, dry_run: bool = False) -> Replay:
    """Put failed deliveries back to pending, due now. `by` is the user who asks, for the timeline.

    Refused: what has not failed, has expired, or was cancelled. The gate asks again before each is sent.
    """
    now = clock.now()
    refused: Counter[str] = Counter()
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(of=("self",)).filter(pk__in=list(delivery_ids))
        taken = []
        for each in rows.select_related("notification").order_by("pk"):
            notification = each.notification
            if each.status not in REPLAYABLE:
                refused[f"is {Status(each.status).label}"] += 1
            elif notification.cancelled_at is not None:
                refused["was cancelled"] += 1
            elif notification.expires_at is not None and notification.expires_at <= now:
                refused["has expired"] += 1
            else:
                taken.append(each)
        if dry_run:
            return Replay(replayed=len(taken), refused=dict(refused))
        Delivery.objects.filter(pk__in=[each.pk for each in taken]).update(
            status=Status.PENDING,
            reason=Reason.REPLAYED,
            due_at=now,
            settled_at=now,
            attempts=0,
            crashes=0,
            started_at=None,
        )
        who = {"by": str(by)} if by is not None else {}
        Event.objects.bulk_create(
            Event(
                notification_id=each.notification_id,
                delivery=each,
                kind=Kind.REPLAYED,
                at=now,
                data={"channel": each.channel, **who},
            )
            for each in taken
        )
        for lane in {lane_of(each.priority) for each in taken}:
            transaction.on_commit(partial(queue.wake, lane))
    return Replay(replayed=len(taken), refused=dict(refused))
