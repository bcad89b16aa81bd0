"""Types of every kind that the tests need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notifications.types import NotificationType, Priority, register
from tests.app.models import Visit


@register
class Note(NotificationType):
    """The simplest: text by SMS."""

    key = "tests.note"
    channels = ("sms",)
    example = {"text": "hello"}

    text: str


@register
class UrgentNote(NotificationType):
    """Sent again when nobody can tell."""

    key = "tests.urgent_note"
    channels = ("sms",)
    priority = Priority.HIGH
    example = {"text": "hello"}

    text: str


@register
class Everywhere(NotificationType):
    """On all four channels."""

    key = "tests.everywhere"
    category = "visits"
    channels = ("email", "sms", "push", "in_app")
    example = {"text": "hello"}

    text: str

    def link(self, recipient: Any) -> str:
        return "/visits/"


@register
class Inbox(NotificationType):
    """In the inbox alone."""

    key = "tests.inbox"
    example = {"text": "hello"}

    text: str


@register
class WithFallback(NotificationType):
    """SMS; by email when it fails; by push when that fails too."""

    key = "tests.with_fallback"
    channels = ("sms", "in_app")
    fallback = ("email", "push")
    example = {"text": "hello"}

    text: str


@register
class UnlessSeen(NotificationType):
    """In the inbox; by SMS when it was not seen within ten minutes."""

    key = "tests.unless_seen"
    channels = ("in_app",)
    fallback = ("sms",)
    fallback_after = timedelta(minutes=10)
    example = {"text": "hello"}

    text: str


@register
class Expiring(NotificationType):
    """Worth nothing an hour after its time."""

    key = "tests.expiring"
    channels = ("sms",)
    expires_after = timedelta(hours=1)
    example = {"text": "hello"}

    text: str


@register
class VisitReminder(NotificationType):
    """About a domain object, and valid only while that is planned."""

    key = "tests.visit_reminder"
    channels = ("sms",)
    example = {"visit_id": 1}

    visit_id: int

    def subject(self) -> Visit | None:
        return Visit.objects.filter(pk=self.visit_id).first()

    def still_valid(self) -> bool:
        visit = self.subject()
        return isinstance(visit, Visit) and visit.state == "planned"

    def context(self, recipient: Any) -> dict[str, Any]:
        visit = self.subject()
        return {"text": f"Visit at {visit.starts_at:%H:%M}" if isinstance(visit, Visit) else "Visit"}
