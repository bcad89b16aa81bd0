"""What goes along with the clinic's emails, read at a mail server: the calendar follows the appointment."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import reverse

from notifications import clock
from notifications.models import ContactPoint, Delivery, Status
from notifications.testing import deliver_all, frozen_clock
from project.clinic.models import Appointment
from project.clinic.sheet import sheet
from project.clinic.treatments import PREPARE, TREATMENTS, preparation
from tests.calendar_client import CalendarClient
from tests.clinic import make_appointment, make_doctor, make_patient
from tests.contract.smtp_server import SmtpServer, smtp_server
from tests.pdf import pages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    given = django_settings.NOTIFICATIONS
    with smtp_server() as server:
        options = {"host": "127.0.0.1", "port": server.port, "use_tls": False, "timeout_seconds": 5}
        smtp = {"BACKEND": "notifications.providers.smtp.SmtpProvider", "OPTIONS": options}
        email = {**given["CHANNELS"]["email"], "PROVIDERS": ["smtp"]}
        changed = {
            **given,
            "PROVIDERS": {**given["PROVIDERS"], "smtp": smtp},
            "CHANNELS": {**given["CHANNELS"], "email": email},
            "FROM_EMAIL": "Clinic <mail@clinic.example>",
        }
        with override_settings(NOTIFICATIONS=changed):
            yield server


def files(mail: EmailMessage) -> dict[str, bytes]:
    """Name → content."""
    return {str(each.get_filename()): each.get_payload(decode=True) for each in mail.iter_attachments()}  # type: ignore[misc]


def test_a_calendar_follows_the_appointment_to_its_end(server: SmtpServer) -> None:
    patient = make_patient(email="asha+clinic@example.org")
    calendar = CalendarClient("asha+clinic@example.org")
    with frozen_clock() as frozen:
        appointment = make_appointment(patient=patient)
        deliver_all()
        assert files(server.received[-1].mail) == {}, "what is only requested enters no calendar"

        appointment.confirm()
        deliver_all()
        [part, page] = server.received[-1].mail.iter_attachments()
        assert part["Content-Type"].startswith('text/calendar; method="REQUEST"')
        assert part["Content-Type"].params["charset"] == "utf-8"
        assert (part.get_filename(), page.get_filename()) == ("invite.ics", "appointment.pdf")
        calendar.take(part.get_payload(decode=True))  # type: ignore[arg-type]
        assert calendar.times == [appointment.starts_at.replace(microsecond=0)]
        [entry] = calendar.entries.values()
        assert str(entry["ORGANIZER"]) == "mailto:mail@clinic.example"
        assert entry["DTSTART"].params["TZID"] == "Asia/Kolkata"
        assert "Shirodhara" not in str(entry), "a calendar may be seen by others"

        frozen.advance("1 hour")
        appointment.move(appointment.starts_at + timedelta(days=1, hours=2))
        deliver_all()
        [moved] = files(server.received[-1].mail).values()
        calendar.take(moved)
        assert calendar.times == [appointment.starts_at.replace(microsecond=0)]

        frozen.advance("1 hour")
        appointment.cancel()
        deliver_all()
        [gone] = files(server.received[-1].mail).values()
        calendar.take(gone)
        assert calendar.times == []
        calendar.take(moved)
        assert calendar.times == [], "an older message that comes late changes nothing"


def test_each_change_raises_the_revision_and_no_other_act_does() -> None:
    appointment = make_appointment()
    assert appointment.revision == 0
    appointment.confirm()
    stale = Appointment.objects.get()
    assert stale.revision == 0
    appointment.move(clock.now() + timedelta(days=5))
    stale.move(clock.now() + timedelta(days=6))
    assert stale.revision == 2
    appointment.cancel()
    assert Appointment.objects.get().revision == 3


def test_a_change_in_the_admin_raises_the_revision() -> None:
    appointment = make_appointment(status="confirmed")
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.org", "x"))
    url = reverse("admin:clinic_appointment_change", args=[appointment.pk])
    form = client.get(url).context["adminform"].form
    values: dict[str, Any] = {name: form.initial[name] for name in form.fields if name in form.initial}
    starts_at = values.pop("starts_at")
    times = {"starts_at_0": f"{starts_at:%Y-%m-%d}", "starts_at_1": f"{starts_at:%H:%M:%S}"}
    assert client.post(url, {**values, **times, "place": "Garden"}).status_code == 302
    changed = Appointment.objects.get()
    assert (changed.place, changed.revision) == ("Garden", 1)


def test_who_has_no_address_of_an_account_still_gets_the_email(server: SmtpServer) -> None:
    patient = make_patient(email="")
    ContactPoint.objects.create(user=patient.user, channel="email", address="asha@example.org")
    make_appointment(patient=patient, status="confirmed")
    deliver_all()
    assert list(files(server.received[-1].mail)) == ["appointment.pdf"]


@pytest.mark.parametrize("name", ["Łucja", "आशा", "Asha\u2028", 'A"sha', "Ā" * 100])
def test_no_name_holds_an_email_up(server: SmtpServer, name: str) -> None:
    doctor = make_doctor(title="வைத்தியர்")
    make_appointment(patient=make_patient(first_name=name), doctor=doctor, status="confirmed", place="कमरा " * 30)
    deliver_all()
    confirmed = Delivery.objects.get(channel="email", notification__type="clinic.appointment_confirmed")
    assert confirmed.status == Status.SENT
    assert files(server.received[-1].mail)["appointment.pdf"].startswith(b"%PDF-")


@pytest.mark.parametrize("name", [*(each.name for each in TREATMENTS), "Something else"])
def test_each_treatment_says_how_to_prepare(name: str) -> None:
    assert set(preparation(name)) >= set(PREPARE)


def texts(pdf: bytes) -> list[str]:
    """The lines of a PDF of one page."""
    [lines] = pages(pdf)
    return lines


def test_the_sheet_tells_the_time_of_the_patients_own_zone() -> None:
    patient = make_patient(first_name="Zoë", last_name="Rāo")
    starts_at = datetime(2030, 3, 4, 23, 30, tzinfo=UTC)
    appointment = make_appointment(patient=patient, starts_at=starts_at, treatment="Abhyanga")
    lines = texts(sheet(appointment, ZoneInfo("America/New_York")).content)
    assert "Monday, 4 March 2030" in lines
    assert "18:30 to 19:15 (EST)" in lines
    assert "for Zoë Rao" in lines
    assert {"Abhyanga", "Vaidya Meera Nair", "Treatment room 3", "Eat nothing in the hour and a half before."} <= set(
        lines
    )


def test_a_name_that_the_sheet_cannot_write_is_left_out() -> None:
    appointment = make_appointment(patient=make_patient(first_name="Łucja"))
    assert not [each for each in texts(sheet(appointment, ZoneInfo("UTC")).content) if each.startswith("for ")]
