"""The prescription: issued once, then as it is; who sees it, and how a doctor writes it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from notifications.testing import assert_not_notified, assert_notified, frozen_clock
from project.accounts.roles import DESK, DOCTOR, PHARMACIST
from project.clinic.calendar import ZONE
from project.clinic.models import Doctor
from project.pharmacy.admin import PrescriptionAdmin
from project.pharmacy.models import Prescription, PrescriptionError, PrescriptionItem, Status
from project.pharmacy.notifications import PrescriptionIssued
from tests.clinic import make_doctor, make_patient, make_user
from tests.pdf import pages
from tests.pharmacy import MEDICINE, make_item, make_prescription

pytestmark = pytest.mark.django_db


def staff(role: str, **values: Any) -> Any:
    """Somebody of the house who may enter the admin."""
    user = make_user(is_staff=True, **values)
    user.groups.add(Group.objects.get(name=role))
    return user


def doctor_on_staff() -> Doctor:
    """A doctor who may enter the admin."""
    return make_doctor(user=staff(DOCTOR, first_name="Meera", last_name="Nair"))


def form(*medicines: dict[str, Any], **values: Any) -> dict[str, Any]:
    """What the admin's page posts for a new prescription."""
    rows = {f"items-{number}-{name}": value for number, each in enumerate(medicines) for name, value in each.items()}
    return {
        "items-TOTAL_FORMS": len(medicines),
        "items-INITIAL_FORMS": 0,
        "note": "",
        "valid_until": "",
        **rows,
        **values,
    }


TABLET = {"medicine": "Ashwagandha", "form": "500 mg", "dose": "1 after dinner", "days": 30, "amount": "", "note": ""}
ADD = "admin:pharmacy_prescription_add"
CHANGE = "admin:pharmacy_prescription_change"
LIST = "admin:pharmacy_prescription_changelist"


def test_an_issued_prescription_tells_the_patient_and_holds_thirty_days_of_the_clinic() -> None:
    with frozen_clock(datetime(2030, 3, 4, 20, tzinfo=ZoneInfo("UTC"))):  # past midnight in Kochi
        prescription = make_prescription()
        assert_not_notified(PrescriptionIssued)
        prescription.issue()
    prescription.refresh_from_db()
    assert (prescription.status, prescription.issued_on) == (Status.ISSUED, date(2030, 3, 5))
    assert prescription.valid_until == date(2030, 4, 4)
    assert_notified(PrescriptionIssued, to=prescription.patient.user, times=1)


def test_a_doctor_may_name_another_last_day_but_none_that_has_passed() -> None:
    today = datetime.now(ZONE).date()
    prescription = make_prescription(valid_until=today)
    prescription.issue()
    assert prescription.valid_until == today
    late = make_prescription(valid_until=today - timedelta(days=1))
    with pytest.raises(PrescriptionError, match="has passed; give a later one"):
        late.issue()


def test_a_prescription_without_a_medicine_is_not_issued() -> None:
    with pytest.raises(PrescriptionError, match="no medicine yet"):
        make_prescription(items=0).issue()
    assert Prescription.objects.get().status == Status.DRAFTED


@pytest.mark.parametrize("text", ["⅓ tablet", "10⁶ units", "अश्वगन्धा", "dose ≠ 5 mg", "1 tablet\x00"])
def test_what_the_pdf_would_show_as_something_else_is_not_issued(text: str) -> None:
    prescription = make_prescription(items=0)
    item = make_item(prescription, dose="plain")
    item.dose = text
    with pytest.raises(ValidationError, match="PDF cannot show"):
        item.full_clean()
    if "\x00" not in text:  # a database may refuse to hold it
        item.save()
        with pytest.raises(PrescriptionError, match="PDF cannot show"):
            prescription.issue()


@pytest.mark.parametrize("text", ["½ cup – warm", "Mahānārāyaṇa taila", "250 µg ± 5 %", "Take “as needed”…", "why?"])
def test_fractions_dashes_and_accents_can_be_written(text: str) -> None:
    prescription = make_prescription(items=0)
    make_item(prescription, dose=text)
    prescription.issue()


