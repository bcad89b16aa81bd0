"""Every email that the project ships, worded with its type's example by the pipeline's own code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from notifications.messages import EmailMessage
from notifications.services import preview
from notifications.types import NotificationType
from tests.clinic import make_appointment, make_doctor, make_patient, make_user
from tests.pharmacy import make_prescription
from tests.shipped_texts import types

LONG = "Panchakarmakaarthavyaprathyekathayulla" * 2
READERS = {
    "ltr": ("en", "Asha", "Menon", "Meera Nair", "Treatment room 3"),
    "hindi": ("hi", "आशा", "मेनन", "मीरा नायर", "Treatment room 3"),
    "spanish": ("es", "María José", "Hernández", "Meera Nair", "Treatment room 3"),
    "rtl": ("ar", "ليلى", "حداد", "سلمى خوري", "غرفة العلاج ٣"),
    "rtl-mixed": ("ar", "Asha", "Menon", "Meera Nair", "Treatment room 3"),
    "long": ("en", LONG, "", LONG, LONG),
    "rtl-long": ("ar", LONG, "", LONG, LONG),
}
"""reader → language, first and last name, doctor, place: all languages, names of the other direction, words too long
for a line"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An email as one reader gets it."""

    key: str
    reader: str
    message: EmailMessage

    @property
    def name(self) -> str:
        """Its name among all, fit for a file."""
        return f"{self.key}-{self.reader}"

    @property
    def language(self) -> str:
        """That of its reader."""
        return READERS[self.reader][0]


def shipped() -> list[type[NotificationType]]:
    """The types of the project's own apps that have an email."""
    return [each for each in types() if "email" in (*each.channels, *each.fallback)]


def samples(*readers: str) -> Iterator[Sample]:
    """The emails of each type for those of `READERS`. What the examples are about is made, and taken back."""
    for reader in readers:
        with transaction.atomic():
            person = _stage(READERS[reader])
            for type_ in shipped():
                yield Sample(key=type_.key, reader=reader, message=_message(type_, person))
            transaction.set_rollback(True)


def _stage(reader: tuple[str, str, str, str, str]) -> Any:
    """The person, with the appointment 1 and the prescription 1 that the examples name."""
    language, first, last, doctor, place = reader
    patient = make_patient(language=language, first_name=first, last_name=last)
    treatment = LONG if place == LONG else "Shirodhara"
    doctor_first, _, doctor_last = doctor.partition(" ")
    seen_by = make_doctor(user=make_user(first_name=doctor_first, last_name=doctor_last))
    make_appointment(pk=1, patient=patient, doctor=seen_by, place=place, treatment=treatment)
    make_prescription(pk=1, patient=patient, doctor=seen_by, issued=True)
    return patient.user


def _message(type_: type[NotificationType], person: Any) -> EmailMessage:
    shown = {each.channel: each for each in preview(type_.from_payload(type_.example), to=person)}["email"]
    if not isinstance(shown.message, EmailMessage):
        raise LookupError(f"{type_.key} has no email for its example: {shown.error or shown.reason}")
    return shown.message
