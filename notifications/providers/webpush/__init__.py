"""Push messages to browsers by Web Push (RFC 8030), encrypted for each (RFC 8291) and signed with VAPID (RFC 8292)."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error

from notifications import conf
from notifications.devices import LOOPBACK, WEBPUSH, WEBPUSH_HOSTS, webpush_host_is_allowed
from notifications.exceptions import PermanentError, TemporaryError, known
from notifications.messages import Message, PushMessage, Receipt
from notifications.providers.options import check_libraries, options_of
from notifications.providers.push import PushProvider, is_urgent
from notifications.providers.webpush import answers, payload

URGENCIES = ("very-low", "low", "normal", "high")

# Apple takes no subject with a name that cannot exist on the internet.
_SUBJECT = re.compile(r"(mailto:[^@\s]+@|https://)[\w-]+(\.[\w-]+)+(?<!\.local)(?<!\.invalid)(?<!\.localhost)")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*", re.IGNORECASE)


class _Client(NamedTuple):
    session: Any
    signer: Any
    """a `transport.vapid.Signer`"""
    process: int


@dataclass(kw_only=True)
class WebPushProvider(PushProvider):
    """Sends to the push service that a browser's subscription names, if that is one of `allowed_hosts`.

    The endpoint is a URL from outside, so no other host is ever reached, and no redirect followed. A push service tells
    of no message what became of it, and cannot be asked. What the service worker gets is JSON: title, body, tag,
    delivery_id, and where there are any link, image, lang, badge_count and the message's data, such as notification_id.
    """

    kinds: ClassVar[tuple[str, ...]] = (WEBPUSH,)

    vapid_private_key: str = field(repr=False)
    """in base64url or PEM: `manage.py vapid_keys` makes one"""
    vapid_subject: str
    """where a push service reaches the sender: mailto:… or https://…"""
    allowed_hosts: tuple[str, ...] = WEBPUSH_HOSTS
    urgency: str = "normal"
    """of messages that are neither critical nor of high priority"""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._client: _Client | None = None

    @property
    def public_key(self) -> str:
        """What a browser is told when it subscribes, its `applicationServerKey`. Raises `ValueError`."""
        from notifications.providers.transport import vapid

        return vapid.public_text(vapid.load(self.vapid_private_key))

    def send(self, message: Message) -> Receipt:
        push, device = self.read(message)
        subscription = device.subscription
        endpoint = subscription["endpoint"]
        host = urlsplit(endpoint).hostname or ""
        if not webpush_host_is_allowed(endpoint, self.allowed_hosts):
            text = f"No message may go to {host}: it is no push service. {known(self.allowed_hosts)}"
            raise PermanentError(text, code="host")
        body = payload.text_of(push)
        client = self._open()
        from pywebpush import webpush

        from notifications.providers.transport.http import attempt

        headers = self._headers(push) | {"Authorization": self._authorization(client, endpoint)}
        with attempt(self.timeout_seconds) as current:
            try:
                response = webpush(
                    subscription,
                    body,
                    headers=headers,
                    ttl=self.ttl_of(push),
                    timeout=self.timeout_seconds,
                    requests_session=client.session,
                )
            except Exception as error:
                told = answers.told(error, host, written=current.written)
                if told is None:
                    raise
                raise told from error
        if response.status_code not in answers.TAKEN:
            raise answers.refused(response, host)
        provider_id = answers.provider_id(response.headers)
        return Receipt(delivery_id=message.delivery_id, provider=self.alias, provider_id=provider_id)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.session.close()

    def check(self) -> list[CheckMessage]:
        found = check_libraries(options_of(self.alias), ("pywebpush",), "webpush", "notifications.webpush")
        if found:
            return found
        from notifications.providers.transport import vapid

        try:
            vapid.load(self.vapid_private_key)
        except ValueError as error:
            hint = "manage.py vapid_keys makes a pair; the public key goes to the browsers."
            found.append(self._wrong("E002", f"['vapid_private_key'] {error}", hint))
        if not _SUBJECT.fullmatch(self.vapid_subject):
            hint = "Say where a push service reaches you: mailto:push@example.com or https://example.com."
            found.append(self._wrong("E003", f"['vapid_subject'] is {self.vapid_subject!r}", hint))
        if self.urgency not in URGENCIES:
            found.append(self._wrong("E004", f"['urgency'] is {self.urgency!r}", f"Valid: {', '.join(URGENCIES)}."))
        found.extend(self.check_ttl("notifications.webpush.E005"))
        wrong = [each for each in self.allowed_hosts if not _is_host(each)]
        if wrong or not self.allowed_hosts:
            hint = "Give names such as fcm.googleapis.com or *.push.apple.com; left out, it has those of the browsers."
            text = f"has what is no host: {', '.join(wrong)}" if wrong else "is empty"
            found.append(self._wrong("E006", f"['allowed_hosts'] {text}", hint))
        return found

    def _wrong(self, number: str, text: str, hint: str) -> Error:
        return Error(f"{options_of(self.alias)}{text}.", hint=hint, id=f"notifications.webpush.{number}")

    def _headers(self, message: PushMessage) -> dict[str, str]:
        headers = {
            "Content-Type": "application/octet-stream",
            "Urgency": "high" if is_urgent(message) else self.urgency,
        }
        return {**headers, "Topic": payload.topic_of(message.collapse_key)} if message.collapse_key else headers

    def _authorization(self, client: _Client, endpoint: str) -> str:
        from py_vapid import VapidException

        parts = urlsplit(endpoint)
        port = f":{parts.port}" if parts.port not in (None, 443) else ""
        try:
            header: str = client.signer.authorization(f"{parts.scheme}://{parts.hostname}{port}")
        except VapidException as error:  # the operator's to put right
            raise TemporaryError(f"{options_of(self.alias)}: {error}") from error
        return header

    def _open(self) -> _Client:
        client = self._client
        if client is None or client.process != os.getpid():
            with self._lock:
                client = self._client
                if client is None or client.process != os.getpid():
                    client = self._client = self._opened()
        return client

    def _opened(self) -> _Client:
        try:
            import pywebpush  # noqa: F401 - to say so when it is missing
            import requests

            from notifications.providers.transport import http, vapid

            signer = vapid.Signer(vapid.load(self.vapid_private_key), self.vapid_subject)
        except (ImportError, ValueError) as error:
            what = "" if isinstance(error, ImportError) else "['vapid_private_key']"
            raise TemporaryError(f"{options_of(self.alias)}{what}: {error}") from error
        session = requests.Session()
        http.bound(session, f"https://{self.allowed_hosts[0].removeprefix('*.')}/", conf.get().CONCURRENCY)
        return _Client(session, signer, os.getpid())


def _is_host(name: str) -> bool:
    host, colon, port = name.rpartition(":")
    if colon:
        return host in LOOPBACK and port.isdecimal()
    return bool(_HOST.fullmatch(name)) and name.count(".") >= (2 if name.startswith("*.") else 1)
