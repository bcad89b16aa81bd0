"""What `notify` would do: who, on which channel, when, with which text, and who is left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.db import models

from notifications import clock
from notifications.channels import sms_segments
from notifications.channels.registry import get_channel
from notifications.channels.sms_segments import Segments
from notifications.exceptions import HeldOut, NotificationError
from notifications.messages import Message, SmsMessage
from notifications.models import Reason, Status
from notifications.pipeline import failover, gate, spending
from notifications.pipeline.gate import Candidate
from notifications.pipeline.render import render
from notifications.services import recipients
from notifications.services.send import check, plan
from notifications.templating import texts
from notifications.types import NotificationType

EXAMPLE_CODE = "47"
"""stands for the code of an answer, which a message gets when it is sent"""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One delivery as it would be. `message` is None, and `error` says why, if its text cannot be made.

    `provider` is the first that can carry it, and `cost` what that one would charge: None where no price is known.
    """

    recipient: Any
    channel: str
    address: str
    status: Status
    reason: Reason
    due_at: datetime | None
    detail: str = ""
    message: Message | None = None
    segments: Segments | None = None
    """of a text message without pictures"""
    provider: str = ""
    cost: Decimal | None = None
    error: str = ""


def preview(
    instance: NotificationType,
    *,
    to: Any = None,
    at: datetime | time | None = None,
    subject: models.Model | None = None,
) -> Iterator[Preview]:
    """The deliveries that `notify` with the same arguments would make, by the same code. Nothing is stored or sent.

    Raises what `notify` would raise, except that unreachable recipients are shown rather than refused.
    """
    request = check(instance, at=at, subject=subject)
    texts.refresh()
    for users in recipients.chunks(instance.recipients() if to is None else to):
        for _, deliveries in plan(request, users):
            candidates = [Candidate(each, instance) for each in deliveries]
            gate.prime(candidates)
            yield from (_preview(each) for each in candidates)


def _preview(candidate: Candidate) -> Preview:
    delivery = candidate.delivery
    status, reason, detail = Status(delivery.status), Reason(delivery.reason), delivery.detail
    message, provider, error = None, "", ""
    if status != Status.SKIPPED:
        try:
            if verdict := gate.check(candidate, clock.now()):
                status, reason, detail = verdict.status, verdict.reason, verdict.detail
            code = EXAMPLE_CODE if candidate.instance.answers else ""
            message = render(delivery, candidate.instance, code, to_be_sent=False)
            channel = get_channel(delivery.channel)
            takers = failover.takers(channel, message)
            if channel.providers and not takers:
                status, reason, detail = Status.FAILED, Reason.NOT_CARRIED, failover.not_carried(channel)
            provider = next(iter(takers), "")
        except HeldOut:
            status, reason = Status.SKIPPED, Reason.HELD_OUT
        except NotificationError as failure:
            error = str(failure)
    return Preview(
        recipient=delivery.notification.recipient,
        channel=delivery.channel,
        address=delivery.address,
        status=status,
        reason=reason,
        due_at=delivery.due_at,
        detail=detail,
        message=message,
        segments=sms_segments.count(message.text) if isinstance(message, SmsMessage) and message.segments else None,
        provider=provider,
        cost=spending.estimate(message, provider) if message and provider else None,
        error=error,
    )
