"""The nouns, one file each."""

from notifications.models.budget import Budget, Period, Spending
from notifications.models.consent import Consent, Means
from notifications.models.contact_point import ContactPoint, DisabledBy
from notifications.models.delivery import Delivery
from notifications.models.event import Event, Kind
from notifications.models.experiment import Experiment, Variant
from notifications.models.heartbeat import Heartbeat
from notifications.models.inbound_message import InboundMessage, Meaning
from notifications.models.inbox_state import InboxState
from notifications.models.notification import Notification
from notifications.models.one_time_code import OneTimeCode
from notifications.models.poll_mark import PollMark
from notifications.models.price import Price
from notifications.models.provider_health import (
    Breaker,
    Control,
    ProviderChange,
    ProviderHealth,
    ProviderOutcomes,
)
from notifications.models.question import Question
from notifications.models.sandbox import SandboxFault, SandboxMessage
from notifications.models.states import Reason, Status
from notifications.models.suppression import Cause, Suppression
from notifications.models.template import (
    Template,
    TemplateChange,
    TemplateStamp,
    TemplateVersion,
    VersionMeasure,
    VersionState,
)
from notifications.models.topic_subscription import TopicSubscription
from notifications.models.webhook_event import WebhookEvent

__all__ = [
    "Breaker",
    "Budget",
    "Cause",
    "Consent",
    "ContactPoint",
    "Control",
    "Delivery",
    "DisabledBy",
    "Event",
    "Experiment",
    "Heartbeat",
    "InboundMessage",
    "InboxState",
    "Kind",
    "Meaning",
    "Means",
    "Notification",
    "OneTimeCode",
    "Period",
    "PollMark",
    "Price",
    "ProviderChange",
    "ProviderHealth",
    "ProviderOutcomes",
    "Question",
    "Reason",
    "SandboxFault",
    "SandboxMessage",
    "Spending",
    "Status",
    "Suppression",
    "Template",
    "TemplateChange",
    "TemplateStamp",
    "TemplateVersion",
    "TopicSubscription",
    "Variant",
    "VersionMeasure",
    "VersionState",
    "WebhookEvent",
]
