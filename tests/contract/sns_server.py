"""Amazon SNS on loopback: moto's server, behind a front that fails when it is told to."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID
from xml.sax.saxutils import escape

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import Answer, HttpServer, Request
from tests.contract.moto_server import forwarded, reset
from tests.contract.ses_server import KEY, REGION
from tests.contract.sns_marked import MARK

OPTED_OUT = "+447700900199"
"""moto's people whose number ends in 99 have opted out"""


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    """An error in SNS's words; X_Request_Id names the header X-Request-Id."""
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>7</RequestId></ErrorResponse>"
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "text/xml", **named}, body.encode())


class SnsServer(HttpServer):
    """Checks the signature's scope, hands requests to moto, and keeps the attributes, which moto drops."""

    refusals = {
        Scenario.TEMPORARY: refusal(503, "ServiceUnavailable", "Service Unavailable"),
        Scenario.RATE_LIMIT: refusal(
            429, "Throttling", "Rate exceeded", Retry_After=str(int(RETRY_AFTER.total_seconds()))
        ),
        Scenario.PERMANENT: refusal(400, "InvalidParameter", "Invalid parameter: Message too long"),
        Scenario.BAD_ADDRESS: refusal(400, "OptedOut", "The number is opted out"),
    }

    def __init__(self, moto_port: int, **options: Any) -> None:
        self.attributes: list[dict[str, tuple[str, str]]] = []
        """of each message taken: name → type and value"""
        self.asked: list[str] = []
        """numbers it was asked about"""
        self.answers_questions: Answer | None = None
        """what it says to each question while it is set"""
        self.refuses_after_question = False
        """whether it listens no longer once it has answered a question"""
        self._moto_port = moto_port
        self._taking = threading.Lock()
        reset(moto_port)
        super().__init__(**options)

    def take(self, request: Request) -> Answer:
        authorization = request.headers["Authorization"]
        if f"Credential={KEY}/" not in authorization or f"/{REGION}/sns/" not in authorization:
            return refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        answer = forwarded(self._moto_port, request.path, request.body, dict(request.headers))
        if form["Action"] != "Publish" and self.answers_questions is not None:
            answer = self.answers_questions
        with self._taking:
            if form["Action"] != "Publish":
                self.asked.append(form["phoneNumber"])
                if self.refuses_after_question:
                    self._hang_up(answer)
            elif answer.status == 200:
                self.attributes.append(_attributes(form))
        return answer

    def _hang_up(self, answer: Answer) -> None:
        """Answer this, and take no connection after that."""
        answer.headers["Connection"] = "close"
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None

    def taken(self) -> list[UUID]:
        """Of messages that `MarkedSnsProvider` sent."""
        return [UUID(each[MARK][1]) for each in self.attributes]

    def messages(self) -> list[tuple[str, str]]:
        """Number and text of the messages that SNS took."""
        return list(sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values())

    def message_ids(self) -> list[str]:
        """What SNS called them."""
        return list(sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages)


def _attributes(form: dict[str, str]) -> dict[str, tuple[str, str]]:
    found = {}
    for name, value in form.items():
        if name.endswith(".Name"):
            entry = f"{name.removesuffix('Name')}Value"
            found[value] = (form[f"{entry}.DataType"], form[f"{entry}.StringValue"])
    return found
