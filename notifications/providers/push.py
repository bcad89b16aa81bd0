"""What providers of push messages have in common."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from django.core.checks import CheckMessage, Error

from notifications import devices
from notifications.devices import Device
from notifications.exceptions import AddressError, DeviceError, PermanentError
from notifications.messages import Message, PushMessage
from notifications.providers.base import Provider
from notifications.providers.options import options_of

KEEP_MAX_SECONDS = 28 * 24 * 3600
"""four weeks: no push service keeps a message for longer"""
PAYLOAD_MAX_BYTES = 4096


@dataclass(kw_only=True)
class PushProvider(Provider):
    """Serves some kinds of device."""

    channels: ClassVar[tuple[str, ...]] = ("push",)
    kinds: ClassVar[Collection[str]]
    """those of `notifications.devices.KINDS` that it serves"""

    ttl_seconds: int = KEEP_MAX_SECONDS
    """for how long the service keeps a message that does not expire, while the device is off"""

    def takes(self, message: Message) -> bool:
        return isinstance(message, PushMessage) and devices.kind_of(message.to) in self.kinds

    def read(self, message: Message) -> tuple[PushMessage, Device]:
        """A message that it takes, and the device it goes to. Raises `PermanentError` or `AddressError`."""
        who = type(self).__name__
        if not isinstance(message, PushMessage):
            raise PermanentError(f"{who} sends PushMessage only, not {type(message).__name__}.")
        if not self.takes(message):
            kind = devices.kind_of(message.to) or "unknown"
            raise PermanentError(f"{who} serves devices of the kinds {', '.join(self.kinds)}; this one's is {kind}.")
        try:
            return message, devices.parse(message.to)
        except DeviceError as error:
            raise AddressError(str(error), code="malformed") from error

    def ttl_of(self, message: PushMessage) -> int:
        """For how many seconds the service keeps it for a device that is off; 0: it gets it now or not at all."""
        if message.expires_at is None:
            return self.ttl_seconds
        # This host's clock will do, and asks no database.
        left = (message.expires_at - datetime.now(UTC)).total_seconds()
        return int(min(max(left, 0), KEEP_MAX_SECONDS))

    def check_ttl(self, number: str) -> list[CheckMessage]:
        """That number of its checks."""
        if 0 <= self.ttl_seconds <= KEEP_MAX_SECONDS:
            return []
        text = f"{options_of(self.alias)}['ttl_seconds'] is {self.ttl_seconds}."
        return [Error(text, hint=f"Give a whole number from 0 to {KEEP_MAX_SECONDS}, which is four weeks.", id=number)]


def is_urgent(message: PushMessage) -> bool:
    """Whether it may wake a sleeping device."""
    return message.critical or message.high_priority
