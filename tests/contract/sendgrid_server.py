"""SendGrid's v3 mail API on loopback: takes what its published description allows, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from jsonschema import Draft202012Validator

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import Answer, HttpServer, Request, answer_json

API_KEY = "SG.contract"
NOW = 1_900_000_000
"""by the clock of this server"""
RECIPIENTS_MAX = 1_000
BODY_MAX_BYTES = 30_000_000
CUSTOM_ARGUMENTS_MAX_BYTES = 10_000
SUBSTITUTIONS_MAX_BYTES = 10_000
_SCHEMA = json.loads((Path(__file__).parent / "data" / "sendgrid_mail_send.json").read_text())


def refusal(status: int, message: str, field: str | None = None, **headers: str) -> Answer:
    """An error in SendGrid's words."""
    return answer_json(status, {"errors": [{"message": message, "field": field, "help": None}]}, **headers)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What one person gets, and what SendGrid tells us of it later."""

    to: dict[str, str]
    subject: str
    contents: dict[str, str]
    headers: dict[str, str]
    custom_args: dict[str, str]
    shared: dict[str, Any]
    """all else that the request says: sender, categories, tracking"""


class SendGridServer(HttpServer):
    """`mails` are the bodies of the requests that it took, `message_ids` what it called them."""

    refusals = {
        Scenario.TEMPORARY: refusal(503, "service unavailable"),
        Scenario.RATE_LIMIT: refusal(
            429,
            "too many requests",
            Date=formatdate(NOW, usegmt=True),
            X_RateLimit_Limit="600",
            X_RateLimit_Remaining="0",
            X_RateLimit_Reset=str(NOW + int(RETRY_AFTER.total_seconds())),
        ),
        Scenario.PERMANENT: refusal(400, "The attachment content must be base64 encoded.", "attachments.0.content"),
        Scenario.BAD_ADDRESS: refusal(400, "Does not contain a valid address.", "personalizations.0.to.0.email"),
    }

    def __init__(self, **options: Any) -> None:
        self.mails: list[dict[str, Any]] = []
        self.message_ids: list[str] = []
        self._validator = Draft202012Validator(_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
        self._taking = threading.Lock()
        super().__init__(**options)

    def take(self, request: Request) -> Answer:
        if request.path != "/v3/mail/send":
            return refusal(404, "not found")
        if request.headers["Authorization"] != f"Bearer {API_KEY}":
            return refusal(401, "The provided authorization grant is invalid, expired, or revoked")
        if request.headers["Content-Type"] != "application/json":
            return refusal(415, "Content-Type should be application/json.")
        if len(request.body) > BODY_MAX_BYTES:
            return refusal(413, "content too large")
        mail = request.json
        wrong = next(self._validator.iter_errors(mail), None)
        if wrong is not None:
            return refusal(400, wrong.message[:200], ".".join(map(str, wrong.absolute_path)))
        for index, person in enumerate(mail["personalizations"]):
            where = f"personalizations.{index}"
            if len(json.dumps(person.get("custom_args", {})).encode()) > CUSTOM_ARGUMENTS_MAX_BYTES:
                return refusal(400, "Custom arguments over 10000 bytes.", f"{where}.custom_args")
            if len(json.dumps(person.get("substitutions", {})).encode()) > SUBSTITUTIONS_MAX_BYTES:
                return refusal(400, "Substitutions over 10000 bytes.", f"{where}.substitutions")
            if not person.get("subject", mail.get("subject")):
                return refusal(400, "The subject is required.", f"{where}.subject")
        addresses = [each["email"].lower() for person in mail["personalizations"] for each in person["to"]]
        if len(addresses) > len(set(addresses)):
            return refusal(400, "Each unique email address should only be included once.", "personalizations")
        if len(addresses) > RECIPIENTS_MAX:
            return refusal(400, "There is a limit of 1000 total recipients per request.", "personalizations")
        with self._taking:
            self.mails.append(mail)
            self.message_ids.append(uuid4().hex[:22])
            return Answer(202, {"X-Message-Id": self.message_ids[-1]})

    def taken(self) -> list[UUID]:
        people = [person for mail in self.mails for person in mail["personalizations"]]
        return [UUID(person["custom_args"]["delivery_id"]) for person in people]

    def delivered(self) -> list[Delivered]:
        """The mails that people get."""
        return [_expanded(mail, person) for mail in self.mails for person in mail["personalizations"]]


def _expanded(mail: dict[str, Any], person: dict[str, Any]) -> Delivered:
    [to] = person["to"]
    tags = person.get("substitutions", {})
    own = {"personalizations", "subject", "content", "headers"}
    return Delivered(
        to=to,
        subject=_substituted(person.get("subject") or mail["subject"], tags),
        contents={each["type"]: _substituted(each["value"], tags) for each in mail["content"]},
        headers={**mail.get("headers", {}), **person.get("headers", {})},
        custom_args=person["custom_args"],
        shared={name: value for name, value in mail.items() if name not in own},
    )


def _substituted(text: str, tags: dict[str, str]) -> str:
    """SendGrid does not say in which order it replaces them, nor whether a value may hold another tag."""

    def replaced(items: Iterable[tuple[str, str]]) -> str:
        found = text
        for tag, value in items:
            found = found.replace(tag, value)
        return found

    found = replaced(tags.items())
    assert found == replaced(reversed(tags.items())), "the order of substitutions matters"
    assert not any(tag in found for tag in tags)
    return found
