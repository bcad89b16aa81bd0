"""The addresses of devices for push messages: of which kind one is, and its id there.

    fcm:<registration token, or installation id>       an app, reached through Firebase Cloud Messaging
    topic:<name>                                       all apps that subscribed to an FCM topic, such as one for a role
    webpush:{"endpoint":…,"keys":{"auth":…,"p256dh":…}}  a browser's subscription (RFC 8030, RFC 8291)

A Web Push endpoint is a URL that a browser, or whoever claims to be one, has given us: `webpush_host_is_allowed` says
whether a request may go there.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from notifications.exceptions import DeviceError, known

FCM, TOPIC, WEBPUSH = "fcm", "topic", "webpush"
KINDS = (FCM, TOPIC, WEBPUSH)
WEBPUSH_HOSTS = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""the push services of Chrome, Chromium without Google's keys, Firefox, Safari and Edge; others use Chrome's"""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TOKEN_MAX_LENGTH = ENDPOINT_MAX_LENGTH = 2048  # an index of PostgreSQL holds no more than 2,704 bytes
TOPIC_MAX_LENGTH = 900
POINT_BYTES, AUTH_BYTES = 65, 16

_FORM = 'It is {"endpoint": "https://…", "keys": {"auth": "…", "p256dh": "…"}}.'
_TOKEN = re.compile(r"[A-Za-z0-9_:.%=+/~-]+")
_TOPIC = re.compile(r"[A-Za-z0-9_.~%-]+")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_URL = re.compile(r"[!-\[\]-~]+")  # ASCII without spaces and backslash, which clients read in different ways
# Names only: the last part of a number, in whatever notation, begins with a digit.
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?")

# The curve P-256: y² = x³ - 3x + _B (mod _P).
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


@dataclass(frozen=True, slots=True)
class Device:
    """A device's address: `str(device)` is the one text for it, and `parse` reads it."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def subscription(self) -> dict[str, Any]:
        """Of a browser: {"endpoint": …, "keys": {"auth": …, "p256dh": …}}, the keys in base64url without padding."""
        if self.kind != WEBPUSH:
            raise DeviceError(f"A device of kind {self.kind} has no subscription; only {WEBPUSH} has.")
        found: dict[str, Any] = json.loads(self.id)
        return found


def kind_of(address: str) -> str:
    """What an address says to be of; empty when it names no kind that there is."""
    kind, colon, _ = address.partition(":")
    return kind if colon and kind in KINDS else ""


def parse(address: str) -> Device:
    """The device of an address, in its canonical form. Raises `DeviceError`, which does not show the id."""
    kind, _, id_ = address.partition(":")
    if not kind_of(address):
        raise DeviceError(f"A device address starts with its kind and a colon, not with {kind[:20]!r}. {known(KINDS)}")
    if kind == FCM:
        return Device(kind, _matching(_TOKEN, "registration token", id_, TOKEN_MAX_LENGTH))
    if kind == TOPIC:
        return Device(kind, _matching(_TOPIC, "topic", id_, TOPIC_MAX_LENGTH))
    try:
        subscription = json.loads(id_)
    except (ValueError, RecursionError):
        raise DeviceError("The subscription of a browser is not JSON.") from None
    return webpush(subscription)


def webpush(subscription: Any) -> Device:
    """The device of a browser's `PushSubscription.toJSON()`. Raises `DeviceError`."""
    keys = subscription.get("keys") if isinstance(subscription, dict) else None
    if not isinstance(keys, dict):
        raise DeviceError(f"The subscription of a browser has no keys. {_FORM}")
    endpoint = _text("endpoint", subscription.get("endpoint"))
    _check_endpoint(endpoint)
    kept = {
        "auth": _key("auth", _text("keys.auth", keys.get("auth")), AUTH_BYTES),
        "p256dh": _key("p256dh", _text("keys.p256dh", keys.get("p256dh")), POINT_BYTES),
    }
    return Device(WEBPUSH, json.dumps({"endpoint": endpoint, "keys": kept}, separators=(",", ":")))


def webpush_host_is_allowed(endpoint: str, allowed: Collection[str] = WEBPUSH_HOSTS) -> bool:
    """Whether a request may go to an endpoint.

    `allowed` are host names, "*.example.com" for all below one, and for tests "127.0.0.1:<port>". A host is reached by
    https, on its standard port, without user or password, and never by a number. Where a name leads is for its owner to
    say, so none but trusted owners belong there.
    """
    parts = _parts(endpoint)
    if parts is None:
        return False
    host, port = parts.hostname or "", parts.port
    if host in LOOPBACK:
        return f"{host}:{port}" in allowed
    if parts.scheme != "https" or port not in (None, 443) or not _HOST.fullmatch(host):
        return False
    names = [each.lower() for each in allowed]
    return any(host.endswith(each[1:]) if each.startswith("*.") else host == each for each in names)


def _matching(pattern: re.Pattern[str], name: str, text: str, longest: int) -> str:
    if not 0 < len(text) <= longest:
        raise DeviceError(f"A {name} has 1 to {longest} characters, not {len(text)}.")
    if not pattern.fullmatch(text):
        wrong = sorted({each for each in text if not pattern.fullmatch(each)})
        raise DeviceError(f"A {name} has only letters, digits and some signs; not {''.join(wrong)[:20]!r}.")
    return text


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise DeviceError(f"The subscription of a browser has no {name}. {_FORM}")
    return value


def _check_endpoint(endpoint: str) -> None:
    if len(endpoint) > ENDPOINT_MAX_LENGTH:
        raise DeviceError(f"An endpoint has up to {ENDPOINT_MAX_LENGTH} characters, not {len(endpoint)}.")
    parts = _parts(endpoint)
    if parts is None or not parts.hostname:
        raise DeviceError("The endpoint is no URL of a host.")
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
        raise DeviceError(f"The endpoint is not https, but {parts.scheme or 'without a scheme'}.")


def _parts(url: str) -> SplitResult | None:
    """None for what different clients might read differently, or holds a user."""
    if not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it raises when the port is no number
    except ValueError:
        return None
    return None if "@" in parts.netloc else parts


def _key(name: str, text: str, size: int) -> str:
    """A key in base64url without padding."""
    bare = text.rstrip("=")
    try:
        if not _BASE64URL.fullmatch(bare):  # which Python would read all the same
            raise ValueError
        key = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raise DeviceError(f"keys.{name} is not base64url.") from None
    if len(key) != size:
        raise DeviceError(f"keys.{name} has {size} bytes, not {len(key)}.")
    if size == POINT_BYTES and not _is_point(key):
        raise DeviceError(f"keys.{name} is no uncompressed point of the curve P-256.")
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def _is_point(key: bytes) -> bool:
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    return key[0] == 4 and x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0
