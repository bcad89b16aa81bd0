"""Posted events, stored: each once, whatever comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from notifications.models import InboundMessage, Meaning, WebhookEvent, bulk
from notifications.pipeline import queue
from notifications.services.inbound import accept
from notifications.tracking.webhooks.base import Inbound, ProviderEvent

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
                due_at=received_at if event.delivery_id or event.is_ours else None,
            )
            for event in events
        ]
    )
    if stored:
        transaction.on_commit(partial(queue.wake, LANE))
    return len(stored)


def take(
    alias: str, inbound: Sequence[Inbound], received_at: datetime, confirmation: Callable[[Meaning], str]
) -> list[str]:
    """Store what people wrote, and let a keyword hold from now on. Returns the texts to be sent back, each once."""
    texts = []
    for each in inbound:
        message = InboundMessage(
            alias=alias,
            provider_id=each.provider_id,
            channel=each.channel,
            address=each.address,
            sent_to=each.to,
            text=each.text,
            data={**({"opt_out_type": each.opt_out_type} if each.opt_out_type else {}), **each.data},
            received_at=received_at,
            due_at=received_at,
        )
        texts.append(accept(message, confirmation))
        transaction.on_commit(partial(queue.wake, LANE))
    return [each for each in texts if each]


def _data(event: ProviderEvent) -> dict[str, object]:
    said = {
        "code": event.code,
        "detail": event.detail,
        "suppress": event.suppress,
        "category_only": event.category_only,
        "cost": None if event.cost is None else str(event.cost),
        "segments": event.segments,
    }
    return {**{name: value for name, value in said.items() if value}, **event.data}
