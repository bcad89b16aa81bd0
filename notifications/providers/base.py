"""The provider seam: one class knows one API."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.core.checks import CheckMessage

from notifications.exceptions import ProviderError
from notifications.messages import Message, Receipt


@dataclass(kw_only=True)
class Provider(ABC):
    """A configured provider. Its dataclass fields are the `OPTIONS` a deployment may set.

    One instance serves all threads of a process: keep clients and pooled connections on it, and import the
    provider's SDK in the method that makes the client, never at module level.
    """

    channels: ClassVar[tuple[str, ...]] = ()
    """which channels it serves"""
    local: ClassVar[bool] = False
    """it answers without a network: called in the worker's own thread, with its database connection"""
    webhook: ClassVar[str] = ""
    """class path of what reads its posts, a `notifications.tracking.webhooks.base.Webhook`; empty: it posts nothing"""

    alias: str
    timeout_seconds: float = 30
    """how long `send` may take at the most"""
    reconcile_seconds: float = 120
    """how long to wait for a receipt before an unknown outcome is decided"""

    @property
    def gives_receipts(self) -> bool:
        """Whether it tells later what became of a message: its silence then means that it never took it."""
        return False

    @property
    def can_look_up(self) -> bool:
        """Whether it can be asked for a message by our delivery id."""
        return False

    @property
    def can_poll(self) -> bool:
        """Whether it can be asked for messages by the ids that it gave them."""
        return False

    def takes(self, message: Message) -> bool:
        """Whether it can carry this message at all; another provider of the channel may."""
        return True

    @abstractmethod
    def send(self, message: Message) -> Receipt:
        """Hand over one message; called from several threads at once.

        Raises `TemporaryError`, `PermanentError`, `AddressError`, or `UnknownOutcome` once the request may have been
        taken. Anything else counts as temporary.
        """

    def together(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        """Which of these messages travel in one request: each in exactly one list, and in any order.

        Asked in the bulk lane only, for messages that were never tried. A list of several goes to `send_batch`.
        """
        return [[each] for each in messages]

    def send_batch(self, messages: Sequence[Message]) -> Sequence[Receipt | ProviderError]:
        """Hand over several messages, each of its own wording, in one request: what came of each, in order.

        What it raises is as of `send`, and of all of them. After a refusal of all, each is sent again alone.
        """
        raise NotImplementedError(f"{type(self).__name__} sends messages one by one.")

    def look_up(self, delivery_id: UUID) -> Receipt | None:
        """What became of a message, or None if the provider never took it. Raises `TemporaryError` if it cannot say."""
        raise LookupError(f"{type(self).__name__} cannot be asked for a message.")

    def poll(self, sent: Sequence[tuple[UUID, str]]) -> Iterable[Receipt]:
        """Receipts of messages that it took (delivery id, provider's id) and told nothing of since.

        They come one by one; those of messages that it does not know are left out. Raises `TemporaryError` once it
        cannot say: the receipts before that stand.
        """
        raise LookupError(f"{type(self).__name__} cannot be polled.")

    def fetch_receipts(self) -> Iterable[Receipt]:
        """Receipts to be fetched, from a provider that does not post them. Asked after each round of work."""
        return ()

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:  # noqa: B027 - optional
        """These fetched receipts are stored. Until then they must come again: a worker may die on the way."""

    def check(self) -> list[CheckMessage]:
        """System checks of its options."""
        return []
