"""Amazon SNS's side on loopback: it signs, serves its certificate, and takes confirmations."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

URL = "/notifications/webhooks/ses/"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:mail"
PATH = "/SimpleNotificationService-0123456789abcdef.pem"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: Any = _KEY, *, days: tuple[int, int] = (-1, 1)) -> bytes:
    """A certificate of a key, valid from and to so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


GOOD = certificate()
BAD = {
    "no certificate": b"<html>not found</html>",
    "another key": certificate(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "expired": certificate(days=(-10, -1)),
    "not yet valid": certificate(days=(1, 10)),
    "no RSA": certificate(ec.generate_private_key(ec.SECP256R1())),
    "endless": GOOD + b" " * 100_000,
}


class SnsHost:
    """What the host of SNS does: `answers` are its pages, `asked` counts the requests for each path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, tuple[int, bytes]] = {PATH: (200, GOOD), "/": (200, b"<ConfirmSubscriptionResponse/>")}
        self.asked: Counter[str] = Counter()
        self.confirmed: list[str] = []

    def message(
        self, text: str = "", *, kind: str = "Notification", version: str = "2", **values: str
    ) -> dict[str, Any]:
        """A signed message. `values` replace its fields before it is signed."""
        query = {"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": "token"}
        fields = {
            "Type": kind,
            "MessageId": str(uuid4()),
            "TopicArn": TOPIC,
            "Message": text,
            "Timestamp": timestamp(),
            "SignatureVersion": version,
            "SigningCertURL": f"{self.url}{PATH}",
            **({"Token": "token", "SubscribeURL": f"{self.url}/?{urlencode(query)}"} if kind != "Notification" else {}),
            **values,
        }
        names = (
            ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
            if kind == "Notification"
            else ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        )
        text_to_sign = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        hashed = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - version 1
        signature = _KEY.sign(text_to_sign.encode(), padding.PKCS1v15(), hashed)
        return {**fields, "Signature": base64.b64encode(signature).decode()}

    def event(self, record: dict[str, Any], **values: str) -> dict[str, Any]:
        """A signed notification of an event of SES."""
        return self.message(json.dumps(record), Subject="Amazon SES Email Event Notification", **values)


def timestamp(age: timedelta = timedelta()) -> str:
    """A time as SNS writes it."""
    return (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def post(client: Any, message: dict[str, Any]) -> Any:
    """Post a message as SNS does, which calls its JSON plain text."""
    headers = {"x-amz-sns-message-type": message.get("Type", "")}
    return client.post(URL, json.dumps(message), content_type="text/plain; charset=UTF-8", headers=headers)


@contextmanager
def sns_host() -> Iterator[SnsHost]:
    """A running host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            host.asked[parts.path] += 1
            status, body = host.answers.get(parts.path, (404, b"no such page"))
            if parts.query and status == 200:
                host.confirmed += parse_qs(parts.query)["Token"]
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = SnsHost(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
