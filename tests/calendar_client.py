"""What a calendar program does with the invitations it gets (RFC 5546, 3.2.2 and 3.2.5)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from icalendar import Calendar


@dataclass
class CalendarClient:
    """One person's calendar. `entries` are the events in it by their uid, as they came."""

    owner: str
    entries: dict[str, Any] = field(default_factory=dict)
    latest: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """uid → sequence and stamp of the last message that was heeded"""

    def take(self, content: bytes) -> None:
        """Heed a message, unless it is older than what is known of its event, or for somebody else."""
        calendar: Any = Calendar.from_ical(content.decode())
        [event] = calendar.walk("VEVENT")
        if str(event["ATTENDEE"]).lower() != f"mailto:{self.owner}".lower():
            return
        uid, version = str(event["UID"]), (int(event["SEQUENCE"]), event["DTSTAMP"].dt)
        if uid in self.latest and version < self.latest[uid]:
            return
        self.latest[uid] = version
        match calendar["METHOD"]:
            case "REQUEST":
                self.entries[uid] = event
            case "CANCEL":
                self.entries.pop(uid, None)

    @property
    def times(self) -> list[datetime]:
        """When its events start, in order."""
        return sorted(event["DTSTART"].dt for event in self.entries.values())
