"""Patients answer by SMS: C to say that they come, X to cancel; the law's words stay the law's (P7, D4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.channels.sms_segments import count
from notifications.keywords import STOP_WORDS
from notifications.models import InboundMessage, Notification, Question, SandboxFault
from notifications.models import Status as Sent
from notifications.services import preview
from notifications.testing import FrozenClock, assert_not_notified, assert_notified, deliver_all, frozen_clock, outbox
from project.clinic.models import Appointment, AppointmentError, Status
from project.clinic.notifications import AppointmentCancelled, AppointmentConfirmed, AppointmentReminderDay
from tests.clinic import make_appointment, make_patient, make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen() -> Iterator[FrozenClock]:
    """It is noon, UTC, on Monday 4 March 2030."""
    with frozen_clock(NOON) as clock_of_test:
        yield clock_of_test


@pytest.fixture
def reminded(frozen: FrozenClock) -> Appointment:
    """An appointment in 24 hours, of which the patient was reminded."""
    appointment = make_appointment(status=Status.CONFIRMED)
    deliver_all()
    frozen.advance("2 days")
    deliver_all()
    return appointment


def write(appointment: Appointment, text: str) -> list[str]:
    """What the patient is answered by SMS."""
    before = len(outbox("sms"))
    InboundMessage.objects.create(
        alias="twilio",
        provider_id=uuid7().hex,
        channel="sms",
        address=appointment.patient.user.phone,
        text=text,
        due_at=clock.now(),
    )
    deliver_all()
    appointment.refresh_from_db()
    return [each.content["text"] for each in outbox("sms")[before:]]


def code_of(appointment: Appointment) -> str:
    return Question.objects.get(notification__subject_id=str(appointment.pk), closed_at=None).code


def test_a_reminder_asks_for_an_answer_within_one_segment(reminded: Appointment) -> None:
    text = outbox("sms")[-1].content["text"]
    code = code_of(reminded)
    assert f"Reply C {code} to confirm, X {code} to cancel." in text
    assert "Thu, 7 Mar at 5:30 pm IST with Vaidya Meera Nair" in text
    assert count(text).parts == 1


def test_c_says_that_the_patient_comes(reminded: Appointment) -> None:
    assert write(reminded, f"C {code_of(reminded)}") == [
        "Lotus House: thank you. We expect you on Thu, 7 Mar at 5:30 pm IST."
    ]
    assert reminded.patient_confirmed_at == clock.now()
    assert reminded.status == Status.CONFIRMED


def test_x_cancels_the_appointment_and_the_cancellation_is_told(reminded: Appointment) -> None:
    texts = write(reminded, "x")
    assert reminded.status == Status.CANCELLED
    assert_notified(AppointmentCancelled, to=reminded.patient.user, times=1)
    assert sorted(each.partition(":")[2][:12] for each in texts) == [" thank you f", " your appoin"]
    pending = Notification.objects.filter(deliveries__status=Sent.PENDING)
    assert not pending.exists()  # no reminder an hour ahead


def test_cancel_is_no_answer_but_ends_all_text_messages(reminded: Appointment, client: Client) -> None:
    from notifications.services.inbound import accept

    message = InboundMessage(
        alias="twilio", provider_id="SM1", channel="sms", address=reminded.patient.user.phone, text="CANCEL"
    )
    accept(message, lambda meaning: "")
    deliver_all()
    reminded.refresh_from_db()
    assert reminded.status == Status.CONFIRMED
    assert_not_notified(AppointmentCancelled)


def test_with_two_appointments_the_code_says_which(frozen: FrozenClock) -> None:
    patient = make_patient()
    first, second = (make_appointment(status=Status.CONFIRMED, patient=patient) for _ in range(2))
    frozen.advance("2 days")
    deliver_all()
    codes = {each: code_of(each) for each in (first, second)}
    (said,) = write(first, "C")
    assert all(f"C {code} or X {code}" in said for code in codes.values())
    assert first.patient_confirmed_at is None
    write(second, f"C{codes[second]}")
    first.refresh_from_db()
    assert (first.patient_confirmed_at, second.patient_confirmed_at) == (None, clock.now())


def test_an_answer_to_what_was_moved_meanwhile_changes_nothing(reminded: Appointment) -> None:
    code = code_of(reminded)
    reminded.patient_confirms()
    reminded.move(reminded.starts_at.replace(day=20))
    assert reminded.patient_confirmed_at is None
    write(reminded, f"X {code}")
    assert reminded.status == Status.CONFIRMED
    assert InboundMessage.objects.get().meaning == "text"  # staff are told


def test_an_answer_counts_until_the_appointment_begins(reminded: Appointment, frozen: FrozenClock) -> None:
    code = code_of(reminded)
    frozen.move_to(reminded.starts_at)
    write(reminded, f"X {code}")
    assert reminded.status == Status.CONFIRMED


def test_the_patient_of_a_cancelled_appointment_is_told_so_and_nothing_changes(reminded: Appointment) -> None:
    reminded.cancel()
    with pytest.raises(AppointmentError, match="cannot be confirmed by the patient"):
        reminded.patient_confirms()


def test_a_confirmation_that_comes_as_a_text_message_offers_to_cancel(frozen: FrozenClock) -> None:
    appointment = make_appointment(patient=make_patient(device="", email=""))
    for channel in ("email", "push"):
        SandboxFault.objects.create(channel=channel, fault=SandboxFault.Fault.REFUSE)
    appointment.confirm()
    deliver_all()
    text = outbox("sms")[-1].content["text"]
    assert f"Reply X {code_of(appointment)} to cancel." in text
    write(appointment, "X")
    assert appointment.status == Status.CANCELLED


@pytest.mark.parametrize("type_", [AppointmentConfirmed, AppointmentReminderDay])
def test_no_text_asks_for_a_word_of_the_law(type_: Callable[..., AppointmentReminderDay]) -> None:
    patient = make_patient()
    make_appointment(pk=1, patient=patient, starts_at=datetime(2030, 3, 6, 5, tzinfo=UTC), status=Status.CONFIRMED)
    instance = type_(appointment_id=1, starts_at="2030-03-06T05:00:00+00:00")
    (sms,) = [each.message for each in preview(instance, to=patient.user) if each.channel == "sms"]
    words = getattr(sms, "text", "").split()
    assert not [each for each in words if each.strip(".,:") in STOP_WORDS]


def test_the_desk_sees_who_comes(reminded: Appointment, client: Client) -> None:
    write(reminded, "C")
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = client.get(reverse("admin:clinic_appointment_changelist")).content.decode()
    assert "Patient comes" in page
    assert 'alt="True"' in page
