"""Apply what providers posted: events wait in a table, so that neither a post nor an event depends on the other."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from notifications import clock
from notifications.models import Cause, Delivery, Kind, Status, WebhookEvent, bulk, outbox
from notifications.services.reports import Report, record

logger = logging.getLogger(__name__)

BATCH = 500
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
"""between two looks for a delivery that is not there: as long as the event has waited already, within these"""
GIVE_UP_AFTER = timedelta(days=3)

_REPORTED = ("code", "detail", "suppress", "category_only", "cost", "segments")


def apply_waiting(*, until: float = math.inf) -> int:
    """Apply the events that are due, until none is or until `time.monotonic()` reaches `until`. Returns how many.

    One whose delivery is not known yet, or is locked, waits; one that nobody knew for three days is given up.
    """
    applied = 0
    try:
        # A look alone takes no lock: on SQLite a transaction would take the only one there is.
        while time.monotonic() < until and WebhookEvent.objects.filter(due_at__lte=clock.now()).exists():
            taken, done = _apply_batch()
            applied += done
            if taken < BATCH:
                break
    except (OperationalError, InterfaceError):
        logger.warning("The database is away; posted events wait", exc_info=True)
        outbox.connection().close_if_unusable_or_obsolete()
    return applied


def _apply_batch() -> tuple[int, int]:
    now = clock.now()
    with transaction.atomic():
        due = WebhookEvent.objects.filter(due_at__lte=now).order_by("due_at")
        events = list(due.select_for_update(skip_locked=True)[:BATCH])
        _find(events)
        applied = _apply(sorted(events, key=lambda each: (each.at, each.pk)))
        for event in events:
            if event.pk in applied:
                event.applied_at, event.due_at = now, None
            else:
                event.due_at = _next_look(event, now)
        bulk.update(events, ("applied_at", "due_at", "delivery_id"))
    given_up = [each for each in events if each.due_at is None and each.applied_at is None]
    if given_up:
        aliases = ", ".join(sorted({each.alias for each in given_up}))
        logger.warning("Gave up %d events of %s: their deliveries never came to be", len(given_up), aliases)
    return len(events), len(applied)


def _apply(events: Sequence[WebhookEvent]) -> set[UUID]:
    """Returns the keys of those whose delivery is there. One that cannot be applied holds up no other."""
    named = [each for each in events if each.delivery_id is not None]
    try:
        with transaction.atomic():
            known = record([_report(each) for each in named], wait=False).known
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(events) > 1:
            return set().union(*(_apply([each]) for each in events))
        logger.exception("Event %s of %s could not be applied; it waits", events[0].event_id, events[0].alias)
        return set()
    return {each.pk for each in events if each.delivery_id in known}


def _find(events: Sequence[WebhookEvent]) -> None:
    """Name the deliveries of those that came without our id, by the provider's. An index holds what may change."""
    nameless = {(each.alias, each.provider_id) for each in events if each.delivery_id is None}
    if not nameless:
        return
    sent = Delivery.objects.filter(
        channel="sms",
        status=Status.SENT,
        provider__in={alias for alias, _ in nameless},
        settled_at__gt=clock.now() - GIVE_UP_AFTER,
        provider_id__in={provider_id for _, provider_id in nameless},
    )
    found = {(alias, ours): pk for alias, ours, pk in sent.values_list("provider", "provider_id", "pk")}
    for each in events:
        if each.delivery_id is None:
            each.delivery_id = found.get((each.alias, each.provider_id))


def _report(event: WebhookEvent) -> Report:
    if event.delivery_id is None:
        raise ValueError(f"Event {event.pk} names no delivery, so it cannot be due.")
    suppress, cost = event.data.get("suppress"), event.data.get("cost")
    return Report(
        delivery_id=event.delivery_id,
        kind=Kind(event.kind),
        provider=event.alias,
        provider_id=event.provider_id,
        code=event.data.get("code", ""),
        detail=event.data.get("detail", ""),
        at=event.at,
        cost=None if cost is None else Decimal(cost),
        segments=event.data.get("segments"),
        suppress=Cause(suppress) if suppress else None,
        category_only=event.data.get("category_only", False),
        data={name: value for name, value in event.data.items() if name not in _REPORTED},
    )


def _next_look(event: WebhookEvent, now: datetime) -> datetime | None:
    waited = now - event.received_at
    if waited > GIVE_UP_AFTER:
        return None
    return now + min(max(waited, FIRST_PAUSE), LONGEST_PAUSE)
