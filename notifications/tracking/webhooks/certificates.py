"""Signing certificates from the web: fetched once, kept for a day."""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from notifications.tracking.webhooks.base import Forbidden, Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

logger = logging.getLogger(__name__)

KEPT, REFUSAL_KEPT = timedelta(days=1), timedelta(minutes=5)
MOST_KEPT = 64
TIMEOUT_SECONDS = 5
MOST_BYTES = 65_536


class Certificates:
    """The public keys of certificates by their URL, for the threads of a process.

    What is no certificate is remembered too, so that forged posts do not make us ask again and again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[RSAPublicKey | None, datetime]] = {}

    def key(self, url: str, now: datetime) -> RSAPublicKey:
        """The key of the certificate at a URL that may be trusted. Raises `Forbidden`, `Unavailable`."""
        found = self._kept(url, now)
        if found is None:
            with self._lock:  # so that the posts of one moment fetch it once
                found = self._kept(url, now) or self._fetched(url, now)
        if found[0] is None:
            raise Forbidden("There is no valid certificate at the SigningCertURL.")
        return found[0]

    def _kept(self, url: str, now: datetime) -> tuple[RSAPublicKey | None, datetime] | None:
        found = self._known.get(url)
        return found if found and now < found[1] else None

    def _fetched(self, url: str, now: datetime) -> tuple[RSAPublicKey | None, datetime]:
        try:
            found: tuple[RSAPublicKey | None, datetime] = _read(fetch(url), now)
        except Forbidden as refusal:
            logger.warning("Refused the certificate at %s: %s", url, refusal)
            found = None, now + REFUSAL_KEPT
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[url] = found
        return found


def _read(pem: bytes, now: datetime) -> tuple[RSAPublicKey, datetime]:
    """The key, and until when it may be used."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    try:
        certificate = load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except Exception as error:  # cryptography raises many things for what is no certificate
        raise Forbidden(f"It cannot be read: {type(error).__name__}.") from error
    if not isinstance(key, RSAPublicKey):
        raise Forbidden(f"Its key is {type(key).__name__}, not RSA.")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Forbidden("It is not valid now.")
    return key, min(now + KEPT, certificate.not_valid_after_utc)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A trusted host must not send us to another one."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def fetch(url: str) -> bytes:
    """What stands at a URL that was found to be trustworthy. Raises `Forbidden` if nothing does, `Unavailable`."""
    open_: Callable[..., Any] = urllib.request.build_opener(_NoRedirect()).open
    try:
        with open_(url, timeout=TIMEOUT_SECONDS) as answer:
            body: bytes = answer.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code < 500 and error.code != 429:
            raise Forbidden(f"{url} answered {error.code}.") from error
        raise Unavailable(f"{url} answered {error.code}.") from error
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{url} could not be fetched: {type(error).__name__}.") from error
    if len(body) > MOST_BYTES:
        raise Forbidden(f"{url} is larger than {MOST_BYTES:,} bytes.")
    return body
