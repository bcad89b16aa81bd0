"""The frozen values that pass between channels and providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a channel hands a provider. `delivery_id` travels to the provider, so that its receipts find us."""

    delivery_id: UUID
    channel: str
    to: str
    type: str = ""
    language: str = ""
    critical: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file that goes along with a message: made when it is sent, and kept nowhere.

    `content_type` is such as application/pdf, without parameters. `method` is that of a calendar, such as REQUEST.
    """

    name: str
    content_type: str
    content: bytes = field(repr=False)
    method: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailMessage(Message):
    """An email to one person, with HTML and plain text."""

    subject: str
    text: str
    html: str
    to_name: str = ""
    from_email: str
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


MEDIA_MAX = 10
"""pictures that go along with a text message, at the most"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SmsMessage(Message):
    """A text message; `to` is an E.164 number.

    `expires_at`: it must not arrive later. `media_urls` are public and fetched by the provider. `sender` is a number or
    a name that it comes from; empty: the provider's own. `country` is that of the number, such as IN, and `segments`
    how many parts the text has: what it costs depends on both. With media it is None: an MMS is not charged by parts.
    """

    text: str
    expires_at: datetime | None = None
    media_urls: tuple[str, ...] = ()
    sender: str = ""
    country: str = ""
    segments: int | None = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PushMessage(Message):
    """A push message; `to` is a device's address as `notifications.devices` writes it, `link` what a tap opens."""

    title: str
    text: str
    link: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    """the URL of a picture"""
    badge: int | None = None
    """the number on the app's icon; 0 takes it away, None leaves it as it is"""
    collapse_key: str = ""
    """the newest of those that share it takes the place of the others"""
    expires_at: datetime | None = None
    """when it is no longer worth showing: for how long it is kept for a device that is off"""
    high_priority: bool = False
    """wakes a sleeping device, as a critical message does"""


@dataclass(frozen=True, kw_only=True, slots=True)
class InAppMessage(Message):
    """What stands in the inbox; `to` is the user's primary key."""

    title: str
    text: str
    link: str = ""


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot store: NUL characters and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


PROVIDER_ID_MAX_LENGTH = 200
ReceiptState = Literal["sent", "delivered", "failed", "bounced"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a provider says of a message: at once as the answer to `send`, or later by webhook, poll or look-up.

    `cost` is in the currency of the deployment, `None` when the provider does not tell it. `segments` are the parts
    that a text message is charged as.
    """

    delivery_id: UUID
    state: ReceiptState = "sent"
    provider: str = ""
    provider_id: str = ""
    code: str = ""
    detail: str = ""
    cost: Decimal | None = None
    segments: int | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("provider_id", "code", "detail"):  # whatever a server answered
            object.__setattr__(self, name, storable(getattr(self, name)))
        object.__setattr__(self, "provider_id", self.provider_id[:PROVIDER_ID_MAX_LENGTH])
