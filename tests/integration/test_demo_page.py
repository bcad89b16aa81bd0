"""The page of the demonstration: who is let in, what the desk may do, and what it refuses."""

import socket
import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from notifications import clock
from notifications.models import ContactPoint, Notification, SandboxFault
from notifications.testing import deliver_all
from project.accounts.models import User
from project.clinic.models import Appointment, Patient, Status
from project.demo.prescriptions import seed_prescriptions
from project.demo.seed import PASSWORD, seed
from project.pharmacy.models import Prescription
from tests.clinic import make_appointment
from tests.pharmacy import make_prescription

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def development(settings: Settings) -> None:
    """As in development, with the people of the demonstration."""
    settings.DEBUG = True
    seed()


@pytest.fixture
def visitor(client: Client) -> Client:
    """Who has opened the page, and so is Asha."""
    assert client.get("/").status_code == 200
    return client


def post(client: Client, url: str, **values: Any) -> Any:
    """Post JSON as the page does."""
    return client.post(url, values, content_type="application/json")


def book(client: Client, **values: Any) -> Any:
    """Book an appointment; returns the response."""
    doctor = User.objects.get(username="meera").doctor.pk
    return post(client, "/demo/appointments/", **{"treatment": "Abhyanga", "doctor": doctor, "in_days": 2, **values})


def asha() -> Patient:
    """The first patient."""
    return Patient.objects.get(user__username="asha")


def test_seeding_again_changes_nothing() -> None:
    User.objects.filter(username="asha").update(time_zone="Europe/Madrid")
    counts = (User.objects.count(), Patient.objects.count(), ContactPoint.objects.count())
    seed()
    assert (User.objects.count(), Patient.objects.count(), ContactPoint.objects.count()) == counts
    assert asha().user.time_zone == "Europe/Madrid"
    assert User.objects.get(username="admin").check_password(PASSWORD)


def test_a_visitor_becomes_the_first_patient_under_a_strict_policy(client: Client) -> None:
    page = client.get("/")
    assert "Asha’s phone and mailbox" in page.content.decode()
    assert int(client.session["_auth_user_id"]) == asha().user.pk
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"style=" not in page.content
    assert b"<script>" not in page.content
    assert b" onclick" not in page.content


def test_somebody_else_stays_who_they_are_and_may_choose(client: Client) -> None:
    client.force_login(User.objects.get(username="admin"))
    assert "You are signed in as admin" in client.get("/").content.decode()
    daniel = Patient.objects.get(user__username="daniel")
    client.post(f"/demo/become/{daniel.pk}/")
    assert "Daniel’s phone and mailbox" in client.get("/").content.decode()


def test_without_debug_nothing_of_it_exists(client: Client, settings: Settings) -> None:
    settings.DEBUG = False
    assert client.get("/").status_code == 404
    assert client.get("/demo/state/").status_code == 404
    assert client.post(f"/demo/become/{asha().pk}/").status_code == 404
    assert "_auth_user_id" not in client.session


def test_without_seed_the_page_says_what_to_do(client: Client) -> None:
    Patient.objects.all().delete()
    assert b"make demo" in client.get("/").content


def test_the_desk_books_confirms_moves_and_cancels(visitor: Client) -> None:
    answer = book(visitor)
    assert answer.status_code == 201
    (shown,) = answer.json()["appointments"]
    assert (shown["label"], shown["can"]) == ("requested", ["confirm", "move", "cancel"])
    appointment = asha().appointments.get()
    assert appointment.place == "Treatment room 2"
    assert appointment.starts_at.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%H:%M") == "10:30"
    url = f"/demo/appointments/{appointment.pk}"
    confirmed = post(visitor, f"{url}/confirm/").json()
    assert confirmed["appointments"][0]["can"] == ["move", "cancel"]
    assert [each["channels"] for each in confirmed["waiting"] if each["scheduled"]] == [
        ["sms", "in_app"],
        ["push", "in_app"],
    ]
    later = shown["local"][:11] + "16:00"
    moved = post(visitor, f"{url}/move/", starts_at=later).json()
    assert moved["appointments"][0]["local"] == later
    cancelled = post(visitor, f"{url}/cancel/").json()
    assert cancelled["appointments"][0]["can"] == []
    assert [each for each in cancelled["waiting"] if each["scheduled"]] == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"treatment": "Surgery"}, "Unknown treatment 'Surgery'. Known: Consultation, Abhyanga"),
        ({"doctor": 10**8}, "There is no such doctor"),
        ({"doctor": "me"}, "There is no such doctor"),
        ({"in_days": "", "starts_at": "soon"}, "Choose a day and a time."),
        ({"in_days": "", "starts_at": "2020-01-01T10:00"}, "Choose a time to come, within a year."),
        ({"in_days": 999999999}, "Choose a time to come, within a year."),
        ({"in_days": "", "starts_at": None}, "Choose a day and a time."),
    ],
)
def test_a_booking_that_makes_no_sense_is_refused(visitor: Client, values: dict[str, Any], text: str) -> None:
    answer = book(visitor, **values)
    assert answer.status_code == 400
    assert text in answer.json()["error"]
    assert not Appointment.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.parametrize("body", ["", "[1]", "{", "[" * 5000, '{"a": "' + "x" * 20_000 + '"}'])
