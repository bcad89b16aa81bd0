"""What the event records of Amazon SES say, in our own words. Their fields may lack, and others come without notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from notifications.models import Cause, Kind

Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """One record. The texts are as SES has them."""

    kind: Kind
    at: object = None
    code: object = ""
    detail: object = ""
    suppress: Cause | None = None
    category_only: bool = False


def understand(name: str, record: Fields) -> Meaning | None:
    """What a record of that event type says of its message; None: nothing."""
    if name not in _READERS:
        return None
    field, read = _READERS[name]
    about = record.get(field)
    return read(about if isinstance(about, dict) else {})


def _send(about: Fields) -> Meaning:
    return Meaning(kind=Kind.ACCEPTED)


def _delivery(about: Fields) -> Meaning:
    return Meaning(kind=Kind.DELIVERED, at=about.get("timestamp"), detail=about.get("smtpResponse"))


def _delay(about: Fields) -> Meaning:
    said = _first(about.get("delayedRecipients"))
    detail = said.get("diagnosticCode") or about.get("delayType")
    return Meaning(kind=Kind.DEFERRED, at=about.get("timestamp"), code=said.get("status"), detail=detail)


def _bounce(about: Fields) -> Meaning:
    # "Transient" and "Undetermined" may be a full mailbox, or an automatic reply to what did arrive.
    is_hard = about.get("bounceType") == "Permanent"
    said = _first(about.get("bouncedRecipients"))
    kinds = f"{about.get('bounceType', '')} {about.get('bounceSubType', '')}".strip()
    return Meaning(
        kind=Kind.BOUNCED if is_hard else Kind.SOFT_BOUNCED,
        at=about.get("timestamp"),
        code=said.get("status") or kinds,
        detail=said.get("diagnosticCode") or kinds,
        suppress=Cause.HARD_BOUNCE if is_hard else None,
    )


def _complaint(about: Fields) -> Meaning | None:
    if about.get("complaintFeedbackType") == "not-spam":
        return None
    # The address complained before, so that SES took this message and never sent it.
    was_sent = about.get("complaintSubType") != "OnAccountSuppressionList"
    return Meaning(
        kind=Kind.COMPLAINED if was_sent else Kind.FAILED,
        at=about.get("timestamp"),
        code=about.get("complaintSubType"),
        detail=about.get("complaintFeedbackType"),
        suppress=Cause.COMPLAINT,
    )


def _reject(about: Fields) -> Meaning:
    return Meaning(kind=Kind.FAILED, code="Reject", detail=about.get("reason"))


def _failure(about: Fields) -> Meaning:
    return Meaning(kind=Kind.FAILED, code="Rendering Failure", detail=about.get("errorMessage"))


def _open(about: Fields) -> Meaning:
    return Meaning(kind=Kind.OPENED, at=about.get("timestamp"))


def _click(about: Fields) -> Meaning:
    return Meaning(kind=Kind.CLICKED, at=about.get("timestamp"))


def _subscription(about: Fields) -> Meaning | None:
    wanted = about.get("newTopicPreferences")
    if not isinstance(wanted, dict):
        return None
    topics = wanted.get("topicSubscriptionStatus")
    from_all = wanted.get("unsubscribeAll") is True
    from_some = any(
        isinstance(each, dict) and each.get("subscriptionStatus") == "OptOut"
        for each in (topics if isinstance(topics, list) else ())
    )
    if not from_all and not from_some:
        return None  # coming back there lifts nothing here: our own link does
    return Meaning(
        kind=Kind.UNSUBSCRIBED,
        at=about.get("timestamp"),
        detail=about.get("source"),
        suppress=Cause.UNSUBSCRIBED,
        category_only=not from_all,
    )


_READERS: dict[str, tuple[str, Callable[[Fields], Meaning | None]]] = {
    "Send": ("send", _send),
    "Delivery": ("delivery", _delivery),
    "DeliveryDelay": ("deliveryDelay", _delay),
    "Bounce": ("bounce", _bounce),
    "Complaint": ("complaint", _complaint),
    "Reject": ("reject", _reject),
    "Rendering Failure": ("failure", _failure),
    "Open": ("open", _open),
    "Click": ("click", _click),
    "Subscription": ("subscription", _subscription),
}
"""event type → the record's part that tells of it, and who reads that"""


def _first(recipients: object) -> Fields:
    """Each message has one recipient."""
    found = recipients[0] if isinstance(recipients, list) and recipients else None
    return found if isinstance(found, dict) else {}
