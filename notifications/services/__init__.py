"""What sibling apps call: `notify`, and what undoes, moves, repeats or explains it."""

from notifications.services.cancel import Cancellation, Rescheduling, cancel, reschedule
from notifications.services.engagement import record_engagement
from notifications.services.inbound import apply_inbound
from notifications.services.inbox import mark_all_read, mark_read, mark_seen
from notifications.services.polling import poll_silent
from notifications.services.preview import Preview, preview
from notifications.services.receipts import record_receipts
from notifications.services.replay import Replay, replay
from notifications.services.send import notify
from notifications.services.timeline import Entry, timeline
from notifications.services.topics import TopicChanges, planned_changes, sync_topics, sync_topics_in_turn
from notifications.services.unsubscribe import resubscribe, unsubscribe
from notifications.services.webhook_events import apply_waiting

__all__ = [
    "Cancellation",
    "Entry",
    "Preview",
    "Replay",
    "Rescheduling",
    "TopicChanges",
    "apply_inbound",
    "apply_waiting",
    "cancel",
    "mark_all_read",
    "mark_read",
    "mark_seen",
    "notify",
    "planned_changes",
    "poll_silent",
    "preview",
    "record_engagement",
    "record_receipts",
    "replay",
    "reschedule",
    "resubscribe",
    "sync_topics",
    "sync_topics_in_turn",
    "timeline",
    "unsubscribe",
]
