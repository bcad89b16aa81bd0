"""Calendar invitations (RFC 5545, RFC 5546) that follow what they are about: `pip install notifications[calendar]`.

An event is told by its `uid`: a calendar that gets another invitation with it, and a higher `sequence`, moves what it
has, and a cancellation takes it out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from notifications import clock
from notifications.exceptions import AttachmentError
from notifications.messages import Attachment

if TYPE_CHECKING:
    import icalendar

PRODUCT = "-//notifications//calendar//EN"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with an email address, as calendars name them."""

    email: str
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What is to happen. Times are aware; in a `ZoneInfo` the calendar shows that zone, in any other UTC."""

    uid: str
    """the same for ever, and the world's only one: appointment-7@clinic.example"""
    sequence: int
    """0 at first, and higher after each change"""
    starts_at: datetime
    ends_at: datetime
    summary: str
    organizer: Person
    attendee: Person
    location: str = ""
    description: str = ""
    url: str = ""
    remind_before: timedelta | None = None
    """when the calendar itself reminds; None: as its owner has set it up"""


def invitation(event: Event, *, name: str = "invite.ics") -> Attachment:
    """The event as a request: it enters the calendar, or moves there. Raises `AttachmentError`."""
    return _attachment(event, "REQUEST", name)


def cancellation(event: Event, *, name: str = "invite.ics") -> Attachment:
    """The event as a cancellation: it leaves the calendar. Raises `AttachmentError`."""
    return _attachment(event, "CANCEL", name)


def _attachment(event: Event, method: Literal["REQUEST", "CANCEL"], name: str) -> Attachment:
    import icalendar

    _check(event)
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    entry = icalendar.Event()
    for field, value in _properties(event, method):
        entry.add(field, value)
    entry.add("organizer", _person(event.organizer))
    attendee = {"role": "REQ-PARTICIPANT", "partstat": "NEEDS-ACTION", "rsvp": "FALSE", "cutype": "INDIVIDUAL"}
    entry.add("attendee", _person(event.attendee, **attendee))
    if event.remind_before is not None and method == "REQUEST":
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", -event.remind_before)
        alarm.add("description", event.summary)
        entry.add_component(alarm)
    calendar.add_component(entry)
    calendar.add_missing_timezones()
    return Attachment(name=name, content_type="text/calendar", method=method, content=calendar.to_ical())


def _properties(event: Event, method: str) -> list[tuple[str, Any]]:
    optional = {"location": event.location, "description": event.description, "url": event.url}
    return [
        ("uid", event.uid),
        ("sequence", event.sequence),
        ("dtstamp", clock.now()),
        ("dtstart", _moment(event.starts_at)),
        ("dtend", _moment(event.ends_at)),
        ("summary", event.summary),
        ("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED"),
        ("class", "PRIVATE"),
        ("transp", "OPAQUE" if method == "REQUEST" else "TRANSPARENT"),
        *((name, value) for name, value in optional.items() if value),
    ]


def _moment(time: datetime) -> datetime:
    zoned = isinstance(time.tzinfo, ZoneInfo) and time.tzinfo.key != "UTC"
    return time if zoned else time.astimezone(UTC)


def _person(person: Person, **parameters: str) -> icalendar.vCalAddress:
    import icalendar

    address = icalendar.vCalAddress(f"mailto:{person.email}")
    if person.name:
        address.params["cn"] = icalendar.vText(person.name)
    for name, value in parameters.items():
        address.params[name] = icalendar.vText(value)
    return address


def _check(event: Event) -> None:
    where = f"The invitation {event.uid!r}"
    if not event.uid or any(each.isspace() or not each.isprintable() for each in event.uid):
        raise AttachmentError(f"{where} needs a uid without spaces and control characters.")
    for name, time in (("starts_at", event.starts_at), ("ends_at", event.ends_at)):
        if time.tzinfo is None:
            raise AttachmentError(f"{where}: {name} {time.isoformat()} is naive; give it a time zone.")
    if event.ends_at <= event.starts_at:
        raise AttachmentError(f"{where} ends at {event.ends_at.isoformat()}, which is not after its start.")
    if event.sequence < 0:
        raise AttachmentError(f"{where} has the sequence {event.sequence}; give 0, and more after each change.")
    for role, person in (("organizer", event.organizer), ("attendee", event.attendee)):
        text = person.email + person.name
        if "@" not in person.email or not text.isprintable() or '"' in text or " " in person.email:
            raise AttachmentError(
                f"{where}: its {role} {person.email!r} {person.name!r} must have an email address, and a name without "
                "quotation marks and line breaks."
            )
