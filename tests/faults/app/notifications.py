"""Types that differ in how the fate of a message can be heard of, and one that kills its worker.

None is declared by importing this module: a test declares them for its own time.
"""

from __future__ import annotations

import os
from typing import Any

from notifications.types import NotificationType, register, unregister


class ViaReceipts(NotificationType):
    """Through a provider that tells later what it took."""

    key = "faults.via_receipts"
    channels = ("receipts",)

    text: str


class ViaLookUp(NotificationType):
    """Through a provider that can be asked."""

    key = "faults.via_look_up"
    channels = ("look_up",)

    text: str


class NeitherOnce(NotificationType):
    """Through a provider that never tells; at most once."""

    key = "faults.neither_once"
    channels = ("neither",)

    text: str


class NeitherAgain(NotificationType):
    """Through a provider that never tells; at least once."""

    key = "faults.neither_again"
    channels = ("neither",)
    resend_if_unknown = True

    text: str


class Deadly(NotificationType):
    """Ends the process that prepares it, as a crash in a C library would."""

    key = "faults.deadly"
    channels = ("look_up",)

    text: str

    def context(self, recipient: Any) -> dict[str, Any]:
        os._exit(9)


TYPES: tuple[type[NotificationType], ...] = (ViaReceipts, ViaLookUp, NeitherOnce, NeitherAgain, Deadly)


def declare() -> None:
    """Make the types known."""
    for each in TYPES:
        register(each)


def withdraw() -> None:
    """Forget them."""
    for each in TYPES:
        unregister(each.key)
