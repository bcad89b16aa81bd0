"""The channel seam: one class knows how to address and word a message of its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from notifications.exceptions import PhoneNumberError
from notifications.messages import Attachment, Message, storable
from notifications.models import ContactPoint, Delivery, Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where one message goes."""

    address: str
    contact_point_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One template of a channel, `templates/notifications/<key>/<name>`, and whether a type must have it."""

    name: str
    required: bool = True
    styled: bool = False
    """it is a whole page of HTML, whose styles are written into its elements"""

    @property
    def is_html(self) -> bool:
        """Whether values are escaped in it."""
        return self.name.endswith(".html")


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a message is made of: the rendered parts (part name → text), and what goes with them."""

    parts: Mapping[str, str]
    link: str = ""
    """absolute, what a click opens"""
    language: str
    unsubscribe_url: str = ""
    """empty: nobody can unsubscribe from this type"""
    open_url: Callable[[], str] | None = None
    """gives the address of a picture that tells of opening, or ""; None: opening is not tracked"""
    click_url: Callable[[str], str] | None = None
    """target → the address that leads there; None: clicks are not tracked"""
    stream: str = "transactional"
    """one of `notifications.types.STREAMS`"""
    attachments: tuple[Attachment, ...] = ()
    """empty where the channel takes none"""
    media: tuple[str, ...] = ()
    """absolute addresses of pictures; empty where the channel takes none"""
    neutral: bool = False
    """it says only that there is a message, and what goes with it may say no more"""
    sms_smart: bool = True
    """whether characters that make an SMS dearer may be replaced"""
    sms_parts: int | None = None
    """an SMS is shortened to so many parts; None: as the channel says"""


@dataclass(kw_only=True)
class Channel(ABC):
    """A configured channel. Its dataclass fields, `name` and `providers` apart, are the `OPTIONS` it takes."""

    leaves_app: ClassVar[bool] = True
    """False for the inbox: it always succeeds, so it never counts when a fallback is decided"""
    every_address: ClassVar[bool] = False
    """True: sent to all of a person's addresses (devices); False: to the primary one"""
    secure: ClassVar[bool] = False
    """whether what is sensitive may be said: neither a phone company nor who sees a lock screen reads along"""
    attaches: ClassVar[bool] = False
    """whether files go along with its messages"""
    takes_media: ClassVar[bool] = False
    """whether pictures go along with its messages, by their addresses"""
    takes_answers: ClassVar[bool] = False
    """whether a person can answer its messages by a word"""
    parts: ClassVar[tuple[Part, ...]]

    name: str
    providers: tuple[str, ...] = ()
    """aliases, in order of preference"""
    user_field: str = ""
    """the user's field with the address of a person who has no contact point"""
    require_verified: bool = True
    """an address that its owner typed in counts once it is verified; what staff or an app entered counts as given"""

    def checked(self, address: str) -> str:
        """An address in the form that messages go to. Raises `PhoneNumberError` for one that they do not go to."""
        return address

    def addresses(self, user: Any, contact_points: Sequence[ContactPoint]) -> tuple[list[Address], Reason, str]:
        """Where to reach a person, given the person's contact points on this channel; if nowhere, reason and detail.

        An address that messages do not go to is passed over for the next one.
        """
        counted = [each for each in contact_points if not (self.require_verified and each.is_unverified)]
        usable = [each for each in counted if each.disabled_at is None]
        if usable:
            usable.sort(key=lambda each: (not each.is_primary, each.verified_at is None, each.pk))
            return self._reachable([Address(address=each.address, contact_point_id=each.pk) for each in usable])
        if counted:
            return [], Reason.ADDRESS_DISABLED, ""
        if address := str(getattr(user, self.user_field, "") or "") if self.user_field else "":
            return self._reachable([Address(address=address)])
        return [], Reason.ADDRESS_UNVERIFIED if contact_points else Reason.NO_ADDRESS, ""

    def _reachable(self, addresses: Sequence[Address]) -> tuple[list[Address], Reason, str]:
        """All of these that messages go to, or the first one, as the channel is."""
        found, refusal = [], ""
        for each in addresses:
            try:
                found.append(replace(each, address=self.checked(each.address)))
            except PhoneNumberError as error:
                refusal = refusal or str(error)
            if found and not self.every_address:
                break
        return (found, Reason.NONE, "") if found else ([], Reason.NUMBER_REFUSED, refusal)

    @abstractmethod
    def message(self, delivery: Delivery, content: Content) -> Message:
        """The message."""


_CONTROL = {number: None for number in (*range(32), 127) if chr(number) not in "\t\n\r"}


def one_line(text: str) -> str:
    """The text without line breaks and control characters, and with single spaces: titles and subjects."""
    return " ".join(storable(text).translate(_CONTROL).split())


def envelope(delivery: Delivery, content: Content) -> dict[str, Any]:
    """The fields that all messages have."""
    return {
        "delivery_id": delivery.pk,
        "channel": delivery.channel,
        "to": delivery.address,
        "type": "" if content.neutral else delivery.notification.type,
        "language": content.language,
        "critical": delivery.priority == 0,
    }


def text_of(content: Content, name: str) -> str:
    """A plain-text part: no control characters, no blank lines at its ends, no spaces at the ends of its lines."""
    return "\n".join(
        line.rstrip() for line in storable(content.parts.get(name, "")).translate(_CONTROL).strip().splitlines()
    )
