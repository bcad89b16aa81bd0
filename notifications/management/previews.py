"""Previews as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from notifications.management.command import NOTHING, OK, Result
from notifications.management.table import table
from notifications.messages import Message
from notifications.models import Status
from notifications.services import Preview

SENT = (Status.PENDING, Status.DELIVERED, Status.STANDBY)
HEADERS = ("recipient", "channel", "address", "status", "reason", "when", "text")


def result(previews: Iterable[Preview]) -> Result:
    """What would become of each delivery; exit code 1 when nobody would get anything."""
    found = list(previews)
    sent = any(each.status in SENT and not each.error for each in found)
    return Result(
        data=[_data(each) for each in found],
        text=table(HEADERS, [_row(each) for each in found]) if found else "No recipients.",
        code=OK if sent else NOTHING,
    )


def _row(preview: Preview) -> tuple[object, ...]:
    return (
        preview.recipient,
        preview.channel,
        preview.address,
        preview.status,
        preview.reason.label,
        f"{preview.due_at:%Y-%m-%d %H:%M} UTC" if preview.due_at else "",
        f"cannot be worded: {preview.error}" if preview.error else _text(preview.message),
    )


def _data(preview: Preview) -> dict[str, Any]:
    return {
        "recipient": str(preview.recipient),
        "recipient_id": preview.recipient.pk,
        "channel": preview.channel,
        "address": preview.address,
        "status": preview.status,
        "reason": preview.reason,
        "due_at": preview.due_at,
        "message": asdict(preview.message) if preview.message else None,
        "error": preview.error,
    }


def _text(message: Message | None) -> str:
    """The line that a person sees first."""
    heading = getattr(message, "subject", "") or getattr(message, "title", "")
    return " — ".join(filter(None, (heading, getattr(message, "text", ""))))
