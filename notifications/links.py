"""The signed addresses that stand in messages: to unsubscribe, to follow a link, to say that it was opened.

Each names a delivery, holds no personal data, and has no end: the law asks for 30 days of unsubscribing at least. They
are empty where a project has not put `notifications.tracking.urls` into its URLs.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

from notifications import conf

_PLACE = "-place-"
_UNSUBSCRIBE = "notifications.unsubscribe"
_CLICK = "notifications.click"
_OPEN = "notifications.open"


def unsubscribe_url(delivery_id: UUID) -> str:
    """Where a person unsubscribes."""
    return _url("unsubscribe", _sign(_UNSUBSCRIBE, delivery_id))


def read_unsubscribe(token: str) -> UUID | None:
    """The delivery that a token names, or None for a forged one."""
    return _unsign(_UNSUBSCRIBE, token)


def open_url(delivery_id: UUID) -> str:
    """The picture whose loading tells that the message was opened."""
    return _url("open", _sign(_OPEN, delivery_id))


def read_open(token: str) -> UUID | None:
    """The delivery that a token names, or None for a forged one."""
    return _unsign(_OPEN, token)


def click_url(delivery_id: UUID, target: str) -> str:
    """An address that leads on to `target`. The signature covers it, so that it leads nowhere else."""
    return _url("click", signing.Signer(salt=_CLICK).sign_object([delivery_id.hex, target], compress=True))


def read_click(token: str) -> tuple[UUID, str] | None:
    """The delivery and the target that a token names, or None for a forged one."""
    try:
        hexadecimal, target = signing.Signer(salt=_CLICK).unsign_object(token)
        return UUID(hexadecimal), str(target)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _sign(salt: str, delivery_id: UUID) -> str:
    return signing.Signer(salt=salt).sign(delivery_id.hex)


def _unsign(salt: str, token: str) -> UUID | None:
    try:
        return UUID(signing.Signer(salt=salt).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _url(name: str, token: str) -> str:
    path = _path(name, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())
    return urljoin(conf.get().BASE_URL, path.replace(_PLACE, token)) if path else ""


@cache
def _path(name: str, urlconf: Any, prefix: str) -> str:
    """The path with `_PLACE` in it, made once: finding it takes longer than signing. Tokens need no quoting."""
    try:
        return reverse(f"notify:{name}", kwargs={"token": _PLACE})
    except NoReverseMatch:
        return ""
