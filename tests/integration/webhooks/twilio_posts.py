"""Twilio's side: forms as its documentation shows them, signed as it signs them, by no code of its SDK or ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

TOKEN = "12345678901234567890123456789012"
ACCOUNT = f"AC{'0a' * 16}"
NUMBER = "+15005550006"
BASE_URL = "https://clinic.example"
PATH = "/notifications/webhooks/twilio/"


def message_sid() -> str:
    """An id as Twilio makes them."""
    return f"SM{uuid4().hex}"


def signature(url: str, form: dict[str, str], token: str = TOKEN) -> str:
    """https://www.twilio.com/docs/usage/security#validating-requests"""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def post(client: Any, form: dict[str, str], *, query: str = "", token: str = TOKEN, **headers: str) -> Any:
    """Post a form to the webhook, as a proxy hands it on: to another host, without TLS."""
    signed = signature(f"{BASE_URL}{PATH}{query}", form, token)
    return client.post(
        f"{PATH}{query}",
        urlencode(form),
        content_type="application/x-www-form-urlencoded; charset=UTF-8",
        headers={"X-Twilio-Signature": signed, "Host": "10.0.0.7:8000", **headers},
    )


def status(name: str, sid: str | None = None, **values: str) -> dict[str, str]:
    """A status callback."""
    sid = sid or message_sid()
    return {
        "SmsSid": sid,
        "SmsStatus": name,
        "MessageStatus": name,
        "MessageSid": sid,
        "To": "+447700900123",
        "From": NUMBER,
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        **values,
    }


def inbound(text: str, number: str = "+447700900123", **values: str) -> dict[str, str]:
    """A message from a person."""
    sid = values.pop("MessageSid", message_sid())
    return {
        "ToCountry": "US",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": text,
        "To": NUMBER,
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": number,
        "ApiVersion": "2010-04-01",
        **values,
    }


def twilio(**options: Any) -> dict[str, Any]:
    """The provider's entry in PROVIDERS."""
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER, **options}
    return {"BACKEND": "notifications.providers.twilio.TwilioProvider", "OPTIONS": given}