@pytest.mark.parametrize(
    "values", [{"days": None, "amount": ""}, {"days": 0, "amount": ""}, {"days": 0, "amount": "60 tablets"}]
)
def test_a_medicine_is_for_some_days_or_some_amount(values: dict[str, Any]) -> None:
    prescription = make_prescription(items=0)
    with pytest.raises(ValidationError):
        PrescriptionItem(prescription=prescription, medicine="a", dose="b", **values).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_item(prescription, **values)


def test_what_is_issued_is_not_changed_issued_again_or_added_to() -> None:
    prescription, other = make_prescription(), make_prescription()
    stale, item = Prescription.objects.get(pk=prescription.pk), prescription.items.get()
    prescription.issue()
    refused = pytest.raises(PrescriptionError, match="is issued, and cannot be changed")
    with refused:
        prescription.issue()
    with refused:
        stale.issue()
    stale.note = "More"
    with refused:
        stale.save()
    with refused:
        make_item(prescription)
    item.dose = "Twice as much"
    with refused:
        item.save()
    item.prescription = other
    with refused:
        item.save()
    with refused:
        item.delete()
    found = Prescription.objects.get(pk=prescription.pk)
    assert (found.note, [each.dose for each in found.items.all()]) == ("", ["1 teaspoon in warm water before sleep"])
    assert_notified(PrescriptionIssued, times=1)


def test_who_hears_of_it_is_whom_the_database_names_not_who_was_read_before() -> None:
    prescription = make_prescription()
    stale = Prescription.objects.get(pk=prescription.pk)
    prescription.patient = make_patient(first_name="Ravi")
    prescription.save()
    stale.issue()
    assert_notified(PrescriptionIssued, to=prescription.patient.user, times=1)
    assert_notified(PrescriptionIssued, times=1)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_issue_at_once_one_succeeds_and_the_patient_is_told_once() -> None:
    prescription = make_prescription()
    together = Barrier(8)

    def issue() -> bool:
        own = Prescription.objects.get(pk=prescription.pk)
        together.wait()
        try:
            own.issue()
        except PrescriptionError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        done = [each.result() for each in [pool.submit(issue) for _ in range(8)]]
    assert done.count(True) == 1
    assert_notified(PrescriptionIssued, to=prescription.patient.user, times=1)


def test_a_patient_sees_the_own_issued_prescription_and_its_pdf_and_no_other(client: Client) -> None:
    own = make_prescription(issued=True)
    client.force_login(own.patient.user)
    page = client.get(reverse("pharmacy:prescription", args=[own.pk]))
    assert MEDICINE in page.content.decode()
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    made = client.get(reverse("pharmacy:sheet", args=[own.pk]))
    assert (made.headers["Content-Type"], MEDICINE in pages(made.content)[0]) == ("application/pdf", True)
    for each in (page, made):
        assert "no-store" in each.headers["Cache-Control"]
    draft, others = make_prescription(patient=own.patient), make_prescription(issued=True)
    for hidden in (draft, others):
        for name in ("pharmacy:prescription", "pharmacy:sheet"):
            assert client.get(reverse(name, args=[hidden.pk])).status_code == 404
    client.logout()
    for name in ("pharmacy:prescription", "pharmacy:sheet"):
        url = reverse(name, args=[own.pk])
        assert client.get(url).headers["Location"] == f"{reverse('login')}?next={url}"


def test_a_doctor_writes_and_issues_in_one_step_in_the_own_name(client: Client) -> None:
    doctor, patient, other = doctor_on_staff(), make_patient(), make_doctor()
    client.force_login(doctor.user)
    assert b"Save and issue" in client.get(reverse(ADD)).content
    page = client.post(
        reverse(ADD), form(TABLET, patient=patient.pk, doctor=other.pk, _issue="Save and issue"), follow=True
    )
    assert b"Issued. The patient hears of it." in page.content
    assert b"Save and issue" not in page.content
    prescription = Prescription.objects.get()
    assert (prescription.doctor, prescription.status) == (doctor, Status.ISSUED)
    assert_notified(PrescriptionIssued, to=patient.user, times=1)


def test_what_cannot_be_issued_stays_a_draft_and_says_why(client: Client) -> None:
    client.force_login(doctor_on_staff().user)
    page = client.post(reverse(ADD), form(patient=make_patient().pk, _issue="Save and issue"), follow=True)
    assert b"It has no medicine yet" in page.content
    assert b"Save and issue" in page.content
    assert Prescription.objects.get().status == Status.DRAFTED
    assert_not_notified(PrescriptionIssued)


