"""The signed links with which a person unsubscribes: they name a delivery, and so one address and one category."""

from __future__ import annotations

from urllib.parse import urljoin
from uuid import UUID

from django.core import signing
from django.urls import NoReverseMatch, reverse

from notifications import conf

SALT = "notifications.unsubscribe"


def token(delivery_id: UUID) -> str:
    """The signed name of a delivery: no personal data in it, and no end, for the law asks for 30 days at least."""
    return signing.Signer(salt=SALT).sign(delivery_id.hex)


def delivery_of(given: str) -> UUID | None:
    """The delivery that a token names, or None for a forged one."""
    try:
        return UUID(signing.Signer(salt=SALT).unsign(given))
    except (signing.BadSignature, ValueError):
        return None


def url(delivery_id: UUID) -> str:
    """The link; empty where the project has not put `notifications.tracking.urls` into its URLs."""
    try:
        path = reverse("notify:unsubscribe", kwargs={"token": token(delivery_id)})
    except NoReverseMatch:
        return ""
    return urljoin(conf.get().BASE_URL, path)
