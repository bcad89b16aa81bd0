"""The gate: asked for a batch of deliveries just before they are sent. Each rule is one small function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType

from notifications.models import Cause, Delivery, InboxState, Reason, Status, Suppression
from notifications.models.suppression import normal
from notifications.types import NotificationType


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a delivery is not sent now. With `until` it waits; without, it ends in `status`."""

    status: Status
    reason: Reason
    detail: str = ""
    until: datetime | None = None


@dataclass(slots=True)
class Candidate:
    """A delivery at the gate, with its declared type. What the rules need of other tables is loaded by `prime`."""

    delivery: Delivery
    instance: NotificationType
    subject_gone: bool = False
    seen: bool = False
    suppression: Suppression | None = None
    reply_code: str = ""
    """what stands behind the words of an answer; empty: it cannot be answered"""


Rule = Callable[[Candidate, datetime], Verdict | None]


def prime(candidates: Sequence[Candidate]) -> None:
    """Load what the rules ask of other tables, for all together: a fixed number of queries, whatever their number."""
    _prime_subjects(candidates)
    _prime_seen(candidates)
    _prime_suppressions(candidates)


def check(candidate: Candidate, now: datetime) -> Verdict | None:
    """The first objection, or None: it may go. Call `prime` before. What the type's own code raises comes through."""
    return next(filter(None, (rule(candidate, now) for rule in RULES)), None)


def _cancelled(candidate: Candidate, now: datetime) -> Verdict | None:
    if candidate.delivery.notification.cancelled_at is not None:
        return Verdict(Status.CANCELLED, Reason.CANCELLED)
    return None


def _expired(candidate: Candidate, now: datetime) -> Verdict | None:
    expires_at = candidate.delivery.notification.expires_at
    if expires_at is not None and expires_at <= now:
        return Verdict(Status.EXPIRED, Reason.EXPIRED)
    return None


def _recipient_inactive(candidate: Candidate, now: datetime) -> Verdict | None:
    if not getattr(candidate.delivery.notification.recipient, "is_active", True):
        return Verdict(Status.SKIPPED, Reason.RECIPIENT_INACTIVE)
    return None


def _address_disabled(candidate: Candidate, now: datetime) -> Verdict | None:
    point = candidate.delivery.contact_point
    if point is not None and point.disabled_at is not None:
        return Verdict(Status.SKIPPED, Reason.ADDRESS_DISABLED, point.disabled_reason)
    return None


def _suppressed(candidate: Candidate, now: datetime) -> Verdict | None:
    suppression = candidate.suppression
    if suppression is None:
        return None
    reason = Reason.UNSUBSCRIBED if suppression.cause == Cause.UNSUBSCRIBED else Reason.SUPPRESSED
    since = f"since {suppression.created_at:%Y-%m-%d}: {suppression.get_cause_display()}"
    return Verdict(Status.SKIPPED, reason, since)


def _seen_before_fallback(candidate: Candidate, now: datetime) -> Verdict | None:
    if candidate.delivery.step > 0 and candidate.seen:
        return Verdict(Status.SKIPPED, Reason.SEEN)
    return None


def _no_longer_valid(candidate: Candidate, now: datetime) -> Verdict | None:
    if candidate.subject_gone:
        return Verdict(Status.SKIPPED, Reason.SUBJECT_GONE)
    if not candidate.instance.still_valid():
        return Verdict(Status.SKIPPED, Reason.NO_LONGER_VALID)
    return None


RULES: tuple[Rule, ...] = (
    _cancelled,
    _expired,
    _recipient_inactive,
    _address_disabled,
    _suppressed,
    _seen_before_fallback,
    _no_longer_valid,
)
"""In this order; the first that objects is the one that is stored."""


def _prime_subjects(candidates: Sequence[Candidate]) -> None:
    """Load the domain objects of all candidates, one query a model, and hand each to its type."""
    wanted: dict[int, set[str]] = defaultdict(set)
    for each in candidates:
        notification = each.delivery.notification
        if notification.subject_type_id is not None:
            wanted[notification.subject_type_id].add(notification.subject_id)
    found: dict[tuple[int, str], Any] = {}
    for type_id, ids in wanted.items():
        model = ContentType.objects.get_for_id(type_id).model_class()
        if model is not None:
            rows = model._default_manager.filter(pk__in=ids)
            found |= {(type_id, str(row.pk)): row for row in rows}
    for each in candidates:
        notification = each.delivery.notification
        if notification.subject_type_id is not None:
            subject = found.get((notification.subject_type_id, notification.subject_id))
            each.subject_gone = subject is None
            each.instance.prime(subject)


def _prime_seen(candidates: Sequence[Candidate]) -> None:
    """Whether the recipients of fallbacks have seen the notification: each alone, or all up to a mark."""
    fallbacks = [each for each in candidates if each.delivery.step > 0]
    marks = (
        InboxState.objects.in_bulk({each.delivery.notification.recipient_id for each in fallbacks}) if fallbacks else {}
    )
    for each in fallbacks:
        notification = each.delivery.notification
        mark = marks.get(notification.recipient_id)
        seen_through = max(filter(None, (mark.seen_through, mark.read_through)), default=None) if mark else None
        each.seen = bool(
            notification.seen_at
            or notification.read_at
            or (notification.position and seen_through and notification.position <= seen_through)
        )


def _prime_suppressions(candidates: Sequence[Candidate]) -> None:
    """The suppression of each address, for the category or for all. Nobody can unsubscribe from what is mandatory."""
    found = Suppression.objects.of({each.delivery.address for each in candidates if each.delivery.address})
    for each in candidates if found else ():
        delivery = each.delivery
        for category in ("", delivery.notification.category):
            suppression = found.get((delivery.channel, normal(delivery.address), category))
            if suppression and not (suppression.cause == Cause.UNSUBSCRIBED and each.instance.mandatory):
                each.suppression = suppression
