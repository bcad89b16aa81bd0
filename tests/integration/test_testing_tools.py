"""The tools that the app gives to the tests of other apps."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications import clock
from notifications.exceptions import UnknownTypeError
from notifications.models import Delivery, SandboxFault, Status
from notifications.services import cancel, notify
from notifications.testing import (
    assert_not_notified,
    assert_notified,
    deliver_all,
    frozen_clock,
    outbox,
    registered,
)
from notifications.types import NotificationType, get_type

pytestmark = pytest.mark.django_db


class Greeting(NotificationType):
    key = "tests.greeting"
    channels = ("sms",)

    text: str = "Hello"


@pytest.fixture(autouse=True)
def greeting() -> Iterator[None]:
    with registered(Greeting, templates={"sms.txt": "{{ text }} {{ recipient_name }}", "es/sms.txt": "Hola"}):
        yield


def test_a_type_is_known_within_the_block_only() -> None:
    class Other(NotificationType):
        key = "tests.other"

    with registered(Other):
        assert get_type("tests.other") is Other
    with pytest.raises(UnknownTypeError):
        get_type("tests.other")


def test_a_type_that_was_known_before_stays_known() -> None:
    with registered(Greeting):
        pass
    assert get_type("tests.greeting") is Greeting


def test_everything_due_is_delivered_with_the_given_templates(person: Any, make_person: Any) -> None:
    notify(Greeting(), to=[person, make_person(language="es")])
    assert deliver_all() == 2
    assert [each.content["text"] for each in outbox("sms")] == [f"Hello {person.get_full_name()}".strip(), "Hola"]
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.DELIVERED}
    assert deliver_all() == 0


def test_the_outbox_is_asked_by_channel_and_address(person: Any, make_person: Any) -> None:
    notify(Greeting(), to=[person, make_person()])
    deliver_all()
    assert len(outbox()) == 2
    assert len(outbox(to=person.phone)) == 1
    assert outbox("email") == []


def test_what_is_due_later_comes_when_the_clock_is_advanced(person: Any) -> None:
    with frozen_clock() as time:
        notify(Greeting(), to=person, at=time.now + timedelta(days=2))
        time.advance("1 day 23 hours")
        assert deliver_all() == 0
        time.advance(timedelta(hours=1))
        assert deliver_all() == 1
    assert len(outbox("sms", to=person.phone)) == 1


def test_a_retry_comes_when_the_clock_is_advanced(person: Any) -> None:
    SandboxFault.objects.create(fault="rate_limit", seconds=3600)
    with frozen_clock() as time:
        notify(Greeting(), to=person)
        deliver_all()
        time.advance("59 minutes")
        deliver_all()
        assert outbox() == []
        time.advance("1 minute")
        deliver_all()
    assert len(outbox()) == 1


def test_the_frozen_clock_shows_in_stored_defaults_and_goes_on_afterwards(person: Any) -> None:
    moment = datetime(2030, 2, 28, 12, tzinfo=UTC)
    with frozen_clock(moment) as time:
        [notification] = notify(Greeting(), to=person)
        notification.refresh_from_db()
        assert notification.created_at == notification.send_at == moment
        assert time.move_to(moment + timedelta(days=1)) == clock.now()
        with frozen_clock(moment):
            assert clock.now() == moment
        assert clock.now() == moment + timedelta(days=1)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("span", ["", "soon", "2", "2 fortnights", "days 2", "2 days 3"])
def test_a_span_that_makes_no_sense_is_refused_with_the_valid_units(span: str) -> None:
    with frozen_clock() as time, pytest.raises(ValueError, match="Known: day, hour, minute, second, week"):
        time.advance(span)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"), frozen_clock(datetime(2030, 1, 1)):
        pass


def test_notifications_are_asserted_by_person_channel_number_and_payload(person: Any, make_person: Any) -> None:
    other = make_person()
    notify(Greeting(text="Hi"), to=[person, other])
    [found] = assert_notified(Greeting, to=person, channel="sms", text="Hi")
    assert found.recipient == person
    assert_notified(Greeting, times=2)
    assert_not_notified(Greeting, to=person, channel="email")
    assert_not_notified(Greeting, text="Bye")
    with pytest.raises(AssertionError, match=r"exactly 3 of tests.greeting; found 2"):
        assert_notified(Greeting, times=3)
    with pytest.raises(AssertionError, match=r"by email; found 0\. There are: tests.greeting to .* sms pending"):
        assert_notified(Greeting, channel="email")
    with pytest.raises(AssertionError, match=r"Expected none of tests.greeting to .*; found 1"):
        assert_not_notified(Greeting, to=other)


def test_what_was_cancelled_or_skipped_does_not_count(person: Any, make_person: Any) -> None:
    with pytest.raises(AssertionError, match="There is no notification at all"):
        assert_notified(Greeting)
    notify(Greeting(), to=person, key="one", at=clock.now() + timedelta(days=1))
    cancel(key="one")
    assert_not_notified(Greeting)
    notify(Greeting(), to=[person, make_person(is_active=False)])
    deliver_all()
    assert_notified(Greeting, times=2)
    assert_notified(Greeting, channel="sms", times=1)
