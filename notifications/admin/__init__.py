"""The admin: what was sent, to whom, how it fared, and why. One file for each area."""

from notifications.admin import (
    contact_point,
    delivery,
    heartbeat,
    notification,
    provider,
    sandbox,
    suppression,
    webhook_event,
)

__all__ = [
    "contact_point",
    "delivery",
    "heartbeat",
    "notification",
    "provider",
    "sandbox",
    "suppression",
    "webhook_event",
]
