"""VAPID keys and tokens (RFC 8292), by which a push service knows who sends.

This module imports cryptography: import it where a key is used.
"""

from __future__ import annotations

import base64
import time

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

CURVE = ec.SECP256R1
KEY_BYTES = 32
TOKEN_SECONDS = 12 * 3600
"""for how long a token is good; a day at the most"""
RENEW_SECONDS = 6 * 3600
"""how old a token is sent"""


def load(text: str) -> ec.EllipticCurvePrivateKey:
    """The private key in a text: 32 bytes in base64url, or PEM. Raises `ValueError`, which does not show it."""
    if "-----BEGIN" in text:
        # An environment variable may hold its line breaks as they are written in other languages.
        return _checked(text.replace("\\n", "\n").encode())
    try:
        number = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise ValueError("is neither base64url nor PEM") from None
    if len(number) != KEY_BYTES:
        raise ValueError(f"has {len(number)} bytes, not {KEY_BYTES}")
    try:
        return ec.derive_private_key(int.from_bytes(number, "big"), CURVE())
    except ValueError:
        raise ValueError("is no key of the curve P-256") from None


def private_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The key as `load` takes it, in base64url."""
    return _base64url(key.private_numbers().private_value.to_bytes(KEY_BYTES, "big"))


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """What a browser is told when it subscribes, its `applicationServerKey`, in base64url."""
    return _base64url(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def generate() -> ec.EllipticCurvePrivateKey:
    """A new key. Browsers that subscribed under another must subscribe again."""
    return ec.generate_private_key(CURVE())


class Signer:
    """Signs for one sender; `subject` is where push services reach it."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str) -> None:
        from py_vapid import Vapid02

        self._vapid, self._subject = Vapid02(key), subject
        self._signed: dict[str, tuple[float, str]] = {}

    def authorization(self, origin: str) -> str:
        """The header for an origin, such as https://fcm.googleapis.com. Raises `py_vapid.VapidException`."""
        now = time.time()
        made_at, header = self._signed.get(origin, (0.0, ""))
        if not 0 <= now - made_at < RENEW_SECONDS:  # below zero after this host's clock was put back
            claims = {"aud": origin, "exp": int(now) + TOKEN_SECONDS, "sub": self._subject}
            header = str(self._vapid.sign(claims)["Authorization"])
            self._signed[origin] = now, header
        return header


def _checked(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is no PEM of a private key without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, CURVE):
        raise ValueError("is no key of the curve P-256")
    return key


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
