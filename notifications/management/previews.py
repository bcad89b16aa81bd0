"""Previews as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from notifications import conf
from notifications.management.command import NOTHING, OK, Result
from notifications.management.table import table
from notifications.messages import Message
from notifications.models import Status
from notifications.models.budget import plain
from notifications.services import Preview

SENT = (Status.PENDING, Status.DELIVERED, Status.STANDBY)
HEADERS = ("recipient", "channel", "address", "status", "reason", "when", "cost", "text")


def result(previews: Iterable[Preview]) -> Result:
    """What would become of each delivery; exit code 1 when nobody would get anything."""
    found = list(previews)
    sent = any(each.status in SENT and not each.error for each in found)
    costs = [each.cost for each in found if each.status in SENT and each.cost]
    total = f"\nTogether: {plain(sum(costs, Decimal()))} {conf.get().CURRENCY}, fallbacks included." if costs else ""
    return Result(
        data=[_data(each) for each in found],
        text=table(HEADERS, [_row(each) for each in found]) + total if found else "No recipients.",
        code=OK if sent else NOTHING,
    )


def _row(preview: Preview) -> tuple[object, ...]:
    return (
        preview.recipient,
        preview.channel,
        preview.address,
        preview.status,
        " – ".join(filter(None, (str(preview.reason.label), preview.detail))),
        f"{preview.due_at:%Y-%m-%d %H:%M} UTC" if preview.due_at else "",
        _cost(preview),
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
        "detail": preview.detail,
        "provider": preview.provider,
        "segments": asdict(preview.segments) if preview.segments else None,
        "cost": str(preview.cost) if preview.cost is not None else None,
        "message": asdict(preview.message) if preview.message else None,
        "error": preview.error,
    }


def _cost(preview: Preview) -> str:
    """2 × GSM-7, 0.0158 USD."""
    segments = f"{preview.segments.parts} × {preview.segments.encoding}" if preview.segments else ""
    cost = f"{plain(preview.cost)} {conf.get().CURRENCY}" if preview.cost is not None else ""
    return ", ".join(filter(None, (segments, cost)))


def _text(message: Message | None) -> str:
    """The line that a person sees first."""
    heading = getattr(message, "subject", "") or getattr(message, "title", "")
    return " — ".join(filter(None, (heading, getattr(message, "text", ""))))
