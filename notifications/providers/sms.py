"""What SMS providers have in common."""

from __future__ import annotations

import re
import threading
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

from notifications.exceptions import AddressError, ConfigurationError, PermanentError, TemporaryError
from notifications.messages import Message, SmsMessage
from notifications.providers.base import Provider
from notifications.providers.options import check_libraries, check_url, options_of

DELIVERY_ID = "delivery_id"
"""under which our id travels with a message"""
TEXT_MAX_LENGTH = 1_600
"""characters; longer texts are refused by Twilio and by SNS"""
NUMBER = re.compile(r"\+?[0-9]{3,15}")
"""a sender that is a number: a short code, or one with the code of its country"""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_DIGITS = re.compile(r"\+?[0-9]{7,}")


@dataclass(kw_only=True)
class SmsProvider(Provider):
    """Hands each text message to an API, through its SDK.

    One client serves all threads. Each send ends in time, and a failure counts by what may have happened: before the
    request was written it is temporary, after that unknown, unless the service answered. What the operator has to put
    right, such as a wrong key or a sender that may not send, is temporary too: a message that waits for it, or takes
    another provider, is not lost.
    """

    channels: ClassVar[tuple[str, ...]] = ("sms",)
    service: ClassVar[str]
    """its name, in errors"""
    libraries: ClassVar[tuple[str, ...]]
    extra: ClassVar[str]
    """what to install: notifications[extra]"""
    sender: ClassVar[re.Pattern[str]]
    """what may stand in `senders`"""
    sender_form: ClassVar[str]
    """the same, in words"""

    senders: dict[str, str] = field(default_factory=dict)
    """country, such as GB → what messages to its numbers come from; others come from the sender of all"""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Any = None

    @abstractmethod
    def connect(self) -> Any:
        """The client, with bounded connections. Called once, with the first message: SDKs may be imported here.

        Raises `ConfigurationError`.
        """

    def client(self) -> Any:
        """The client, made when it is asked for first. Raises `TemporaryError`."""
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._connected()
        return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def sendable(self, message: Message) -> SmsMessage:
        """The message, if it can be sent at all. Raises `PermanentError` and `AddressError`."""
        if not isinstance(message, SmsMessage):
            raise PermanentError(f"{type(self).__name__} sends SmsMessage only, not {type(message).__name__}.")
        if not _E164.fullmatch(message.to):
            raise AddressError("The number is not in E.164, such as +447700900123.", code="format")
        if len(message.text) > TEXT_MAX_LENGTH:
            raise PermanentError(f"The text has {len(message.text):,} characters, more than {TEXT_MAX_LENGTH:,}.")
        return message

    def sender_of(self, message: SmsMessage) -> str:
        """What the message comes from: its own sender, or that of the number's country; "": the sender of all."""
        if message.sender or not self.senders:
            return message.sender
        return self.senders.get(country_of(message.to), "")

    def check(self) -> list[CheckMessage]:
        return [*check_libraries(self.where, self.libraries, self.extra, "notifications.sms"), *self._wrong_senders()]

    @property
    def where(self) -> str:
        """How checks name its options."""
        return options_of(self.alias)

    def check_url(self, option: str, url: str) -> list[CheckMessage]:
        """A base URL that shows credentials to whoever listens, or is none."""
        return check_url(self.where + option, url, "notifications.sms")

    def _wrong_senders(self) -> Iterator[CheckMessage]:
        for country, sender in self.senders.items():
            at = f"{self.where}['senders'][{country!r}]"
            if not _COUNTRY.fullmatch(country):
                hint = "Name countries as ISO 3166 does: GB, US, IN."
                yield Error(f"{at} is no country.", hint=hint, id="notifications.sms.E003")
            if not self.sender.fullmatch(sender):
                text = f"{at} is {sender!r}, which {self.service} cannot send from."
                yield Error(text, hint=f"Give {self.sender_form}.", id="notifications.sms.E004")

    def _connected(self) -> Any:
        try:
            return self.connect()
        except (ImportError, ConfigurationError) as error:
            raise TemporaryError(f"{self.where}: {type(error).__name__}: {error}") from error


def country_of(number: str) -> str:
    """The country of an E.164 number, such as GB; of one that is not assigned, the first with its code; or ""."""
    import phonenumbers  # large: only where countries differ

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.region_code_for_number(parsed)
    return found or phonenumbers.region_code_for_country_code(parsed.country_code or 0)


def without_numbers(text: str) -> str:
    """What a service said, without the phone numbers that it repeats."""
    return _DIGITS.sub("…", text)
