"""SendGrid's side: events as its documentation shows them, signed as it signs them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.models import Delivery

URL = "/notifications/webhooks/sendgrid/"
SECRETS = ("ada@example.org", "255.255.255.255", "Mozilla", "my-secret-link")
"""what no row may hold"""


class Signer:
    """A key pair, and posts signed with it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """As SendGrid's settings show it."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def headers(self, body: bytes, *, age_seconds: float = 0) -> dict[str, str]:
        timestamp = str(int(time.time() - age_seconds))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }

    def post(self, client: Any, events: Any, *, age_seconds: float = 0, body: bytes | None = None) -> Any:
        """Post events, or a body that is none."""
        body = json.dumps(events).encode() if body is None else body
        headers = self.headers(body, age_seconds=age_seconds)
        return client.post(URL, body, content_type="application/json", headers=headers)


def event(name: str, delivery: Delivery | None = None, **values: Any) -> dict[str, Any]:
    """An event of a delivery; values replace its fields, None leaves one out."""
    fields = {
        "email": "ada@example.org",
        "timestamp": int(time.time()),
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": name,
        "category": ["tests.everywhere"],
        "sg_event_id": uuid4().hex,
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **({"delivery_id": str(delivery.pk)} if delivery else {}),
        **_DETAILS.get(name, {}),
        **values,
    }
    return {name: value for name, value in fields.items() if value is not None}


_DETAILS: dict[str, dict[str, Any]] = {
    "deferred": {"response": "400 try again later", "attempt": "5"},
    "delivered": {"response": "250 OK", "ip": "255.255.255.255", "tls": 1},
    "bounce": {
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 <ada@example.org>: no such user",
        "bounce_classification": "Invalid Address",
    },
    "dropped": {"reason": "Bounced Address", "status": "5.0.0"},
    "open": {"useragent": "Mozilla/5.0", "ip": "255.255.255.255", "sg_machine_open": False},
    "click": {"useragent": "Mozilla/5.0", "ip": "255.255.255.255", "url": "https://example.org/my-secret-link"},
    "unsubscribe": {"useragent": "Mozilla/5.0", "ip": "255.255.255.255"},
    "group_unsubscribe": {"asm_group_id": 10, "ip": "255.255.255.255"},
    "group_resubscribe": {"asm_group_id": 10, "ip": "255.255.255.255"},
}
