"""What `notify` would do: who, on which channel, when, with which text, and who is left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db import models

from notifications import clock
from notifications.exceptions import NotificationError
from notifications.messages import Message
from notifications.models import Reason, Status
from notifications.pipeline import gate
from notifications.pipeline.gate import Candidate
from notifications.pipeline.render import render
from notifications.services import recipients
from notifications.services.send import check, plan
from notifications.types import NotificationType

EXAMPLE_CODE = "47"
"""stands for the code of an answer, which a message gets when it is sent"""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One delivery as it would be. `message` is None, and `error` says why, if its text cannot be made."""

    recipient: Any
    channel: str
    address: str
    status: Status
    reason: Reason
    due_at: datetime | None
    message: Message | None = None
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
    for users in recipients.chunks(instance.recipients() if to is None else to):
        for _, deliveries in plan(request, users):
            candidates = [Candidate(each, instance) for each in deliveries]
            gate.prime(candidates)
            yield from (_preview(each) for each in candidates)


def _preview(candidate: Candidate) -> Preview:
    delivery = candidate.delivery
    status, reason = Status(delivery.status), Reason(delivery.reason)
    message, error = None, ""
    if status != Status.SKIPPED:
        try:
            if verdict := gate.check(candidate, clock.now()):
                status, reason = verdict.status, verdict.reason
            message = render(delivery, candidate.instance, EXAMPLE_CODE if candidate.instance.answers else "")
        except NotificationError as failure:
            error = str(failure)
    return Preview(
        recipient=delivery.notification.recipient,
        channel=delivery.channel,
        address=delivery.address,
        status=status,
        reason=reason,
        due_at=delivery.due_at,
        message=message,
        error=error,
    )
