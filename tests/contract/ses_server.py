"""Amazon SES on loopback: moto's server, behind a front that fails when it is told to and knows bulk emails."""

from __future__ import annotations

import base64
import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any
from uuid import UUID

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract import ses_bulk
from tests.contract.http_server import Answer, HttpServer, Request, answer_json
from tests.contract.moto_server import forwarded, reset

REGION = "eu-central-1"
KEY, SECRET = "AKIACONTRACT", "secret-contract"
SENDER = "mail@clinic.example"


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    """An error in the words of SES's API v2."""
    return answer_json(status, {"message": message}, x_amzn_ErrorType=code, **headers)


class SesServer(HttpServer):
    """Checks the signature's scope, hands requests to moto, and reads there what was taken."""

    refusals = {
        Scenario.TEMPORARY: refusal(503, "ServiceUnavailable", "Service Unavailable"),
        Scenario.RATE_LIMIT: refusal(
            429,
            "TooManyRequestsException",
            "Maximum sending rate exceeded.",
            Retry_After=str(int(RETRY_AFTER.total_seconds())),
        ),
        Scenario.PERMANENT: refusal(400, "MessageRejected", "Email contains illegal attachment"),
    }

    def __init__(self, moto_port: int, **options: Any) -> None:
        self._moto_port = moto_port
        self.entry_results: dict[str, dict[str, str]] = {}
        """address → what it says of that entry of a bulk email, instead of taking it"""
        super().__init__(**options)
        reset(moto_port)
        identity = json.dumps({"EmailIdentity": SENDER}).encode()
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20300101/{REGION}/ses/aws4_request"}
        answer = forwarded(moto_port, "/v2/email/identities", identity, {**headers, "Content-Type": "application/json"})
        assert answer.status == 200, answer.body

    def take(self, request: Request) -> Answer:
        scope = f"Credential={KEY}/"
        if scope not in request.headers["Authorization"] or f"/{REGION}/ses/" not in request.headers["Authorization"]:
            return refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        if request.path == ses_bulk.PATH:
            return self._take_bulk(request)
        return forwarded(self._moto_port, request.path, request.body, dict(request.headers))

    def _take_bulk(self, request: Request) -> Answer:
        if faults := ses_bulk.faults(request.body):
            return refusal(400, "BadRequestException", "; ".join(faults)[:500])
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
        results = []
        for entry, mail in zip(request.json["BulkEmailEntries"], ses_bulk.mails(request.json), strict=True):
            [to] = getaddresses(entry["Destination"]["ToAddresses"])
            if said := self.entry_results.get(to[1]):
                results.append(said)
                continue
            assert mail is not None, "it cannot be rendered"
            content = {"Raw": {"Data": base64.b64encode(mail).decode()}}
            single = {"Content": content, "Destination": {"ToAddresses": [to[1]]}}
            answer = forwarded(self._moto_port, "/v2/email/outbound-emails", json.dumps(single).encode(), headers)
            assert answer.status == 200, answer.body
            results.append({"Status": "SUCCESS", "MessageId": json.loads(answer.body)["MessageId"]})
        return answer_json(200, {"BulkEmailEntryResults": results})

    def mails(self) -> list[EmailMessage]:
        """The mails that SES took."""
        return [_parsed(each.raw_data.encode()) for each in self._stored]

    def message_ids(self) -> list[str]:
        """What SES called them."""
        return [str(each.id) for each in self._stored]

    def taken(self) -> list[UUID]:
        return [UUID(json.loads(each["X-Metadata"])["delivery_id"]) for each in self.mails()]

    @property
    def _stored(self) -> list[Any]:
        stored: list[Any] = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        return stored


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
