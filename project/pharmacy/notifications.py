"""What patients are told about their prescriptions.

Medicines are named in the PDF alone, and on this site: a mailbox may be seen by others, a lock screen more so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.translation import gettext_noop

from notifications.messages import Attachment
from notifications.services import cancel, notify
from notifications.triggers import on_change, on_delete
from notifications.types import NotificationType, register
from notifications.variables import Variable
from project.pharmacy.models import Prescription, Status
from project.pharmacy.prescription import today
from project.pharmacy.prescription_sheet import prescription_sheet


@register
class PrescriptionIssued(NotificationType):
    """Brings a new prescription."""

    key = "pharmacy.prescription_issued"
    category = gettext_noop("prescriptions")
    channels = ("email", "push", "in_app")
    sensitive = True
    example = {"prescription_id": 1}
    variables = {
        "doctor": Variable(
            example="Vaidya Meera Nair", longest="Dr. Venkatanarasimharajuvaripeta", about="who has signed it"
        ),
        "issued_on": Variable(example=date(2030, 3, 4), about="the day on which it was signed"),
        "valid_until": Variable(example=date(2030, 9, 4), about="the last day on which it counts"),
    }

    prescription_id: int

    def subject(self) -> Prescription:
        return Prescription.objects.get(pk=self.prescription_id)

    def still_valid(self) -> bool:
        prescription = self.subject()
        return prescription.status == Status.ISSUED and (prescription.valid_until or today()) >= today()

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        prescription = self.subject()
        return {
            "doctor": str(prescription.doctor),
            "issued_on": prescription.issued_on,
            "valid_until": prescription.valid_until,
        }

    def link(self, recipient: AbstractBaseUser) -> str:
        return reverse("pharmacy:prescription", args=[self.prescription_id])

    def attachments(self, recipient: AbstractBaseUser) -> Iterable[Attachment]:
        return [prescription_sheet(self.subject())]


@on_change(Prescription, "status", to=Status.ISSUED)
def prescription_issued(prescription: Prescription) -> None:
    """Tell the patient."""
    notify(PrescriptionIssued(prescription_id=prescription.pk), to=prescription.patient.user, subject=prescription)


@on_delete(Prescription)
def prescription_deleted(prescription: Prescription) -> None:
    """Nothing more is said about it."""
    cancel(subject=prescription)
