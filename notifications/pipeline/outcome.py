"""What a result means for a delivery: its next state, as one pure function. Nothing is read or written here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from notifications import conf, timing
from notifications.exceptions import (
    AddressError,
    AttachmentError,
    OptedOutError,
    PermanentError,
    PhoneNumberError,
    ProviderError,
    TemplateError,
    TemporaryError,
    TextTooLongError,
    UnknownOutcome,
)
from notifications.messages import Receipt, storable
from notifications.models import Delivery, Kind, Reason, Status
from notifications.models.outbox import Settlement
from notifications.pipeline.gate import Verdict

DETAIL_MAX_LENGTH = 1000
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(days=1)
"""what a provider may ask for: neither a storm of requests, nor for ever"""
PREPARATION_FAILED: dict[type[Exception], Reason] = {
    TemplateError: Reason.TEMPLATE_ERROR,
    AttachmentError: Reason.ATTACHMENT_REFUSED,
    PhoneNumberError: Reason.NUMBER_REFUSED,
    TextTooLongError: Reason.TEXT_TOO_LONG,
}
"""what trying again cannot put right"""
STATUS_OF = {
    "sent": (Status.SENT, Kind.ACCEPTED),
    "delivered": (Status.DELIVERED, Kind.DELIVERED),
    "failed": (Status.FAILED, Kind.FAILED),
    "bounced": (Status.BOUNCED, Kind.BOUNCED),
}
_KIND_OF_VERDICT = {
    Status.CANCELLED: Kind.CANCELLED,
    Status.EXPIRED: Kind.EXPIRED,
    Status.SKIPPED: Kind.SKIPPED,
    Status.FAILED: Kind.FAILED,
    Status.DELIVERED: Kind.DELIVERED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A settlement and the event that tells of it."""

    settlement: Settlement
    kind: Kind
    data: dict[str, Any] = field(default_factory=dict)
    disable_address: str = ""
    """why the address must not be used again; empty: it may"""
    opted_out: str = ""
    """what the provider said of the address's owner, who wants nothing more; empty: nothing of the kind"""
    stamp: UUID | None = None
    """that of the texts by which it was worded, if its text is stored now; None: it is not"""


def of_result(
    delivery: Delivery,
    result: Receipt | BaseException,
    now: datetime,
    *,
    fence: datetime,
    provider: str,
    reconcile: timedelta,
    latency_ms: float,
    providers: int = 1,
) -> Outcome:
    """The outcome of a request that was made. An error of unknown type counts as temporary.

    `providers` is how many the message has to choose from: what one could not take, the next is asked at once.
    """
    data: dict[str, Any] = {
        "provider": provider,
        "attempt": delivery.attempts,
        "latency_ms": round(latency_ms, 1),
    }
    common: dict[str, Any] = {
        "id": delivery.pk,
        "fence": fence,
        "attempts": delivery.attempts,
        "segments": delivery.segments,
        "settled_at": now,
    }
    common["provider"] = provider
    if isinstance(result, Receipt):
        status, kind = STATUS_OF[result.state]
        settlement = Settlement(
            **(common | {"segments": result.segments or delivery.segments}),
            status=status,
            reason=Reason.NONE if status in (Status.SENT, Status.DELIVERED) else Reason.REPORTED,
            detail=result.detail[:DETAIL_MAX_LENGTH],
            started_at=delivery.started_at,
            provider_id=result.provider_id,
            cost=cost_of(delivery, result),
        )
        return Outcome(settlement=settlement, kind=kind, data=data | {"provider_id": result.provider_id})

    detail = said(result)
    code = storable(result.code) if isinstance(result, ProviderError) else ""
    data |= {"error": detail} | ({"code": code} if code else {})
    if isinstance(result, UnknownOutcome):
        settlement = Settlement(
            **common,
            status=Status.UNKNOWN,
            reason=Reason.OUTCOME_UNKNOWN,
            detail=detail,
            due_at=now + reconcile,
            started_at=delivery.started_at,
            cost=delivery.cost,
        )
        return Outcome(settlement=settlement, kind=Kind.UNKNOWN, data=data)
    if isinstance(result, AddressError | PermanentError):
        bad_address, opted_out = isinstance(result, AddressError), isinstance(result, OptedOutError)
        reason = Reason.ADDRESS_REFUSED if bad_address else Reason.REFUSED
        reason = Reason.SUPPRESSED if opted_out else reason
        settlement = Settlement(**common, status=Status.FAILED, reason=reason, detail=detail)
        return Outcome(
            settlement=settlement,
            kind=Kind.FAILED,
            data=data,
            disable_address=detail[:200] if bad_address and not opted_out else "",
            opted_out=detail if opted_out else "",
        )
    return _retry(delivery, result, now, common=common, detail=detail, data=data, providers=providers)


