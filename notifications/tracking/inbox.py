"""Posted events, stored: each once, whatever comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from notifications.models import WebhookEvent, bulk
from notifications.pipeline import queue
from notifications.tracking.webhooks.base import ProviderEvent

LANE = "default"


def store(alias: str, events: Sequence[ProviderEvent], received_at: datetime) -> int:
    """Store a provider's events in one statement, and have a worker apply them. Returns how many were new."""
    stored = bulk.insert_new(
        [
            WebhookEvent(
                alias=alias,
                event_id=event.event_id,
                delivery_id=event.delivery_id,
                provider_id=event.provider_id,
                kind=event.kind,
                at=min(event.at, received_at),
                data=_data(event),
                received_at=received_at,
                due_at=received_at if event.delivery_id else None,
            )
            for event in events
        ]
    )
    if stored:
        transaction.on_commit(partial(queue.wake, LANE))
    return len(stored)


def _data(event: ProviderEvent) -> dict[str, object]:
    said = {
        "code": event.code,
        "detail": event.detail,
        "suppress": event.suppress,
        "category_only": event.category_only,
    }
    return {**{name: value for name, value in said.items() if value}, **event.data}
