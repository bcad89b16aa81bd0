"""Types that differ in how the fate of a message can be heard of, and types that make trouble.

None is declared by importing this module: a test declares them for its own time.
"""

from __future__ import annotations

import os
from typing import Any

from django.db import connection

from notifications.types import NotificationType, Priority, register, unregister


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


class ByText(NotificationType):
    """By SMS, and nobody can unsubscribe from it."""

    key = "faults.by_text"
    channels = ("sms",)
    mandatory = True

    text: str


class Newsletter(NotificationType):
    """An email to many, which share requests."""

    key = "faults.newsletter"
    channels = ("email",)
    priority = Priority.LOW

    text: str


class Deadly(NotificationType):
    """Ends the process that prepares it, as a crash in a C library would."""

    key = "faults.deadly"
    channels = ("look_up",)

    text: str

    def context(self, recipient: Any) -> dict[str, Any]:
        os._exit(9)


class BrokenTemplate(NotificationType):
    """Its template has a mistake."""

    key = "faults.broken_template"
    channels = ("look_up",)

    text: str


class MissingTemplate(NotificationType):
    """It has no template."""

    key = "faults.missing_template"
    channels = ("look_up",)

    text: str


class Raising(NotificationType):
    """Its own code fails."""

    key = "faults.raising"
    channels = ("look_up",)

    text: str

    def context(self, recipient: Any) -> dict[str, Any]:
        raise ZeroDivisionError


class Picky(NotificationType):
    """Refuses, by its own rule, a payload that it once took."""

    key = "faults.picky"
    channels = ("look_up",)

    text: str

    def __post_init__(self) -> None:
        if self.text == "no longer":
            raise ValueError("that is no longer right")


class Asking(NotificationType):
    """Asks the database for what is not there."""

    key = "faults.asking"
    channels = ("look_up",)

    text: str

    def context(self, recipient: Any) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")
        return {}


TYPES: tuple[type[NotificationType], ...] = (
    ViaReceipts,
    ViaLookUp,
    NeitherOnce,
    NeitherAgain,
    ByText,
    Newsletter,
    Deadly,
    BrokenTemplate,
    MissingTemplate,
    Raising,
    Picky,
    Asking,
)


def declare() -> None:
    """Make the types known."""
    for each in TYPES:
        register(each)


def withdraw() -> None:
    """Forget them."""
    for each in TYPES:
        unregister(each.key)
