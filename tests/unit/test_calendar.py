"""Invitations as a calendar program reads them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from notifications.calendar import Event, Person, cancellation, invitation
from notifications.channels.attachments import TYPES, Limits, check
from notifications.exceptions import AttachmentError
from notifications.testing import frozen_clock
from tests.calendar_client import CalendarClient

BERLIN = ZoneInfo("Europe/Berlin")
EVENT = Event(
    uid="appointment-7@clinic.example",
    sequence=0,
    starts_at=datetime(2030, 3, 30, 9, 30, tzinfo=BERLIN),
    ends_at=datetime(2030, 3, 30, 10, 15, tzinfo=BERLIN),
    summary="Appointment, at 9; \\ with a friend",
    organizer=Person(email="desk@clinic.example", name="Clinic; north, 2"),
    attendee=Person(email="ada+visits@example.org", name="Ādā Lövelace"),
    location="Room 3, Old Town",
    description="First line\nSecond line " + "ü" * 100,
    url="https://clinic.example/appointments/7/",
    remind_before=timedelta(hours=1),
)


def read(content: bytes) -> tuple[Any, Any]:
    """The calendar and its event."""
    calendar = Calendar.from_ical(content.decode())
    [event] = calendar.walk("VEVENT")
    return calendar, event


def test_an_invitation_says_all_that_a_calendar_asks_for():
    with frozen_clock(datetime(2030, 1, 1, tzinfo=UTC)):
        file = invitation(EVENT)
    check([file], Limits(each=10_000, total=10_000, types=tuple(TYPES)))
    assert (file.name, file.content_type, file.method) == ("invite.ics", "text/calendar", "REQUEST")
    calendar, event = read(file.content)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert {name: str(event[name]) for name in ("UID", "SUMMARY", "LOCATION", "DESCRIPTION", "URL", "STATUS")} == {
        "UID": EVENT.uid,
        "SUMMARY": EVENT.summary,
        "LOCATION": EVENT.location,
        "DESCRIPTION": EVENT.description,
        "URL": EVENT.url,
        "STATUS": "CONFIRMED",
    }
    assert event["SEQUENCE"] == 0
    assert event["DTSTAMP"].dt == datetime(2030, 1, 1, tzinfo=UTC)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (EVENT.starts_at, EVENT.ends_at)
    assert (str(event["ORGANIZER"]), event["ORGANIZER"].params["CN"]) == (
        "mailto:desk@clinic.example",
        "Clinic; north, 2",
    )
    assert (str(event["ATTENDEE"]), event["ATTENDEE"].params["CN"]) == ("mailto:ada+visits@example.org", "Ādā Lövelace")
    [alarm] = event.walk("VALARM")
    assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(hours=-1))


def test_its_lines_are_as_long_as_the_format_allows():
    lines = invitation(EVENT).content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_a_zone_is_described_with_its_summer_time():
    calendar, event = read(invitation(EVENT).content)
    [zone] = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert zone.walk("DAYLIGHT") and zone.walk("STANDARD")


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), timezone(timedelta(hours=1))])
def test_a_time_without_a_named_zone_is_told_in_utc(zone):
    moved = replace(EVENT, starts_at=EVENT.starts_at.astimezone(zone), ends_at=EVENT.ends_at.astimezone(zone))
    content = invitation(moved).content
    assert b"DTSTART:20300330T083000Z\r\n" in content
    assert b"VTIMEZONE" not in content


def test_a_cancellation_is_of_the_same_event_and_reminds_of_nothing():
    file = cancellation(replace(EVENT, sequence=2))
    assert file.method == "CANCEL"
    calendar, event = read(file.content)
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert str(event["UID"]) == EVENT.uid
    assert not event.walk("VALARM")


def test_in_whatever_order_they_come_the_calendar_ends_right():
    moved = replace(
        EVENT, sequence=1, starts_at=EVENT.starts_at + timedelta(days=1), ends_at=EVENT.ends_at + timedelta(days=1)
    )
    story = [invitation(EVENT), invitation(moved), cancellation(replace(moved, sequence=2))]
    for order in permutations(story[:2]):
        client = CalendarClient(EVENT.attendee.email)
        for file in order:
            client.take(file.content)
        assert client.times == [moved.starts_at]
    for order in permutations(story):
        client = CalendarClient(EVENT.attendee.email)
        for file in order:
            client.take(file.content)
        assert client.entries == {}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"uid": ""}, "needs a uid"),
        ({"uid": "a\r\nMETHOD:CANCEL"}, "needs a uid without spaces and control characters"),
        ({"sequence": -1}, "has the sequence -1; give 0"),
        ({"starts_at": datetime(2030, 3, 30, 9, 30)}, "starts_at 2030-03-30T09:30:00 is naive"),
        ({"ends_at": EVENT.starts_at}, "is not after its start"),
        ({"attendee": Person(email="")}, "its attendee '' '' must have an email address"),
        ({"attendee": Person(email="ada@example.org\r\nX:y")}, "must have an email address"),
        ({"organizer": Person(email="desk@clinic.example", name='a"b')}, "without quotation marks"),
        ({"organizer": Person(email="desk@clinic.example", name="a\nb")}, "and line breaks"),
    ],
)
def test_what_no_calendar_would_understand_is_refused(values, why):
    with pytest.raises(AttachmentError) as caught:
        invitation(replace(EVENT, **values))
    assert why in str(caught.value)


def test_no_text_breaks_out_of_its_line():
    evil = "a\r\nMETHOD:CANCEL\r\nBEGIN:VALARM"
    calendar, event = read(invitation(replace(EVENT, summary=evil, location=evil, description=evil)).content)
    assert calendar["METHOD"] == "REQUEST"
    assert len(event.walk("VALARM")) == 1
