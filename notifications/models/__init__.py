"""The nouns, one file each."""

from notifications.models.contact_point import ContactPoint
from notifications.models.delivery import Delivery
from notifications.models.event import Event, Kind
from notifications.models.heartbeat import Heartbeat
from notifications.models.inbox_state import InboxState
from notifications.models.notification import Notification
from notifications.models.provider_health import (
    Breaker,
    Control,
    ProviderChange,
    ProviderHealth,
    ProviderOutcomes,
)
from notifications.models.sandbox import SandboxFault, SandboxMessage
from notifications.models.states import Reason, Status
from notifications.models.suppression import Cause, Suppression
from notifications.models.webhook_event import WebhookEvent

__all__ = [
    "Breaker",
    "Cause",
    "ContactPoint",
    "Control",
    "Delivery",
    "Event",
    "Heartbeat",
    "InboxState",
    "Kind",
    "Notification",
    "ProviderChange",
    "ProviderHealth",
    "ProviderOutcomes",
    "Reason",
    "SandboxFault",
    "SandboxMessage",
    "Status",
    "Suppression",
    "WebhookEvent",
]
