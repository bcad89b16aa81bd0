"""The prescription's email and its PDF: made when it is sent, kept nowhere, and alone in naming a medicine (P9, D5)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from notifications.messages import EmailMessage, InAppMessage, PushMessage
from notifications.models import Delivery, Reason, Status
from notifications.services import preview
from notifications.testing import deliver_all, frozen_clock, outbox
from project.clinic.models import Patient
from project.pharmacy.models import Prescription, PrescriptionItem
from project.pharmacy.notifications import PrescriptionIssued
from project.pharmacy.prescription_sheet import prescription_sheet
from tests.clinic import make_doctor, make_patient, make_user
from tests.contract.smtp_server import smtp_server
from tests.pdf import pages
from tests.pharmacy import MEDICINE, make_item, make_prescription

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)


def sheet(prescription: Prescription) -> list[list[str]]:
    """The lines of each page."""
    return pages(prescription_sheet(Prescription.objects.get(pk=prescription.pk)).content)


def everything_stored() -> str:
    """All rows of all tables but that of the medicines themselves, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != PrescriptionItem._meta.db_table:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
                found += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(found)


def outcomes() -> set[tuple[str, str]]:
    """How the deliveries that leave the app stand, and why."""
    return set(Delivery.objects.exclude(channel="in_app").values_list("status", "reason"))


@pytest.mark.django_db(transaction=True)
def test_the_email_brings_the_prescription_as_a_pdf_that_is_stored_nowhere() -> None:
    given = django_settings.NOTIFICATIONS
    with smtp_server() as server:
        options = {"host": "127.0.0.1", "port": server.port, "use_tls": False, "timeout_seconds": 5}
        smtp = {"BACKEND": "notifications.providers.smtp.SmtpProvider", "OPTIONS": options}
        email = {**given["CHANNELS"]["email"], "PROVIDERS": ["smtp"]}
        changed = {
            **given,
            "PROVIDERS": {**given["PROVIDERS"], "smtp": smtp},
            "CHANNELS": {**given["CHANNELS"], "email": email},
        }
        with override_settings(NOTIFICATIONS=changed):
            prescription = make_prescription(issued=True)
            deliver_all()
    [received] = server.received
    [part] = received.mail.iter_attachments()
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert (part.get_filename(), part.get_content_type()) == ("prescription.pdf", "application/pdf")
    assert {MEDICINE, "Asha Menon", "Vaidya Meera Nair", "Page 1 of 1"} <= set(pages(content)[0])
    stored = everything_stored()
    assert f"/prescriptions/{prescription.pk}/" in stored, "what is looked through is really the database"
    assert "%PDF" not in stored
    assert MEDICINE not in stored


def test_the_sandbox_keeps_of_the_pdf_only_what_tells_it_apart() -> None:
    make_prescription(issued=True)
    deliver_all()
    [mail] = outbox("email")
    [about] = mail.content["attachments"]
    assert (about["name"], sorted(about)) == (
        "prescription.pdf",
        ["bytes", "content_type", "method", "name", "sha256"],
    )
    assert MEDICINE not in everything_stored()


@pytest.fixture
def patient() -> Patient:
    """A patient who has the prescription of the example."""
    patient = make_patient()
    make_prescription(pk=1, patient=patient, issued=True)
    return patient


def messages(patient: Patient) -> dict[type, Any]:
    """Kind → message, worded as it would be for the patient."""
    shown = preview(PrescriptionIssued(**PrescriptionIssued.example), to=patient.user)
    return {type(each.message): each.message for each in shown}


def test_no_text_names_a_medicine_and_a_lock_screen_not_even_a_prescription(patient: Patient) -> None:
    worded = messages(patient)
    assert set(worded) == {EmailMessage, PushMessage, InAppMessage}
    for message in worded.values():
        for text in (getattr(message, name, "") for name in ("subject", "title", "text", "html")):
            assert MEDICINE not in text
            assert "teaspoon" not in text
            assert "None" not in text
            assert "{{" not in text
            assert "{%" not in text
    push = worded[PushMessage]
    for word in ("prescription", "medicine", "Nair", "Asha"):
        assert word.lower() not in f"{push.title} {push.text}".lower()


def test_the_email_says_from_whom_and_until_when_and_leads_to_the_site(patient: Patient) -> None:
    mail = messages(patient)[EmailMessage]
    valid_until = Prescription.objects.get().valid_until
    assert valid_until is not None
    assert f"Valid until  {valid_until:%A}, {valid_until.day} {valid_until:%B %Y}" in mail.text
    assert "From         Vaidya Meera Nair" in mail.text
    for text in (mail.text, mail.html):
        assert "http://localhost:8000/prescriptions/1/" in text


