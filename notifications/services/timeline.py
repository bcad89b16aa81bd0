"""The whole story of a notification, in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from notifications.channels.registry import leaves_app
from notifications.models import Delivery, Kind, Notification, Reason, Status


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the story. `text` is a sentence; `data` holds provider, attempt, latency_ms, error, …"""

    at: datetime
    kind: Kind
    channel: str = ""
    text: str
    data: dict[str, Any] = field(default_factory=dict)


def timeline(notification: Notification) -> list[Entry]:
    """Creation and routing from the rows, the rest from the events."""
    deliveries = list(notification.deliveries.order_by("step", "id"))
    entries = [Entry(at=notification.created_at, kind=Kind.CREATED, text=f"Created for {notification.recipient}")]
    entries += [_routed(each, notification) for each in deliveries]
    channels = {each.pk: each.channel for each in deliveries}
    for event in notification.events.all():
        channel = event.data.get("channel") or (channels.get(event.delivery_id, "") if event.delivery_id else "")
        data = {name: value for name, value in event.data.items() if name != "channel"}
        entries.append(
            Entry(at=event.at, kind=Kind(event.kind), channel=channel, text=_text(event.kind, data), data=data)
        )
    return sorted(entries, key=lambda entry: entry.at)  # stable: creation and routing stay ahead of what they caused


def _routed(delivery: Delivery, notification: Notification) -> Entry:
    if delivery.status == Status.SKIPPED and not delivery.address:
        text = f"Skipped: {Reason(delivery.reason).label}"
    elif delivery.step:
        text = f"Fallback {delivery.step}, to {delivery.address}"
    else:
        text = f"To {delivery.address}" if leaves_app(delivery.channel) else "Into the inbox"
        if notification.send_at > notification.created_at:
            text += f" at {timezone.localtime(notification.send_at):%Y-%m-%d %H:%M %Z}"
    return Entry(at=notification.created_at, kind=Kind.ROUTED, channel=delivery.channel, text=text)


def _text(kind: str, data: dict[str, Any]) -> str:
    said = [str(Kind(kind).label).capitalize()]
    if provider := data.get("provider"):
        said.append(f"by {provider}" if kind == Kind.DELIVERED else f"at {provider}")
    if attempt := data.get("attempt"):
        said.append(f"(attempt {attempt}, {data.get('latency_ms', 0)} ms)")
    if reason := data.get("reason"):
        said.append(f"— {Reason(reason).label}" if reason in Reason.values else f"— {reason}")
    if answer := data.get("answer"):
        said.append(f"— {answer}")
    if person := data.get("by"):
        said.append(f"— by {person}")
    if error := data.get("error") or data.get("detail"):
        said.append(f"— {error}")
    return " ".join(said)
