"""`preview`: the same answer as `notify`, before anything is sent (C12)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from notifications import clock
from notifications.exceptions import ScheduleError
from notifications.models import ContactPoint, Delivery, Event, Notification, Price, Reason, Status
from notifications.pipeline import spending
from notifications.services import notify, preview
from tests.app.models import Visit
from tests.app.notifications import Everywhere, Note, UnlessSeen, VisitReminder, WithFallback

pytestmark = pytest.mark.django_db


def test_it_shows_who_gets_what_text_where_and_when_and_stores_nothing(make_person):
    person = make_person(phone="")
    at = clock.now() + timedelta(hours=2)
    shown: dict[str, Any] = {each.channel: each for each in preview(Everywhere(text="hello"), to=person, at=at)}
    assert shown["email"].message.subject == "Subject: hello"
    assert shown["push"].message.title == "hello"
    assert shown["in_app"].message.text == "In app: hello"
    assert {each.due_at for each in shown.values()} == {at, None}
    assert (shown["sms"].status, shown["sms"].reason) == (Status.SKIPPED, Reason.NO_ADDRESS)
    assert not (Notification.objects.exists() or Delivery.objects.exists() or Event.objects.exists())


@pytest.mark.parametrize("type_", [Everywhere, WithFallback, UnlessSeen, Note])
@pytest.mark.parametrize("at", [None, timedelta(hours=1)])
@pytest.mark.parametrize("lacks", ["", "phone", "email", "device", "active"])
def test_it_cannot_disagree_with_what_is_sent(make_person, type_, at, lacks):
    values: dict[str, dict[str, Any]] = {
        "phone": {"phone": ""},
        "email": {"email": ""},
        "device": {"device": ""},
        "active": {"is_active": False},
    }
    people = [make_person(**values.get(lacks, {})), make_person()]
    when = clock.now() + at if at else None
    shown = [
        (each.recipient.pk, each.channel, each.address, each.reason, each.due_at)
        for each in preview(type_(text="a"), to=people, at=when)
    ]
    notify(type_(text="a"), to=people, at=when)
    stored = Delivery.objects.select_related("notification").order_by("notification__recipient_id", "step", "id")
    # What goes into the inbox at once has no due time left when it is stored: it is done.
    assert sorted(each[:4] for each in shown) == sorted(
        (each.notification.recipient_id, each.channel, each.address, each.reason) for each in stored
    )
    open_ones = {
        (each.notification.recipient_id, each.channel, each.address): each.due_at for each in stored if each.due_at
    }
    for recipient, channel, address, _, due_at in shown:
        if (recipient, channel, address) in open_ones:
            assert due_at and abs(due_at - open_ones[recipient, channel, address]) < timedelta(seconds=10)


def test_it_asks_the_gate_too(person):
    visit = Visit.objects.create(visitor=person, starts_at=clock.now(), state="cancelled")
    (shown,) = preview(VisitReminder(visit_id=visit.pk), to=person)
    assert (shown.status, shown.reason) == (Status.SKIPPED, Reason.NO_LONGER_VALID)


def test_a_text_that_fails_is_shown_with_its_error(person):
    class Broken(Note):
        key = "tests.note"

        def context(self, recipient):
            raise ZeroDivisionError("no visitor")

    (shown,) = preview(Broken(text="a"), to=person)
    assert shown.message is None
    assert shown.error == "tests.note.context() or link() failed: ZeroDivisionError: no visitor"


def test_it_refuses_what_notify_refuses_but_shows_the_unreachable(make_person):
    with pytest.raises(ScheduleError):
        list(preview(Note(text="a"), to=make_person(), at=clock.now() - timedelta(days=1)))
    (shown,) = preview(Note(text="a"), to=make_person(phone=""))
    assert shown.status == Status.SKIPPED


def test_disabled_addresses_are_told_apart_from_missing_ones(person):
    ContactPoint.objects.update(disabled_at=clock.now())
    shown = {each.channel: each.reason for each in preview(Everywhere(text="a"), to=person)}
    assert shown["push"] == Reason.ADDRESS_DISABLED


def test_it_shows_what_a_text_costs(make_person):
    Price.objects.create(provider="sandbox", country="IN", amount=Decimal("0.0042"))
    spending.forget()
    indian, british = make_person(phone="+919847012345"), make_person()
    shown = {each.recipient: each for each in preview(Note(text="“नमस्ते” " + "a" * 70), to=[indian, british])}
    assert (shown[indian].provider, shown[indian].cost) == ("sandbox", Decimal("0.0084"))
    segments = shown[indian].segments
    assert segments is not None and (segments.encoding, segments.parts) == ("UCS-2", 2)
    assert shown[british].cost is None


def test_it_shows_what_is_wrong_with_a_number(make_person):
    (shown,) = preview(Note(text="a"), to=make_person(phone="+442079460123"))
    assert (shown.status, shown.reason) == (Status.SKIPPED, Reason.NUMBER_REFUSED)
    assert "It is a landline" in shown.detail
