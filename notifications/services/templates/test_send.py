"""Tests of a text: a version, sent to who writes it, by the channel that it is for and with example values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notifications import clock, conf
from notifications.exceptions import RecipientError, TemplateStateError
from notifications.models import Notification, TemplateChange, TemplateVersion
from notifications.services.send import notify
from notifications.services.templates.editing import log
from notifications.services.templates.previewing import example_values
from notifications.types import NotificationType, Priority, get_type, register

KEY = "notify.test_{}"
HOURLY_MAX = 20
"""tests by a person, of all texts together: each may cost an SMS"""


class TemplateTest(NotificationType):
    """What its subclasses, one a channel, have in common: they are worded by a version, published or not."""

    category = "operations"
    mandatory = True
    priority = Priority.HIGH

    version: int
    longest: bool

    def worded_by(self) -> int:
        return self.version

    def context(self, recipient: Any) -> dict[str, Any]:
        template = TemplateVersion.objects.select_related("template").get(pk=self.version).template
        return example_values(get_type(template.type), longest=self.longest)


def connect() -> None:
    """Declare a type for each configured channel. `NotifyConfig.ready` calls it."""
    try:
        channels = list(conf.get().CHANNELS)
    except Exception:  # wrong settings: the checks say so
        return
    for channel in channels:
        described = {"key": KEY.format(channel), "channels": (channel,), "example": {"version": 1, "longest": False}}
        register(type(f"TemplateTest{channel.title().replace('_', '')}", (TemplateTest,), described))


def send_test(version: TemplateVersion, *, to: Any, by: Any, longest: bool = False) -> Notification:
    """Send a version to a person.

    Raises `RecipientError` where they have no address on its channel, and `TemplateStateError`, code "throttled", after
    HOURLY_MAX tests by the same person.
    """
    _require_few(by)
    channel = version.template.channel
    test = get_type(KEY.format(channel)).from_payload({"version": version.pk, "longest": longest})
    sent = notify(test, to=to)
    if not sent:
        raise RecipientError(f"There is nobody to send it to: {to!r}.")
    log(version, TemplateChange.Action.TESTED, by=by, note=f"to {to}")
    return sent[0]


def _require_few(by: Any) -> None:
    since = clock.now() - timedelta(hours=1)
    tests = TemplateChange.objects.filter(action=TemplateChange.Action.TESTED, by=by, at__gt=since)
    if by is not None and tests.count() >= HOURLY_MAX:
        raise TemplateStateError(f"You sent {HOURLY_MAX} tests in the last hour. Wait a little.", code="throttled")