def test_a_body_that_is_no_form_is_refused(visitor: Client, body: str) -> None:
    answer = visitor.post("/demo/appointments/", body, content_type="application/json")
    assert answer.status_code == 400
    assert not Appointment.objects.exists()


def test_an_impossible_change_says_why_and_another_patients_is_not_found(visitor: Client) -> None:
    done = make_appointment(patient=asha(), status=Status.COMPLETED)
    answer = post(visitor, f"/demo/appointments/{done.pk}/cancel/")
    assert answer.status_code == 400
    assert "completed appointment cannot become cancelled" in answer.json()["error"]
    other = make_appointment()
    assert post(visitor, f"/demo/appointments/{other.pk}/cancel/").status_code == 404
    assert post(visitor, f"/demo/appointments/{done.pk}/delete/").status_code == 404


def test_changes_need_the_csrf_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get("/")
    assert book(strict).status_code == 403
    token = strict.cookies["csrftoken"].value
    answer = strict.post(
        "/demo/faults/", {"channel": "sms", "fault": "refuse"}, "application/json", HTTP_X_CSRFTOKEN=token
    )
    assert answer.status_code == 201


def test_the_phone_shows_the_own_messages_and_an_email_is_kept_in_its_frame(visitor: Client) -> None:
    book(visitor)
    make_appointment(patient=Patient.objects.get(user__username="daniel"))
    deliver_all()
    messages = visitor.get("/demo/state/").json()["messages"]
    assert sorted(each["channel"] for each in messages) == ["email", "push"]
    (mail,) = (each for each in messages if each["channel"] == "email")
    shown = visitor.get(f"/demo/emails/{mail['id']}/")
    assert b"Your request is with us" in shown.content
    assert b'<base target="_blank">' in shown.content
    assert "sandbox allow-popups" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    visitor.post(f"/demo/become/{Patient.objects.get(user__username='daniel').pk}/")
    assert visitor.get(f"/demo/emails/{mail['id']}/").status_code == 404


def test_what_is_attached_to_an_email_can_be_opened_by_its_reader_alone(visitor: Client) -> None:
    prescription = make_prescription(patient=asha(), issued=True)
    deliver_all()
    (mail,) = (each for each in visitor.get("/demo/state/").json()["messages"] if each["channel"] == "email")
    assert mail["attached"] == ["prescription.pdf"]
    url = f"/demo/emails/{mail['id']}/prescription.pdf"
    shown = visitor.get(url)
    assert (shown.headers["Content-Type"], shown.content[:5]) == ("application/pdf", b"%PDF-")
    assert visitor.get(f"/demo/emails/{mail['id']}/other.pdf").status_code == 404
    visitor.post(f"/demo/become/{Patient.objects.get(user__username='daniel').pk}/")
    assert visitor.get(url).status_code == 404
    visitor.post(f"/demo/become/{asha().pk}/")
    prescription.delete()
    assert visitor.get(url).status_code == 404


