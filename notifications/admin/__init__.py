"""The admin: what was sent, to whom, how it fared, and why. One file for each area."""

from notifications.admin import (
    consent,
    contact_point,
    cost,
    delivery,
    experiments,
    heartbeat,
    inbound_message,
    notification,
    provider,
    question,
    sandbox,
    suppression,
    templates,
    webhook_event,
)

__all__ = [
    "consent",
    "contact_point",
    "cost",
    "delivery",
    "experiments",
    "heartbeat",
    "inbound_message",
    "notification",
    "provider",
    "question",
    "sandbox",
    "suppression",
    "templates",
    "webhook_event",
]
