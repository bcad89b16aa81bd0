"""Postmark's mail API on loopback, as far as one email needs it."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import Answer, HttpServer, Request, answer_json

TOKEN = "postmark-contract"
FIELDS = {
    "From": str, "To": str, "Cc": str, "Bcc": str, "Subject": str, "Tag": str, "HtmlBody": str, "TextBody": str,
    "ReplyTo": str, "Headers": list, "TrackOpens": bool, "TrackLinks": str, "Metadata": dict, "Attachments": list,
    "MessageStream": str,
}  # fmt: skip
"""field of an email → its type"""
INACTIVE = (
    "You tried to send to a recipient that has been marked as inactive. Found inactive addresses: ada@example.org."
    " Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
)


def refusal(status: int, code: int, message: str, **headers: str) -> Answer:
    """An error in Postmark's words."""
    return answer_json(status, {"ErrorCode": code, "Message": message}, **headers)


class PostmarkServer(HttpServer):
    """`mails` are the bodies of the requests that it took."""

    refusals = {
        Scenario.TEMPORARY: refusal(503, 100, "Maintenance"),
        Scenario.RATE_LIMIT: refusal(429, 429, "Too many", Retry_After=str(int(RETRY_AFTER.total_seconds()))),
        Scenario.PERMANENT: refusal(422, 300, "Invalid metadata content."),
        Scenario.BAD_ADDRESS: refusal(422, 406, INACTIVE),
    }
    nonsense = answer_json(200, 7)

    def __init__(self, **options: Any) -> None:
        self.mails: list[dict[str, Any]] = []
        self._taking = threading.Lock()
        super().__init__(**options)

    def take(self, request: Request) -> Answer:
        if request.path != "/email":
            return refusal(404, 0, "No such endpoint")
        if request.headers["X-Postmark-Server-Token"] != TOKEN:
            return refusal(401, 10, "Bad or missing Server API token.")
        mail = request.json
        if wrong := [name for name, value in mail.items() if not isinstance(value, FIELDS.get(name, ()))]:
            return refusal(422, 402, f"Invalid JSON: {', '.join(wrong)}")
        with self._taking:
            self.mails.append(mail)
        taken = {"To": mail["To"], "SubmittedAt": "2030-01-01T00:00:00Z", "MessageID": str(uuid4())}
        return answer_json(200, {**taken, "ErrorCode": 0, "Message": "OK"})

    def taken(self) -> list[UUID]:
        return [UUID(mail["Metadata"]["delivery_id"]) for mail in self.mails]