def test_one_prescription_is_issued_and_one_waits_for_its_doctor() -> None:
    seed_prescriptions()
    seed_prescriptions()
    written = Prescription.objects.values_list("patient__user__username", "status")
    assert sorted(written) == [("asha", "drafted"), ("daniel", "issued")]
    Prescription.objects.get(status="drafted").issue()
    assert Notification.objects.filter(type="pharmacy.prescription_issued").count() == 2


def test_a_doctor_of_the_demonstration_may_enter_the_admin_and_issue(client: Client) -> None:
    seed_prescriptions()
    assert client.login(username="meera", password=PASSWORD)
    draft = Prescription.objects.get(status="drafted")
    page = client.get(f"/admin/pharmacy/prescription/{draft.pk}/change/")
    assert b"Save and issue" in page.content


def test_what_waits_names_the_treatment_of_its_own_appointment_only(visitor: Client) -> None:
    appointment = make_appointment(patient=asha())
    Notification.objects.all().delete()
    make_prescription(pk=appointment.pk, patient=asha(), issued=True)
    (waiting,) = visitor.get("/demo/state/").json()["waiting"]
    assert (waiting["what"], waiting["about"]) == ("Brings a new prescription", "")


def test_a_waiting_reminder_can_be_sent_now_once_and_only_the_own(visitor: Client) -> None:
    appointment = make_appointment(patient=asha(), status=Status.CONFIRMED, ahead=timedelta(hours=5))
    deliver_all()
    (reminder,) = visitor.get("/demo/state/").json()["waiting"]
    assert reminder["what"] == "Reminds of an appointment an hour before"
    assert (reminder["about"], reminder["fallbacks"]) == (appointment.treatment, ["sms"])
    post(visitor, f"/demo/waiting/{reminder['id']}/send/")
    deliver_all()
    state = visitor.get("/demo/state/").json()
    assert state["waiting"] == []
    assert state["messages"][0]["title"].startswith("Your appointment begins at")
    again: HttpResponse = post(visitor, f"/demo/waiting/{reminder['id']}/send/")
    assert again.status_code == 400
    assert post(visitor, f"/demo/waiting/{uuid.uuid4()}/send/").status_code == 400


def test_the_phone_shows_what_a_text_message_costs(visitor: Client) -> None:
    make_appointment(patient=asha(), status=Status.CONFIRMED, ahead=timedelta(days=2))
    (day, *_) = (each for each in visitor.get("/demo/state/").json()["waiting"] if "sms" in each["channels"])
    post(visitor, f"/demo/waiting/{day['id']}/send/")
    deliver_all()
    (text,) = (each for each in visitor.get("/demo/state/").json()["messages"] if each["channel"] == "sms")
    assert text["price"] == "1 segment · GSM-7 · $0.04"


def test_a_fault_is_scripted_and_shown_until_a_message_has_met_it(visitor: Client) -> None:
    answer = post(visitor, "/demo/faults/", channel="email", fault="rate_limit")
    assert answer.json()["faults"] == ["email: 429 with Retry-After"]
    assert SandboxFault.objects.get().seconds == 3
    book(visitor)
    deliver_all()
    state = visitor.get("/demo/state/").json()
    assert state["faults"] == []
    (waiting,) = state["waiting"]
    assert (waiting["why"], waiting["channels"], waiting["scheduled"]) == (
        "the provider asked to wait",
        ["email"],
        False,
    )
    assert post(visitor, "/demo/faults/", channel="fax", fault="rate_limit").status_code == 400
    assert post(visitor, "/demo/faults/", channel="sms", fault="fire").status_code == 400


def test_the_state_is_read_in_as_many_queries_however_much_there_is(
    visitor: Client, django_assert_max_num_queries: Any
) -> None:
    for days in range(1, 7):
        make_appointment(patient=asha(), status=Status.CONFIRMED, starts_at=clock.now() + timedelta(days=days))
    deliver_all()
    with django_assert_max_num_queries(14):
        visitor.get("/demo/state/")


def test_the_command_refuses_to_run_outside_development(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="in development only"):
        call_command("demo")


def test_the_command_says_when_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is taken; perhaps .* --port {port + 1}"):
            call_command("demo", port=port)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_the_command_names_the_valid_ports(port: str) -> None:
    with pytest.raises(CommandError, match=f"'{port}' is no port. Valid: a whole number from 1 to 65535"):
        call_command("demo", f"--port={port}")
