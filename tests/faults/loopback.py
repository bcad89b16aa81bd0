"""A provider over real HTTP whose other end is the counting server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter

from notifications.exceptions import PermanentError, TemporaryError, UnknownOutcome
from notifications.messages import Message, Receipt, ReceiptState
from notifications.providers.base import Provider

POOL_SIZE = 64


@dataclass(kw_only=True)
class LoopbackProvider(Provider):
    """Posts each message; `mode` says whether its fate can be heard of later, and how."""

    channels: ClassVar[tuple[str, ...]] = ("receipts", "look_up", "neither", "sms")

    url: str
    mode: Literal["receipts", "look_up", "neither"] = "neither"
    connect_seconds: float = 2
    session: requests.Session = field(default_factory=requests.Session, init=False, repr=False)

    def __post_init__(self) -> None:
        self.session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=POOL_SIZE, pool_block=True))
        self.session.trust_env = False

    @property
    def gives_receipts(self) -> bool:
        return self.mode == "receipts"

    @property
    def can_look_up(self) -> bool:
        return self.mode == "look_up"

    def send(self, message: Message) -> Receipt:
        begun = time.monotonic()
        try:
            answer = self.session.post(
                f"{self.url}/messages",
                json={
                    "id": str(message.delivery_id),
                    "to": message.to,
                    "receipt": self.gives_receipts,
                    "text": getattr(message, "text", ""),
                },
                timeout=(self.connect_seconds, self.timeout_seconds),
                stream=True,
            )
            with answer:
                body = self._body(answer, until=begun + self.timeout_seconds)
        except requests.ConnectTimeout as error:
            raise TemporaryError(f"no connection: {error}") from error
        except requests.Timeout as error:
            raise UnknownOutcome(f"no answer within {self.timeout_seconds} s") from error
        except requests.ConnectionError as error:
            if "NewConnectionError" in repr(error):
                raise TemporaryError(f"no connection: {error}") from error
            raise UnknownOutcome(f"the connection broke: {error}") from error
        return self._understand(message, answer, body)

    def look_up(self, delivery_id: UUID) -> Receipt | None:
        answer = self._get(f"messages/{delivery_id}")
        if answer.status_code >= 500:
            raise TemporaryError(f"cannot be asked: answered {answer.status_code}")
        return self._receipt(delivery_id, answer.json()["state"]) if answer.status_code == 200 else None

    def fetch_receipts(self) -> Iterable[Receipt]:
        if not self.gives_receipts:
            return []
        return [self._receipt(UUID(each), "delivered") for each in self._get("receipts").json()]

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        ids = [str(each.delivery_id) for each in receipts]
        self.session.post(f"{self.url}/receipts", json=ids, timeout=self.timeout_seconds)

    def _get(self, path: str) -> requests.Response:
        try:
            return self.session.get(f"{self.url}/{path}", timeout=(self.connect_seconds, self.timeout_seconds))
        except requests.RequestException as error:
            raise TemporaryError(f"cannot be asked: {error}") from error

    def _body(self, answer: requests.Response, until: float) -> bytes:
        """The body, unless it takes too long as a whole: the library's own time-out is for each byte."""
        body = b""
        for chunk in answer.iter_content(chunk_size=1):
            body += chunk
            if time.monotonic() > until:
                raise UnknownOutcome(f"the answer was not complete within {self.timeout_seconds} s")
        return body

    def _understand(self, message: Message, answer: requests.Response, body: bytes) -> Receipt:
        code = str(answer.status_code)
        if answer.status_code == 429 or answer.status_code >= 500:
            told = answer.headers.get("Retry-After")
            wait = timedelta(seconds=float(told)) if told else None
            raise TemporaryError(f"answered {code}", code=code, retry_after=wait)
        if answer.status_code != 200:
            raise PermanentError(f"answered {code}", code=code)
        try:
            provider_id = json.loads(body)["provider_id"]
        except (ValueError, KeyError, TypeError) as error:
            raise UnknownOutcome(f"an answer that makes no sense: {body[:50]!r}") from error
        return self._receipt(message.delivery_id, "sent", provider_id=provider_id)

    def _receipt(self, delivery_id: UUID, state: ReceiptState, **values: Any) -> Receipt:
        return Receipt(delivery_id=delivery_id, state=state, provider=self.alias, **values)
