"""The timeline of a notification, with each moment as the reader's clock and as the recipient's clock showed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from notifications.models import Kind, Notification
from notifications.preferences.locale import zone_of
from notifications.services import timeline

TONES = {
    Kind.DELIVERED: "good",
    Kind.ACCEPTED: "good",
    Kind.SEEN: "good",
    Kind.READ: "good",
    Kind.UNKNOWN: "doubtful",
    Kind.RETRYING: "doubtful",
    Kind.DEFERRED: "waiting",
    Kind.RESCHEDULED: "waiting",
    Kind.FAILED: "bad",
    Kind.BOUNCED: "bad",
    Kind.EXPIRED: "bad",
    Kind.SKIPPED: "quiet",
    Kind.CANCELLED: "quiet",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One moment of the story. `theirs` is None where both clocks agree."""

    at: datetime
    theirs: datetime | None
    zone: str
    channel: str
    text: str
    tone: str
    note: str


def story(notification: Notification) -> Iterator[Line]:
    """Line by line, the earliest first; for the reader in the current time zone."""
    reader, recipient = timezone.get_current_timezone(), zone_of(notification.recipient)
    for entry in timeline(notification):
        yield Line(
            at=entry.at.astimezone(reader),
            theirs=_elsewhere(entry.at, reader, recipient),
            zone=recipient.key,
            channel=entry.channel,
            text=entry.text,
            tone=TONES.get(entry.kind, "plain"),
            note=_note(entry.data),
        )


def _note(data: dict[str, Any]) -> str:
    """What the sentence leaves out: who did it, after what, and when it goes on."""
    said = []
    if by := data.get("by"):
        said.append(gettext("by %(who)s") % {"who": by})
    if failed := data.get("from"):
        said.append(gettext("after %(what)s") % {"what": ", ".join(map(str, failed))})
    goes_on = parse_datetime(str(data.get("due_at") or data.get("at") or ""))
    if goes_on is not None:
        said.append(gettext("goes on at %(time)s") % {"time": f"{timezone.localtime(goes_on):%Y-%m-%d %H:%M:%S}"})
    return ", ".join(said)


def _elsewhere(at: datetime, reader: tzinfo, recipient: tzinfo) -> datetime | None:
    theirs = at.astimezone(recipient)
    return None if theirs.utcoffset() == at.astimezone(reader).utcoffset() else theirs
