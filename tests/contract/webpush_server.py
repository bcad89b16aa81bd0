"""A push service on loopback, and the browsers behind it: checks who sends, and decrypts what it takes.

It holds to RFC 8030, 8188, 8291 and 8292 by code of its own, none of which the sender uses.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications import devices
from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import Answer, HttpServer, Request

BODY_MAX_BYTES = 4096
SUBJECT = "mailto:push@clinic.example"
OTHER_KEY = (
    "the VAPID credentials in the authorization header do not correspond to the credentials used to create the "
    "subscriptions."
)
"""what Google says of a key that is not that of the subscription"""


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass(frozen=True)
class Browser:
    """What a browser keeps of its subscription."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes

    def decrypt(self, body: bytes) -> bytes:
        """RFC 8291, section 4. Raises `ValueError` or `InvalidTag`."""
        salt, record_size, key_length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + key_length], body[21 + key_length :]
        if len(record) > record_size:
            raise ValueError("more than one record")
        secret = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        info = b"WebPush: info\x00" + public_bytes(self.key) + sender
        material = _derived(secret, self.auth, info, 32)
        key = _derived(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _derived(material, salt, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\x00")
        if padded[-1:] != b"\x02":
            raise ValueError("the last record does not end as it should")
        return padded[:-1]


def _derived(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)


@dataclass(frozen=True)
class Push:
    """A message that was taken: by which browser, with which headers, and what it says."""

    browser: str
    headers: dict[str, str]
    content: dict[str, Any]


class WebPushServer(HttpServer):
    """`pushes` are the messages that it took; `claims` those of the last token."""

    refusals = {
        Scenario.TEMPORARY: Answer(503, {}, b"try later"),
        Scenario.RATE_LIMIT: Answer(429, {"Retry-After": str(int(RETRY_AFTER.total_seconds()))}, b"slow down"),
        Scenario.PERMANENT: Answer(413, {}, b"payload too large"),
        Scenario.BAD_ADDRESS: Answer(410, {}, b"gone"),
    }

    nonsense = Answer(204)  # there is nothing in an answer that could make no sense

    def __init__(self, sender: str, **options: Any) -> None:
        """`sender` is the public key that browsers were told when they subscribed."""
        self.sender = sender
        self.browsers: dict[str, Browser] = {}
        self.pushes: list[Push] = []
        self.claims: dict[str, Any] = {}
        self._taking = threading.Lock()
        super().__init__(**options)

    def subscribe(self, name: str = "laptop") -> str:
        """The address of a new browser."""
        browser = Browser(ec.generate_private_key(ec.SECP256R1()), name.ljust(16, ".").encode()[:16])
        self.browsers[name] = browser
        keys = {"auth": encoded(browser.auth), "p256dh": encoded(public_bytes(browser.key))}
        return str(devices.webpush({"endpoint": f"{self.url}push/{name}", "expirationTime": None, "keys": keys}))

    def take(self, request: Request) -> Answer:
        browser = self.browsers.get(request.path.removeprefix("/push/"))
        if browser is None:
            return Answer(404, {}, b"no such subscription")
        if wrong := self._wrong_sender(request):
            return Answer(403, {}, wrong.encode())
        if wrong := _wrong_headers(request):
            return Answer(400, {}, wrong.encode())
        if len(request.body) > BODY_MAX_BYTES:
            return Answer(413, {}, b"payload too large")
        content = json.loads(browser.decrypt(request.body))
        with self._taking:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.pushes.append(Push(request.path.removeprefix("/push/"), headers, content))
            return Answer(201, {"Location": f"{self.url}message/{len(self.pushes)}", "TTL": headers["ttl"]})

    def taken(self) -> list[UUID]:
        return [UUID(each.content["delivery_id"]) for each in self.pushes]

    def _wrong_sender(self, request: Request) -> str:
        found = re.fullmatch(r"vapid t=([\w.-]+), ?k=([\w-]+)", request.headers["Authorization"] or "")
        if not found:
            return "no VAPID credentials"
        if found[2] != self.sender:
            return OTHER_KEY
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(found[2]))
        try:
            self.claims = jwt.decode(
                found[1],
                key,
                algorithms=["ES256"],
                audience=self.url.rstrip("/"),
                options={"require": ["exp", "aud", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            return str(error)
        if self.claims["exp"] > time.time() + 24 * 3600:
            return "the token is good for more than a day"
        return "" if self.claims["sub"] == SUBJECT else "the subject is wrong"


def _wrong_headers(request: Request) -> str:
    headers = request.headers
    if not re.fullmatch(r"\d+", headers["TTL"] or ""):
        return "no TTL"
    if headers["Content-Encoding"] != "aes128gcm":
        return "not encrypted"
    if headers["Urgency"] not in ("very-low", "low", "normal", "high"):
        return "urgency"
    return "" if re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("Topic", "t")) else "topic"