def test_what_is_sensitive_is_not_tracked() -> None:
    given = django_settings.NOTIFICATIONS
    email = {**given["CHANNELS"]["email"], "OPTIONS": {"track_opens": True, "track_clicks": True}}
    with override_settings(NOTIFICATIONS={**given, "CHANNELS": {**given["CHANNELS"], "email": email}}):
        make_prescription(issued=True)
        deliver_all()
    [mail] = outbox("email")
    assert "<img" not in mail.content["html"]
    assert "/prescriptions/" in mail.content["html"]


def test_what_was_deleted_before_sending_is_not_sent() -> None:
    make_prescription(issued=True).delete()
    deliver_all()
    assert outbox() == []
    assert outcomes() == {(Status.CANCELLED, Reason.CANCELLED)}


def test_what_is_no_longer_issued_is_not_sent() -> None:
    prescription = make_prescription(issued=True)
    Prescription.objects.filter(pk=prescription.pk).update(status="drafted")
    deliver_all()
    assert outbox() == []
    assert outcomes() == {(Status.SKIPPED, Reason.NO_LONGER_VALID)}


@pytest.mark.parametrize(("days", "sent"), [(30, 2), (31, 0)])
def test_a_prescription_is_sent_through_its_last_day_at_the_clinic(days: int, sent: int) -> None:
    with frozen_clock(NOON) as clock:
        make_prescription(issued=True)
        clock.advance(timedelta(days=days))
        deliver_all()
    assert len(outbox()) == sent


def test_a_batch_is_worded_without_queries_for_each() -> None:
    def queries(prescriptions: int) -> int:
        for _ in range(prescriptions):
            make_prescription(items=3, issued=True)
        with CaptureQueriesContext(connection) as captured:
            deliver_all()
        return sum('FROM "pharmacy_' in each["sql"] for each in captured)

    queries(1)
    assert queries(12) == queries(1) > 0


def test_thirty_medicines_flow_onto_more_pages_and_none_is_lost() -> None:
    written = sheet(make_prescription(items=30, issued=True))
    assert len(written) >= 2
    for number, page in enumerate(written, start=1):
        assert page[-1] == f"Page {number} of {len(written)}"
        assert "Medicine" in page
    continued = [[each for each in page if each.endswith("for Asha Menon, continued")] for page in written]
    assert [len(each) for each in continued] == [0] + [1] * (len(written) - 1)
    names = [line for page in written for line in page if line.startswith(MEDICINE)]
    assert names == [MEDICINE, *(f"{MEDICINE} no. {number}" for number in range(2, 31))]
    assert [line for page in written for line in page if line.rstrip(".").isdigit()] == [f"{n}." for n in range(1, 31)]


@pytest.mark.parametrize("items", range(1, 25))
def test_the_signature_has_its_place_whatever_the_number_of_medicines(items: int) -> None:
    written = sheet(make_prescription(items=items, note="Rest well. " * 40, issued=True))
    assert "Signature, Vaidya Meera Nair" in written[-1]
    assert [line for line in written[-1] if line.startswith("Rest well.")], "the note stands by it"
    assert not [page for page in written if "Number" not in page[2] and len(page) < 5], "no page is all but empty"


def test_the_sheet_has_all_that_was_prescribed() -> None:
    prescription = make_prescription(items=0, note="Come again in May.")
    Patient.objects.update(date_of_birth=date(1980, 3, 4))
    make_item(
        prescription, medicine="Mahānārāyaṇa taila", form="Oil (outwardly)", dose="½ cup – warm", days=1,
        amount="200 ml", note="Not on wounds.",
    )  # fmt: skip
    with frozen_clock(NOON):
        prescription.issue()
    [page] = sheet(prescription)
    assert {
        "Asha Menon", "born 4 March 1980", "Vaidya Meera Nair", "Panchakarma", "4 March 2030", "3 April 2030",
        "Mahanarayana taila", "Oil (outwardly)", "½ cup – warm", "1 day", "200 ml", "Not on wounds.",
        "Come again in May.",
    } <= set(page)  # fmt: skip


def test_a_name_that_the_sheet_cannot_write_leaves_a_line_to_write_on() -> None:
    doctor = make_doctor(user=make_user(first_name="மீரா"), title="")
    written = sheet(make_prescription(items=30, patient=make_patient(first_name="आशा"), doctor=doctor, issued=True))
    assert [line for line in written[0] if set(line) == {"_"}] == ["_" * 40] * 2
    assert not [line for page in written for line in page if "?" in line]
    assert "Signature" in written[-1]


def test_words_longer_than_their_column_are_broken_and_stay_whole_together() -> None:
    prescription = make_prescription(items=0)
    make_item(prescription, medicine="W" * 150, dose="x" * 200)
    prescription.issue()
    [page] = sheet(prescription)
    assert sum(len(line) for line in page if set(line) == {"W"}) == 150
    assert sum(len(line) for line in page if set(line) == {"x"}) == 200
    assert max(len(line) for line in page if set(line) == {"W"}) < 20