def cost_of(delivery: Delivery, receipt: Receipt) -> Decimal | None:
    """What a message costs that a provider took: as it says, or else as was expected, for as many parts as it says."""
    if receipt.cost is not None:
        return receipt.cost
    if delivery.cost is None or not (receipt.segments and delivery.segments):
        return delivery.cost
    return delivery.cost * receipt.segments / delivery.segments


def healthy(result: object) -> bool | None:
    """What a result says of the provider: True, it works; False, it does not; None, neither (it asked to wait).

    What is neither `Receipt` nor exception is no answer that makes sense.
    """
    if isinstance(result, Receipt | AddressError | PermanentError):
        return True
    return None if isinstance(result, TemporaryError) and result.retry_after is not None else False


def _retry(
    delivery: Delivery,
    error: BaseException,
    now: datetime,
    *,
    common: dict[str, Any],
    detail: str,
    data: dict[str, Any],
    providers: int = 1,
) -> Outcome:
    settings = conf.get()
    told = error.retry_after if isinstance(error, TemporaryError) else None
    if told is not None and told > timedelta():
        common = common | {"attempts": delivery.attempts - 1}  # the provider said when; that is no failure
        due_at, reason = now + min(max(told, SHORTEST_WAIT), LONGEST_WAIT), Reason.RETRY_AFTER
    elif delivery.attempts >= settings.MAX_ATTEMPTS:
        settlement = Settlement(**common, status=Status.FAILED, reason=Reason.OUT_OF_ATTEMPTS, detail=detail)
        return Outcome(settlement=settlement, kind=Kind.FAILED, data=data)
    elif delivery.attempts % providers:
        due_at, reason = now, Reason.RETRYING
    else:
        wait = timing.backoff(
            delivery.attempts // providers,
            base=timedelta(seconds=settings.BACKOFF_BASE_SECONDS),
            ceiling=timedelta(seconds=settings.BACKOFF_MAX_SECONDS),
        )
        due_at, reason = now + wait, Reason.RETRYING
    settlement = Settlement(**common, status=Status.PENDING, reason=reason, detail=detail, due_at=due_at)
    return Outcome(settlement=settlement, kind=Kind.RETRYING, data=data | {"due_at": due_at})


def said(error: BaseException) -> str:
    """What an error says, as it is stored."""
    return storable(f"{type(error).__name__}: {error}")[:DETAIL_MAX_LENGTH]


def of_preparation_error(delivery: Delivery, error: Exception, now: datetime, *, fence: datetime) -> Outcome:
    """The outcome when no message could be made: failed if what it is made of is at fault, else retried."""
    common: dict[str, Any] = {
        "id": delivery.pk,
        "fence": fence,
        "attempts": delivery.attempts,
        "segments": delivery.segments,
        "settled_at": now,
    }
    detail = said(error)
    data: dict[str, Any] = {"error": detail}
    if isinstance(error, TemplateError):
        data |= {"template": error.template, "line": error.line}
    if reason := next((found for known, found in PREPARATION_FAILED.items() if isinstance(error, known)), ""):
        settlement = Settlement(**common, status=Status.FAILED, reason=reason, detail=detail)
        return Outcome(settlement=settlement, kind=Kind.FAILED, data=data)
    return _retry(delivery, error, now, common=common, detail=detail, data=data)


def of_verdict(delivery: Delivery, verdict: Verdict, now: datetime, *, fence: datetime, tried: int = 0) -> Outcome:
    """The outcome that a rule decided on. It burns no attempt, unless a request was made after all: `tried`."""
    waits = verdict.until is not None
    settlement = Settlement(
        id=delivery.pk,
        fence=fence,
        status=Status.PENDING if waits else verdict.status,
        reason=verdict.reason,
        detail=storable(verdict.detail)[:DETAIL_MAX_LENGTH],
        due_at=verdict.until,
        attempts=delivery.attempts - 1 + tried,
        segments=delivery.segments,
        settled_at=now,
    )
    kind = Kind.DEFERRED if waits else _KIND_OF_VERDICT[verdict.status]
    return Outcome(settlement=settlement, kind=kind, data={"reason": verdict.reason} if verdict.reason else {})
