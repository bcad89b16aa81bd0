"""What to do with a delivery that may have been sent: started, with no outcome.

In this order: a receipt that came in has closed it already; the provider can be asked: ask; the provider gives
receipts and was silent: it never took it, send again; none of these: the type decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from notifications import conf
from notifications.exceptions import NotificationError
from notifications.messages import Receipt
from notifications.models import Delivery, Kind, Reason, Status
from notifications.models.outbox import Settlement
from notifications.models.states import SUCCEEDED
from notifications.pipeline.outcome import DETAIL_MAX_LENGTH, STATUS_OF, Outcome, cost_of, said
from notifications.providers.base import Provider
from notifications.types import get_type


def crashed(delivery: Delivery, now: datetime, *, fence: datetime, window: timedelta) -> Outcome:
    """Its worker died while the request was open: wait for a receipt before anything else."""
    return _outcome(
        delivery,
        now,
        fence,
        status=Status.UNKNOWN,
        reason=Reason.OUTCOME_UNKNOWN,
        detail="Its worker stopped while the request was open.",
        due_at=now + window,
        attempts=delivery.attempts - 1,
        kind=Kind.UNKNOWN,
    )


def decide(
    delivery: Delivery,
    provider: Provider | None,
    answer: Receipt | BaseException | None,
    now: datetime,
    *,
    fence: datetime,
) -> Outcome:
    """The outcome of an unknown delivery. `answer` is what the look-up gave; None: never taken, or not asked."""
    attempts = delivery.attempts - 1  # asking is no attempt
    if isinstance(answer, Receipt):
        status, kind = STATUS_OF[answer.state]
        ended_well = status in SUCCEEDED
        return _outcome(
            delivery, now, fence, status=status, reason=Reason.NONE if ended_well else Reason.REPORTED,
            detail=answer.detail[:DETAIL_MAX_LENGTH], attempts=attempts,
            kind=Kind.RECONCILED if ended_well else kind, provider_id=answer.provider_id,
            cost=cost_of(delivery, answer), segments=answer.segments or delivery.segments,
        )  # fmt: skip
    if isinstance(answer, BaseException):
        if delivery.attempts < conf.get().MAX_ATTEMPTS:  # asking again is harmless, but not for ever
            wait = timedelta(seconds=provider.reconcile_seconds if provider else 60)
            return _outcome(
                delivery, now, fence, status=Status.UNKNOWN, reason=Reason.OUTCOME_UNKNOWN,
                detail=f"Look-up failed: {said(answer)}", due_at=now + wait,
                attempts=delivery.attempts, kind=Kind.UNKNOWN,
            )  # fmt: skip
    elif provider is not None and (provider.can_look_up or provider.gives_receipts):
        if attempts >= conf.get().MAX_ATTEMPTS:
            return _outcome(
                delivery, now, fence, status=Status.FAILED, reason=Reason.OUT_OF_ATTEMPTS, detail=delivery.detail,
                attempts=attempts, kind=Kind.FAILED, cost=None,
            )  # fmt: skip
        return _outcome(
            delivery, now, fence, status=Status.PENDING, reason=Reason.NEVER_TAKEN, detail=delivery.detail,
            due_at=now, attempts=attempts, started_at=None, kind=Kind.RECONCILED, cost=None,
        )  # fmt: skip
    if _resends(delivery) and delivery.attempts <= conf.get().MAX_ATTEMPTS:
        return _outcome(
            delivery, now, fence, status=Status.PENDING, reason=Reason.RESENT, detail=delivery.detail,
            due_at=now, attempts=attempts, started_at=None, kind=Kind.RECONCILED,
        )  # fmt: skip
    return _outcome(
        delivery, now, fence, status=Status.FAILED, reason=Reason.NOT_RESENT, detail=delivery.detail,
        attempts=attempts, kind=Kind.FAILED,
    )  # fmt: skip


def _resends(delivery: Delivery) -> bool:
    if delivery.notification.cancelled_at is not None:
        return False
    try:
        return get_type(delivery.notification.type).resends_if_unknown()
    except NotificationError:  # the type was removed from the code
        return False


def _outcome(delivery: Delivery, now: datetime, fence: datetime, *, kind: Kind, **values: Any) -> Outcome:
    values.setdefault("started_at", delivery.started_at)
    values.setdefault("provider_id", delivery.provider_id)
    values.setdefault("segments", delivery.segments)
    values.setdefault("cost", delivery.cost)  # it may have been sent, and so cost something
    crashes = delivery.crashes - 1  # this claim brought nobody down; those before it still count
    settlement = Settlement(
        id=delivery.pk, fence=fence, provider=delivery.provider, settled_at=now, crashes=crashes, **values
    )
    data = {"provider": delivery.provider, "reason": values["reason"]}
    return Outcome(settlement=settlement, kind=kind, data=data)
