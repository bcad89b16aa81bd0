"""The prescriptions of the demonstration: one that has been issued, and one that waits for its doctor."""

from typing import Any

from django.db import transaction

from project.clinic.models import Doctor, Patient
from project.pharmacy.models import Prescription, PrescriptionItem

ISSUED_TO, DRAFTED_FOR = "daniel", "asha"
MEDICINES: tuple[dict[str, Any], ...] = (
    {
        "medicine": "Triphala churna",
        "form": "100 g, powder",
        "dose": "1 teaspoon in warm water before sleep",
        "days": 30,
        "amount": "1 jar",
    },
    {
        "medicine": "Ashwagandha",
        "form": "500 mg, tablet",
        "dose": "1 tablet after breakfast and after dinner",
        "days": 30,
        "amount": "60 tablets",
        "note": "Not together with sleeping pills.",
    },
    {
        "medicine": "Mahanarayana taila",
        "form": "Oil, for the skin only",
        "dose": "Warm, on both knees, 20 minutes before the bath",
        "amount": "200 ml",
    },
)


@transaction.atomic
def seed_prescriptions() -> None:
    """Write what is missing, and issue it to one patient. After `seed`; again it changes nothing of what is there."""
    doctor = Doctor.objects.get(user__username="meera")
    for username in (ISSUED_TO, DRAFTED_FOR):
        patient = Patient.objects.get(user__username=username)
        if patient.prescriptions.exists():
            continue
        prescription = Prescription.objects.create(
            patient=patient, doctor=doctor, note="Please come again when half of the days have passed."
        )
        for medicine in MEDICINES:
            PrescriptionItem.objects.create(prescription=prescription, **medicine)
        if username == ISSUED_TO:
            prescription.issue()
