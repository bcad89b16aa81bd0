"""What a patient is told of an appointment, and the reminders that follow it (C6, D1, D4)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from notifications.models import Delivery, Notification, Reason, SandboxFault
from notifications.models import Status as Sent
from notifications.testing import FrozenClock, assert_not_notified, assert_notified, deliver_all, frozen_clock, outbox
from project.clinic.models import Appointment, Status
from project.clinic.notifications import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentMoved,
    AppointmentRequested,
)
from tests.clinic import make_appointment, make_patient

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[FrozenClock]:
    """It is noon, UTC, on Monday 4 March 2030, and stays so."""
    with frozen_clock(NOON) as frozen:
        yield frozen


def waiting() -> dict[str, datetime]:
    """Type → when, of the reminders that still wait; asserts that there is one of each at most."""
    rows = Notification.objects.filter(deliveries__status=Sent.PENDING, deliveries__reason=Reason.SCHEDULED)
    found = list(rows.distinct().values_list("type", "send_at"))
    assert len(dict(found)) == len(found), f"twice: {found}"
    return {type_.rpartition(".")[2]: at for type_, at in found}


def captured() -> list[str]:
    """The channels of what the sandbox has captured."""
    return sorted(each.channel for each in outbox())


def test_a_request_is_acknowledged() -> None:
    appointment = make_appointment()
    assert_notified(AppointmentRequested, to=appointment.patient.user, times=1)
    deliver_all()
    assert captured() == ["email", "push"]
    assert waiting() == {}


def test_a_confirmed_appointment_tells_the_patient_and_plans_its_reminders() -> None:
    appointment = make_appointment(ahead=timedelta(days=3))
    deliver_all()
    appointment.confirm()
    (confirmed,) = assert_notified(AppointmentConfirmed, to=appointment.patient.user)
    assert confirmed.title == "Your appointment is confirmed"
    assert confirmed.link == f"http://localhost:8000/appointments/{appointment.pk}/"
    assert waiting() == {
        "appointment_reminder_day": NOON + timedelta(days=2),
        "appointment_reminder_hour": NOON + timedelta(days=2, hours=23),
    }


def test_an_appointment_that_is_booked_confirmed_is_told_as_such_only() -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    assert_notified(AppointmentConfirmed, to=appointment.patient.user, times=1)
    assert_not_notified(AppointmentRequested)
    assert len(waiting()) == 2


def test_reminders_come_at_their_time_by_their_channels(clock: FrozenClock) -> None:
    make_appointment(status=Status.CONFIRMED)
    deliver_all()
    before = len(outbox())
    clock.advance("1 day 23 hours")
    assert deliver_all() == 0
    clock.advance("1 hour")
    deliver_all()
    assert [each.channel for each in outbox()[before:]] == ["sms"]
    clock.advance("23 hours")
    deliver_all()
    assert [each.channel for each in outbox()[before:]] == ["sms", "push"]
    assert Notification.objects.filter(type__contains="reminder", position__isnull=False).count() == 2


@pytest.mark.parametrize(
    ("ahead", "planned"),
    [
        (timedelta(days=3), {"appointment_reminder_day", "appointment_reminder_hour"}),
        (timedelta(hours=24), {"appointment_reminder_hour"}),
        (timedelta(hours=2), {"appointment_reminder_hour"}),
        (timedelta(minutes=60), set()),
        (timedelta(minutes=10), set()),
    ],
)
def test_a_reminder_whose_time_has_passed_is_not_planned(ahead: timedelta, planned: set[str]) -> None:
    make_appointment(ahead=ahead, status=Status.CONFIRMED)
    assert set(waiting()) == planned


def test_a_moved_appointment_tells_both_times_and_takes_its_reminders_along(clock: FrozenClock) -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    deliver_all()
    appointment.move(appointment.starts_at + timedelta(days=2, hours=1))
    assert waiting() == {
        "appointment_reminder_day": NOON + timedelta(days=4, hours=1),
        "appointment_reminder_hour": NOON + timedelta(days=5),
    }
    deliver_all()
    (sms,) = outbox("sms")
    assert "is now Sat, 9 Mar at 6:30 pm IST (was Thu, 7 Mar, 5:30 pm)" in sms.content["text"]
    before = len(outbox())
    clock.move_to(NOON + timedelta(days=2))  # when the reminder was first due
    assert deliver_all() == 0
    clock.move_to(NOON + timedelta(days=4, hours=1))
    deliver_all()
    clock.move_to(NOON + timedelta(days=5))
    deliver_all()
    assert [each.channel for each in outbox()[before:]] == ["sms", "push"]


def test_a_move_into_the_next_hours_drops_the_reminder_that_comes_too_late() -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    appointment.move(NOON + timedelta(hours=5))
    assert waiting() == {"appointment_reminder_hour": NOON + timedelta(hours=4)}
    appointment.move(NOON + timedelta(days=9))
    assert len(waiting()) == 2


def test_a_request_is_moved_without_a_word() -> None:
    appointment = make_appointment()
    appointment.move(appointment.starts_at + timedelta(days=1))
    assert_not_notified(AppointmentMoved)
    assert waiting() == {}


def test_a_cancelled_appointment_says_so_and_leaves_no_reminder(clock: FrozenClock) -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    deliver_all()
    appointment.cancel()
    assert waiting() == {}
    (told,) = assert_notified(AppointmentCancelled, to=appointment.patient.user)
    before = len(outbox())
    deliver_all()
    assert sorted(each.channel for each in outbox()[before:]) == ["email", "push", "sms"]
    assert {each.status for each in told.deliveries.all()} == {Sent.DELIVERED}
    clock.advance("5 days")
    assert deliver_all() == 0
    reasons = Delivery.objects.filter(notification__type__contains="reminder").values_list("status", "reason")
    assert set(reasons) == {(Sent.CANCELLED, Reason.CANCELLED)}


def test_what_was_not_sent_before_a_cancellation_is_not_sent_after_it() -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    appointment.cancel()
    deliver_all()
    assert {each.content.get("title") or each.content.get("subject", "") for each in outbox("push")} == {
        "Appointment cancelled"
    }
    assert len(outbox("email")) == 1


def test_a_deleted_appointment_leaves_no_reminder() -> None:
    make_appointment(status=Status.CONFIRMED).delete()
    assert waiting() == {}


def test_a_change_that_no_signal_told_is_noticed_just_before_sending(clock: FrozenClock) -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    deliver_all()
    before = len(outbox())
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=NOON + timedelta(days=8))
    clock.advance("2 days")
    deliver_all()
    clock.advance("23 hours")
    deliver_all()
    assert len(outbox()) == before
    rows = Delivery.objects.filter(notification__type__contains="reminder")
    assert {(each.status, each.reason) for each in rows} == {(Sent.SKIPPED, Reason.NO_LONGER_VALID)}


def test_a_reminder_is_not_sent_when_its_worker_comes_hours_too_late(clock: FrozenClock) -> None:
    make_appointment(ahead=timedelta(hours=2), status=Status.CONFIRMED)
    deliver_all()
    before = len(outbox())
    clock.advance("2 hours")
    deliver_all()
    assert len(outbox()) == before


def test_a_reminder_whose_text_message_is_refused_comes_by_email(clock: FrozenClock) -> None:
    make_appointment(ahead=timedelta(days=2), status=Status.CONFIRMED)
    deliver_all()
    before = len(outbox("email"))
    SandboxFault.objects.create(channel="sms", fault=SandboxFault.Fault.REFUSE)
    clock.advance("1 day")
    deliver_all()
    assert outbox("sms") == []
    (reminder,) = outbox("email")[before:]
    assert reminder.content["subject"] == "A reminder: Wed, 6 Mar at 5:30 pm with Vaidya Meera Nair"


def test_the_hour_reminder_of_a_patient_without_a_device_comes_as_a_text_message(clock: FrozenClock) -> None:
    make_appointment(ahead=timedelta(hours=2), status=Status.CONFIRMED, patient=make_patient(device=""))
    deliver_all()
    clock.advance("1 hour")
    deliver_all()
    assert len(outbox("sms")) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [Appointment.confirm, Appointment.cancel])
def test_a_change_that_is_rolled_back_tells_nothing(change: Callable[[Appointment], None]) -> None:
    appointment = make_appointment()
    before = Notification.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        change(appointment)
        raise ZeroDivisionError
    assert Notification.objects.count() == before
