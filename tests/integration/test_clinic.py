"""The appointment: the ways it may go, who sees it, and how staff change it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from notifications import clock
from notifications.testing import assert_notified
from project.clinic.models import Appointment, AppointmentError, Status
from project.clinic.notifications import AppointmentCancelled
from tests.clinic import make_appointment, make_patient, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("start", "change", "end"),
    [
        (Status.REQUESTED, Appointment.confirm, Status.CONFIRMED),
        (Status.REQUESTED, Appointment.cancel, Status.CANCELLED),
        (Status.CONFIRMED, Appointment.cancel, Status.CANCELLED),
        (Status.CONFIRMED, Appointment.complete, Status.COMPLETED),
    ],
)
def test_an_appointment_goes_the_ways_it_may(start: Status, change: Callable[[Appointment], None], end: Status) -> None:
    appointment = make_appointment(status=start)
    change(appointment)
    appointment.refresh_from_db()
    assert appointment.status == end


@pytest.mark.parametrize(
    ("start", "change", "text"),
    [
        (Status.CONFIRMED, Appointment.confirm, "confirmed appointment cannot become confirmed, only completed or"),
        (Status.CANCELLED, Appointment.confirm, "cancelled appointment cannot become confirmed, only nothing else"),
        (Status.COMPLETED, Appointment.cancel, "completed appointment cannot become cancelled"),
        (Status.REQUESTED, Appointment.complete, "requested appointment cannot become completed, only confirmed or"),
    ],
)
def test_an_impossible_way_is_refused_and_says_what_is_possible(
    start: Status, change: Callable[[Appointment], None], text: str
) -> None:
    appointment = make_appointment(status=start)
    with pytest.raises(AppointmentError, match=text):
        change(appointment)
    appointment.refresh_from_db()
    assert appointment.status == start


def test_an_appointment_in_the_past_is_not_confirmed() -> None:
    appointment = make_appointment(ahead=timedelta(hours=-1))
    with pytest.raises(AppointmentError, match="Its time has passed"):
        appointment.confirm()


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.CONFIRMED])
def test_an_open_appointment_can_be_moved(status: Status) -> None:
    appointment = make_appointment(status=status)
    later = appointment.starts_at + timedelta(days=1)
    appointment.move(later)
    appointment.refresh_from_db()
    assert (appointment.starts_at, appointment.status) == (later, status)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.COMPLETED])
def test_a_closed_appointment_cannot_be_moved(status: Status) -> None:
    appointment = make_appointment(status=status)
    with pytest.raises(AppointmentError, match=f"A {status.label} appointment cannot be moved"):
        appointment.move(clock.now() + timedelta(days=1))


def test_an_appointment_is_moved_to_an_aware_time_to_come() -> None:
    appointment = make_appointment()
    with pytest.raises(AppointmentError, match="is naive"):
        appointment.move(datetime(2040, 1, 1, 10))
    with pytest.raises(AppointmentError, match="has passed"):
        appointment.move(clock.now() - timedelta(minutes=1))


def test_a_change_looks_at_what_the_database_holds_not_at_what_was_read_before() -> None:
    appointment = make_appointment()
    stale = Appointment.objects.get(pk=appointment.pk)
    appointment.cancel()
    with pytest.raises(AppointmentError, match="cancelled appointment cannot become confirmed"):
        stale.confirm()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_cancel_at_once_one_succeeds_and_the_patient_is_told_once() -> None:
    appointment = make_appointment(status=Status.CONFIRMED)
    together = Barrier(8)

    def cancel() -> bool:
        own = Appointment.objects.get(pk=appointment.pk)
        together.wait()
        try:
            own.cancel()
        except AppointmentError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        done = [each.result() for each in [pool.submit(cancel) for _ in range(8)]]
    assert done.count(True) == 1
    assert_notified(AppointmentCancelled, to=appointment.patient.user, times=1)


def test_a_patient_sees_the_own_appointments_and_not_those_of_others(client: Client) -> None:
    own, other = make_appointment(), make_appointment(patient=make_patient(), treatment="Nasya")
    client.force_login(own.patient.user)
    page = client.get(reverse("clinic:appointment", args=[own.pk]))
    assert page.status_code == 200
    assert b"Shirodhara" in page.content
    assert b"IST" in page.content, "the time is the patient's own"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert client.get(reverse("clinic:appointment", args=[other.pk])).status_code == 404
    listed = client.get(reverse("clinic:appointments")).content
    assert b"Shirodhara" in listed
    assert b"Nasya" not in listed


def test_appointments_ask_for_a_sign_in(client: Client) -> None:
    url = reverse("clinic:appointment", args=[make_appointment().pk])
    assert client.get(url).headers["Location"] == f"{reverse('login')}?next={url}"


def test_staff_change_appointments_by_actions_that_say_what_was_not_possible(client: Client) -> None:
    requested, cancelled = make_appointment(), make_appointment(status=Status.CANCELLED)
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = client.post(
        reverse("admin:clinic_appointment_changelist"),
        {"action": "confirm", "_selected_action": [requested.pk, cancelled.pk]},
        follow=True,
    )
    requested.refresh_from_db()
    cancelled.refresh_from_db()
    assert (requested.status, cancelled.status) == (Status.CONFIRMED, Status.CANCELLED)
    assert b"Changed: 1" in page.content
    assert b"cannot become confirmed" in page.content


def test_the_admin_shows_every_page_of_the_clinic(client: Client) -> None:
    appointment = make_appointment()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    for model, pk in (
        ("appointment", appointment.pk),
        ("patient", appointment.patient.pk),
        ("doctor", appointment.doctor.pk),
    ):
        assert client.get(reverse(f"admin:clinic_{model}_changelist"), {"q": "asha"}).status_code == 200
        assert client.get(reverse(f"admin:clinic_{model}_change", args=[pk])).status_code == 200