def test_the_admin_names_what_is_missing_or_cannot_be_shown(client: Client) -> None:
    client.force_login(doctor_on_staff().user)
    bad = [{**TABLET, "days": ""}, {**TABLET, "dose": "⅓ tablet"}]
    page = client.post(reverse(ADD), form(*bad, patient=make_patient().pk)).content.decode()
    assert "Say for how many days, or how much of it." in page
    assert "PDF cannot show “⅓”" in page
    assert not Prescription.objects.exists()


def test_an_issued_prescription_is_only_read_in_the_admin(client: Client) -> None:
    prescription = make_prescription(issued=True)
    client.force_login(make_user(is_staff=True, is_superuser=True))
    url = reverse(CHANGE, args=[prescription.pk])
    page = client.get(url).content.decode()
    assert MEDICINE in page
    assert "_save" not in page
    assert client.post(url, form(TABLET, patient=make_patient().pk)).status_code == 403
    assert client.post(reverse("admin:pharmacy_prescription_delete", args=[prescription.pk])).status_code == 403
    client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [prescription.pk], "post": "yes"})
    client.post(reverse("admin:clinic_patient_delete", args=[prescription.patient.pk]), {"post": "yes"})
    assert Prescription.objects.get().items.count() == 1


def test_a_draft_that_is_issued_while_it_is_being_saved_stays_as_it_was_issued(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = doctor_on_staff()
    prescription = make_prescription(doctor=doctor)
    client.force_login(doctor.user)
    save_form = PrescriptionAdmin.save_form

    def issue_first(*args: Any, **kwargs: Any) -> Any:
        Prescription.objects.get(pk=prescription.pk).issue()
        return save_form(*args, **kwargs)

    monkeypatch.setattr(PrescriptionAdmin, "save_form", issue_first)
    item = prescription.items.get()
    row = {**TABLET, "id": item.pk, "prescription": prescription.pk}
    values = form(row, patient=prescription.patient.pk, note="Changed") | {"items-INITIAL_FORMS": 1}
    page = client.post(reverse(CHANGE, args=[prescription.pk]), values, follow=True)
    assert b"is issued, and cannot be changed" in page.content
    assert (Prescription.objects.get().note, PrescriptionItem.objects.get().medicine) == ("", MEDICINE)


def test_a_doctor_sees_and_issues_the_own_prescriptions_only(client: Client) -> None:
    doctor = doctor_on_staff()
    own, others = make_prescription(doctor=doctor), make_prescription()
    client.force_login(doctor.user)
    assert client.get(reverse(CHANGE, args=[own.pk])).status_code == 200
    assert client.get(reverse(CHANGE, args=[others.pk])).status_code == 302, "the admin's way of not finding it"
    page = client.post(reverse(LIST), {"action": "issue", "_selected_action": [own.pk, others.pk]}, follow=True)
    assert b"Issued: 1" in page.content
    assert list(Prescription.objects.filter(status=Status.ISSUED)) == [own]
    again = client.post(reverse(LIST), {"action": "issue", "_selected_action": [own.pk]}, follow=True)
    assert b"is issued, and cannot be changed" in again.content


def test_a_pharmacist_reads_issued_prescriptions_and_the_desk_none(client: Client) -> None:
    draft, issued = make_prescription(), make_prescription(issued=True)
    client.force_login(staff(PHARMACIST))
    assert client.get(reverse(CHANGE, args=[issued.pk])).status_code == 200
    assert client.get(reverse(CHANGE, args=[draft.pk])).status_code == 302
    assert client.get(reverse(ADD)).status_code == 403
    assert b'value="issue"' not in client.get(reverse(LIST)).content
    client.force_login(staff(DESK))
    assert client.get(reverse(LIST)).status_code == 403


def test_who_is_no_doctor_issues_nothing_even_with_a_doctors_permissions(client: Client) -> None:
    draft = make_prescription()
    client.force_login(staff(DOCTOR))
    assert client.get(reverse(ADD)).status_code == 403
    client.post(reverse(LIST), {"action": "issue", "_selected_action": [draft.pk]})
    assert Prescription.objects.get().status == Status.DRAFTED
