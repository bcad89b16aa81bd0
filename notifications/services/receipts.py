"""Receipts that a provider gives when it is asked for them."""

from __future__ import annotations

from collections.abc import Iterable

from notifications.messages import Receipt
from notifications.models import Kind
from notifications.services.reports import Report, record

_KINDS = {
    "sent": Kind.ACCEPTED,
    "delivered": Kind.DELIVERED,
    "failed": Kind.FAILED,
    "bounced": Kind.BOUNCED,
}


def record_receipts(receipts: Iterable[Receipt]) -> int:
    """Apply receipts. One that says nothing new, comes late, or is for an unknown id changes nothing.

    Returns how many applied.
    """
    return record([_report(each) for each in receipts]).moved


def _report(receipt: Receipt) -> Report:
    return Report(
        delivery_id=receipt.delivery_id,
        kind=_KINDS[receipt.state],
        provider=receipt.provider,
        provider_id=receipt.provider_id,
        code=receipt.code,
        detail=receipt.detail,
        cost=receipt.cost,
        segments=receipt.segments,
        at=receipt.at,
    )
