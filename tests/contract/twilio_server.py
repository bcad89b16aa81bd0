"""Twilio's message API on loopback: takes what its published description allows, and nothing else."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from jsonschema import Draft202012Validator

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import Answer, HttpServer, Request, answer_json

ACCOUNT, KEY = f"AC{'0a' * 16}", f"SK{'1b' * 16}"
TOKEN, SECRET = "token-contract", "secret-contract"
NUMBER, SERVICE = "+15005550006", f"MG{'2c' * 16}"
_SCHEMA = json.loads((Path(__file__).parent / "data" / "twilio_message.json").read_text())["$defs"]
_REQUEST, _MESSAGE = Draft202012Validator(_SCHEMA["request"]), Draft202012Validator(_SCHEMA["message"])
_FORM = _SCHEMA["request"]["properties"]


def refusal(status: int, code: int, message: str, **headers: str) -> Answer:
    """An error in Twilio's words."""
    info = f"https://www.twilio.com/docs/errors/{code}"
    return answer_json(status, {"code": code, "message": message, "more_info": info, "status": status}, **headers)


class TwilioServer(HttpServer):
    """`forms` are the requests that it took, `messages` what it made of them, by their sid."""

    refusals = {
        Scenario.TEMPORARY: refusal(503, 20503, "Service unavailable"),
        Scenario.RATE_LIMIT: refusal(
            429, 20429, "Too Many Requests", Retry_After=str(int(RETRY_AFTER.total_seconds()))
        ),
        Scenario.PERMANENT: refusal(400, 21620, "Invalid media URL(s)"),
        Scenario.BAD_ADDRESS: refusal(400, 21211, "The 'To' number +447700900123 is not a valid phone number."),
    }

    def __init__(self, **options: Any) -> None:
        self.forms: list[dict[str, Any]] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.status = "queued"
        self.details: dict[str, Any] = {}
        """what else it says of new messages"""
        self._taking = threading.Lock()
        super().__init__(**options)

    def take(self, request: Request) -> Answer:
        signed_in = {b64encode(f"{user}:{word}".encode()).decode() for user, word in ((ACCOUNT, TOKEN), (KEY, SECRET))}
        if request.headers["Authorization"].removeprefix("Basic ") not in signed_in:
            return refusal(401, 20003, "Authenticate")
        folder = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
        if request.path == f"{folder}.json":
            return self._create(request)
        found = self.messages.get(request.path.removeprefix(f"{folder}/").removesuffix(".json"))
        if found is None:
            return refusal(404, 20404, f"The requested resource {request.path} was not found")
        return answer_json(200, found)

    def taken(self) -> list[UUID]:
        return [delivery_id(form) for form in self.forms]

    def report(self, sid: str, status: str, **details: Any) -> None:
        """Something becomes of a message."""
        self.messages[sid] |= {"status": status, **details}
        _MESSAGE.validate(self.messages[sid])

    def _create(self, request: Request) -> Answer:
        if request.headers["Content-Type"] != "application/x-www-form-urlencoded":
            return refusal(415, 20415, "Unsupported media type")
        form = _typed(parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        wrong = next(_REQUEST.iter_errors(form), None)
        if wrong is not None:
            return refusal(400, 20001, f"{'.'.join(map(str, wrong.absolute_path))}: {wrong.message[:200]}")
        sid = f"{'MM' if 'MediaUrl' in form else 'SM'}{uuid4().hex}"
        now = formatdate(usegmt=True).replace("GMT", "+0000")
        uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}"
        message = {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": form.get("Body"),
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": str(len(form.get("MediaUrl", ()))),
            "num_segments": "1" if "From" in form else "0",
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": form["To"],
            "uri": f"{uri}.json",
            **self.details,
        }
        _MESSAGE.validate(message)
        with self._taking:
            self.forms.append(form)
            self.messages[sid] = message
        return answer_json(201, message)


def delivery_id(form: dict[str, Any]) -> UUID:
    """Ours, from the address of the status callback."""
    return UUID(parse_qs(urlsplit(form["StatusCallback"]).query)["delivery_id"][0])


def _typed(form: dict[str, list[str]]) -> dict[str, Any]:
    """The form as the description types it; what is not of its type stays a text, which the description refuses."""
    found: dict[str, Any] = {}
    for name, values in form.items():
        kind = _FORM.get(name, {}).get("type")
        if kind == "array":
            found[name] = values
        elif kind == "integer" and values[0].isdecimal():
            found[name] = int(values[0])
        else:
            found[name] = values[0] if len(values) == 1 else values
    return found
