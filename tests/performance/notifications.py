"""The types that are sent. Their payload makes a row of about 400 bytes."""

from datetime import datetime, timedelta
from typing import Any

from notifications.types import NotificationType, register

TEXT = "Your appointment with Dr. Rao on Tuesday at 10:30 is confirmed. " * 6


@register
class NullMessage(NotificationType):
    """Taken at once by a provider that does nothing."""

    key = "bench.null"
    channels = ("null",)
    example = {"text": TEXT}

    text: str


@register
class HttpMessage(NotificationType):
    """Posted to a provider that answers after 50 ms."""

    key = "bench.http"
    channels = ("http",)
    example = {"text": TEXT}

    text: str


@register
class ProbeMessage(NotificationType):
    """Noted by its provider with the time; `again_after`: seconds that the provider asks to wait at first."""

    key = "bench.probe"
    channels = ("probe",)
    example = {"again_after": 0}

    again_after: float


@register
class BellMessage(NotificationType):
    """Only in the inbox."""

    key = "bench.bell"
    channels = ("in_app",)
    example = {"text": TEXT}

    text: str


@register
class Moved(NotificationType):
    """An email as the project's clinic sends it."""

    key = "bench.moved"
    channels = ("email",)
    example = {"starts_at": "2030-03-04T05:00:00+00:00", "moved_from": "2030-03-03T09:30:00+00:00"}

    starts_at: str
    moved_from: str

    def context(self, recipient: Any) -> dict[str, Any]:
        starts_at = datetime.fromisoformat(self.starts_at)
        return {
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=60),
            "moved_from": datetime.fromisoformat(self.moved_from),
            "doctor": "Vaidya Meera Nair",
            "treatment": "Abhyanga & Shirodhara",
            "place": "Treatment room 2",
        }

    def link(self, recipient: Any) -> str:
        return "/appointments/17/"
