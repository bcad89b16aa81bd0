"""The types that are sent. Their payload makes a row of about 400 bytes."""

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
