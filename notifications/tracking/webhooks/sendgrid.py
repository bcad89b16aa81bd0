"""SendGrid's Event Webhook, signed: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from notifications.exceptions import ConfigurationError
from notifications.models import Cause, Kind
from notifications.tracking.webhooks.base import (
    Forbidden,
    Malformed,
    Post,
    ProviderEvent,
    Webhook,
    clean,
    delivery_id_in,
    identifier,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

logger = logging.getLogger(__name__)

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"

_KINDS = {
    "processed": Kind.ACCEPTED,
    "deferred": Kind.DEFERRED,
    "delivered": Kind.DELIVERED,
    "bounce": Kind.BOUNCED,
    "dropped": Kind.FAILED,
    "open": Kind.OPENED,
    "click": Kind.CLICKED,
    "spamreport": Kind.COMPLAINED,
    "unsubscribe": Kind.UNSUBSCRIBED,
    "group_unsubscribe": Kind.UNSUBSCRIBED,
}
_NOT_FOR_US = frozenset({"group_resubscribe", "account_status_change"})
"""coming back to a group there lifts nothing here: our own link does"""
_SOFT_BOUNCES = frozenset({"blocked", "expired"})
_DROPPED = {
    "bounced address": Cause.HARD_BOUNCE,
    "invalid": Cause.HARD_BOUNCE,
    "spam reporting address": Cause.COMPLAINT,
    "unsubscribed address": Cause.UNSUBSCRIBED,
}
"""SendGrid's own suppression lists, by the reason it gives"""
_MESSAGE_ID_END = re.compile(r"\.(?:filter|recvd)")
"""what follows the X-Message-Id that SendGrid answered with"""


class SendGridOptions(Protocol):
    """What the provider's options must hold."""

    alias: str
    webhook_public_key: str
    webhook_max_age_seconds: float


class SendGridWebhook(Webhook):
    """Batches of events as one JSON list, signed with ECDSA over P-256; an event comes again until it is taken."""

    provider: SendGridOptions

    def __init__(self, provider: SendGridOptions) -> None:
        super().__init__(provider)
        self._key = _public_key(provider) if provider.webhook_public_key else None

    @property
    def is_configured(self) -> bool:
        return self._key is not None

    def verify(self, post: Post) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        if self._key is None:
            raise Forbidden("There is no key to verify it with.")
        timestamp, signature = post.headers.get(TIMESTAMP, ""), post.headers.get(SIGNATURE, "")
        if not re.fullmatch(r"[0-9]{1,11}", timestamp):
            raise Forbidden(f"{TIMESTAMP} is missing, or no number of seconds.")
        age = post.received_at.timestamp() - int(timestamp)
        if abs(age) > self.provider.webhook_max_age_seconds:
            raise Forbidden(
                f"It was signed {age:.0f} s ago; {self.provider.webhook_max_age_seconds:.0f} s are allowed."
            )
        try:
            self._key.verify(
                base64.b64decode(signature, validate=True), timestamp.encode() + post.body, ECDSA(SHA256())
            )
        except ValueError:
            raise Forbidden(f"{SIGNATURE} is missing, or no base64.") from None
        except InvalidSignature:
            raise Forbidden(
                "The signature does not match: forged, changed on its way, or made with another key."
            ) from None

    def parse(self, post: Post) -> list[ProviderEvent]:
        try:
            found = json.loads(post.body)
        except (ValueError, RecursionError):
            raise Malformed("The body is no JSON.") from None
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise Malformed("The body is no list of JSON objects.")
        events = []
        for each in found:
            name = each.get("event")
            if not isinstance(name, str):
                raise Malformed("An event has no name.")
            if name in _KINDS:
                events.append(_event(name, each, post.received_at))
            elif name not in _NOT_FOR_US:
                logger.info("%s posted an event of unknown kind: %s", self.provider.alias, clean(name, 50))
        return events


def _public_key(options: SendGridOptions) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode(options.webhook_public_key))
    except ValueError:
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigurationError(
            f"The option webhook_public_key of provider '{options.alias}' is no P-256 key. "
            "Give the verification key as SendGrid's settings show it."
        )
    return key


def _event(name: str, told: Mapping[str, Any], received_at: datetime) -> ProviderEvent:
    kind, reason = _KINDS[name], clean(told.get("reason"))
    suppress: Cause | None = None
    if name == "bounce" and told.get("type") in _SOFT_BOUNCES:
        kind = Kind.SOFT_BOUNCED
    elif name == "bounce":
        suppress = Cause.HARD_BOUNCE
    elif name == "dropped":
        suppress = _DROPPED.get(reason.lower())
    elif kind in (Kind.COMPLAINED, Kind.UNSUBSCRIBED):
        suppress = Cause.COMPLAINT if kind == Kind.COMPLAINED else Cause.UNSUBSCRIBED
    message_id = told.get("sg_message_id")
    return ProviderEvent(
        event_id=_event_id(told),
        kind=kind,
        delivery_id=delivery_id_in(told.get("delivery_id")),
        provider_id=clean(_MESSAGE_ID_END.split(message_id)[0], 200) if isinstance(message_id, str) else "",
        at=_time(told.get("timestamp")) or received_at,
        code=clean(told.get("status"), 50) or clean(told.get("type"), 50),
        detail=reason or clean(told.get("response")),
        suppress=suppress,
        category_only=name == "group_unsubscribe",
        data={"machine": True} if told.get("sg_machine_open") is True else {},
    )


def _event_id(told: Mapping[str, Any]) -> str:
    """SendGrid's own; where there is none, the event itself stands for it."""
    given = told.get("sg_event_id")
    return identifier(given if isinstance(given, str) and given else json.dumps(told, sort_keys=True) + " ")


def _time(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None
