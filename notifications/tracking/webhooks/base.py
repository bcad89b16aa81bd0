"""The webhook seam: one class knows what one provider posts, and how to tell that it is no forgery."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse

from notifications.exceptions import NotificationError
from notifications.models import Cause, Kind, Meaning
from notifications.services.reports import DETAIL_MAX_LENGTH

ID_MAX_LENGTH = 200

_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"""[^\s<>()\[\]:;,"'=@]{1,64}@[^\s<>()\[\]:;,"'@]{1,255}""")


class WebhookError(NotificationError):
    """A post is refused. Nothing of it was stored."""

    status: ClassVar[int]


class Malformed(WebhookError):
    """The body is not what it claims to be."""

    status = 400


class Forbidden(WebhookError):
    """It does not come from the provider, not now, or not for us."""

    status = 403


class Unavailable(WebhookError):
    """It cannot be verified at the moment; the provider will post it again."""

    status = 503


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """What was posted. `headers` are found whatever their case; `url` is the public one, with its query."""

    headers: Mapping[str, str]
    url: str
    body: bytes
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderEvent:
    """One event in our own words. It holds nothing personal: see `clean`."""

    event_id: str
    kind: Kind
    delivery_id: UUID | None
    """None: the message was not one of ours"""
    provider_id: str = ""
    is_ours: bool = False
    """without a delivery id: it is to be found by `provider_id`"""
    at: datetime
    code: str = ""
    detail: str = ""
    suppress: Cause | None = None
    """why nothing more may be sent to its address; None: it may"""
    category_only: bool = False
    """the suppression is for messages of the same category alone"""
    cost: Decimal | None = None
    segments: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """what else is worth a place in the timeline"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """A message that a person wrote to us. `address` is the person's, `to` our own."""

    provider_id: str
    channel: str
    address: str
    to: str
    text: str
    opt_out_type: str = ""
    """STOP, START or HELP, where the provider has understood it so"""
    data: Mapping[str, Any] = field(default_factory=dict)
    """what else is worth keeping"""


class Webhook(ABC):
    """What one provider posts. Named by its provider's class; its options are those of the provider."""

    content_types: ClassVar[tuple[str, ...]] = ("application/json",)

    def __init__(self, provider: Any) -> None:
        self.provider = provider

    @property
    @abstractmethod
    def is_configured(self) -> bool:
        """Whether the provider's options hold what `verify` needs. If not, nothing is taken."""

    @abstractmethod
    def verify(self, post: Post) -> None:
        """Raises `Forbidden` unless the provider signed it a short time ago, `Unavailable` if that cannot be told."""

    @abstractmethod
    def parse(self, post: Post) -> list[ProviderEvent]:
        """The events of a post that is verified. Those that say nothing of a message are left out.

        Raises `Malformed`.
        """

    def inbound(self, post: Post) -> list[Inbound]:
        """What people wrote, in a post that is verified and parsed."""
        return []

    def confirmation(self, meaning: Meaning) -> str:
        """What we answer to a keyword; "": the provider answers it."""
        return ""

    def answer(self, texts: Sequence[str]) -> HttpResponse:
        """The answer to a post that is stored, which sends these texts back to the person who wrote."""
        return HttpResponse(content_type="text/plain")

    def receive(self, post: Post) -> list[ProviderEvent]:
        """Verify, then parse. Raises `WebhookError`."""
        self.verify(post)
        return self.parse(post)


def clean(text: object, limit: int = DETAIL_MAX_LENGTH) -> str:
    """A provider's text without email addresses, and without what a database cannot store; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    found = _UNSTORABLE.sub("", text[:limit])
    return _ADDRESS.sub("…@…", found) if "@" in found else found


def identifier(text: str) -> str:
    """An id that fits its column: as it is, or a digest of it."""
    is_fit = 0 < len(text) <= ID_MAX_LENGTH and text.isascii() and text.isprintable()
    return text if is_fit else sha256(text.encode("utf-8", "replace")).hexdigest()


def delivery_id_in(value: object) -> UUID | None:
    """The delivery id that we gave a message, or None if it is none of ours."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
