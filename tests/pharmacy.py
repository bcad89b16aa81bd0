"""Makes prescriptions of the pharmacy."""

from typing import Any

from project.pharmacy.models import Prescription, PrescriptionItem
from tests.clinic import make_doctor, make_patient

MEDICINE = "Triphala churna"


def make_prescription(*, items: int = 1, issued: bool = False, **values: Any) -> Prescription:
    """A prescription with so many medicines, a draft unless `issued`."""
    people = {
        "patient": values.pop("patient", None) or make_patient(),
        "doctor": values.pop("doctor", None) or make_doctor(),
    }
    prescription = Prescription.objects.create(**people, **values)
    for number in range(1, items + 1):
        make_item(prescription, medicine=MEDICINE if number == 1 else f"{MEDICINE} no. {number}")
    if issued:
        prescription.issue()
    return prescription


def make_item(prescription: Prescription, **values: Any) -> PrescriptionItem:
    """A medicine of it."""
    defaults = {
        "medicine": MEDICINE,
        "form": "100 g, powder",
        "dose": "1 teaspoon in warm water before sleep",
        "days": 30,
    }
    return PrescriptionItem.objects.create(prescription=prescription, **{**defaults, **values})
