"""The prescription: drafted, then issued, and from then on as it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import clock
from project.clinic.calendar import ZONE
from project.clinic.pdf import unwritable
from project.clinic.people import Doctor, Patient

VALID_FOR = timedelta(days=30)
"""from the day of issue, unless the doctor says otherwise"""


class PrescriptionError(ValueError):
    """A prescription cannot be issued or changed. The text says why."""


class Status(models.TextChoices):
    """Where a prescription stands."""

    DRAFTED = "drafted", _("drafted")
    ISSUED = "issued", _("issued")


def today() -> date:
    """The day it is at the clinic."""
    return clock.now().astimezone(ZONE).date()


def validate_writable(text: str) -> None:
    """Raise `ValidationError` for letters that the PDF cannot show: a medicine or dose must never be misread."""
    if letters := unwritable(text):
        raise ValidationError(
            _("The prescription’s PDF cannot show “%(letters)s”. Write it in Latin letters and plain digits."),
            code="unwritable",
            params={"letters": letters},
        )


class PrescriptionManager(models.Manager["Prescription"]):
    """Loads people and items too: a batch of notifications is then worded without queries for each."""

    def get_queryset(self) -> models.QuerySet[Prescription]:
        return super().get_queryset().select_related("doctor__user", "patient__user").prefetch_related("items")


class Prescription(models.Model):
    """What a doctor orders for a patient. Once issued it is not changed: another is issued instead.

    `issue`, and each change to it or its items, hold the row while they decide, and raise `PrescriptionError`.
    """

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="prescriptions", verbose_name=_("patient"))
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="prescriptions", verbose_name=_("doctor"))
    note = models.CharField(
        _("note"), max_length=500, blank=True, validators=[validate_writable], help_text=_("What holds for all of it.")
    )
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("The last day. Left empty: 30 days from the day of issue.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFTED, editable=False
    )
    issued_at = models.DateTimeField(_("issued at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    objects: ClassVar[PrescriptionManager] = PrescriptionManager()

    class Meta:
        verbose_name = _("prescription")
        verbose_name_plural = _("prescriptions")
        permissions = [("issue_prescription", "Can issue prescription")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="pharmacy_prescription_status"),
            models.CheckConstraint(
                condition=models.Q(status=Status.DRAFTED)
                | models.Q(issued_at__isnull=False, valid_until__isnull=False),
                name="pharmacy_prescription_issued",
            ),
        ]

    def __str__(self) -> str:
        return f"Prescription {self.pk} for {self.patient} by {self.doctor}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            if not self._state.adding:
                self.hold_draft()
            super().save(*args, **kwargs)

    @property
    def issued_on(self) -> date | None:
        """The clinic's day on which it was issued."""
        return self.issued_at.astimezone(ZONE).date() if self.issued_at else None

    def issue(self) -> None:
        """Sign it: from now on it counts, until `valid_until`, and the patient hears of it."""
        with transaction.atomic():
            held = self.hold_draft()
            # What may have changed since it was read, above all for whom it is.
            self.patient, self.doctor = held.patient, held.doctor
            self.note, self.valid_until = held.note, held.valid_until
            items = list(PrescriptionItem.objects.filter(prescription=self))
            if not items:
                raise PrescriptionError(gettext("It has no medicine yet; add one before it is issued."))
            _require_valid(self, *items)
            if self.valid_until and self.valid_until < today():
                text = gettext("Its last day, %(day)s, has passed; give a later one.")
                raise PrescriptionError(text % {"day": self.valid_until})
            self.status, self.issued_at = Status.ISSUED, clock.now()
            self.valid_until = self.valid_until or today() + VALID_FOR
            self.save(update_fields=["status", "issued_at", "valid_until"])

    def hold_draft(self) -> Prescription:
        """The row as it now is, locked until the transaction ends."""
        held = Prescription.objects.select_for_update(of=("self",)).prefetch_related(None).get(pk=self.pk)
        if held.status != Status.DRAFTED:
            text = gettext("Prescription %(number)s is %(status)s, and cannot be changed.")
            raise PrescriptionError(text % {"number": self.pk, "status": held.get_status_display()})
        return held


class PrescriptionItem(models.Model):
    """A medicine: how to take it, and for how many days or how much of it."""

    prescription = models.ForeignKey(Prescription, models.CASCADE, related_name="items", verbose_name=_("prescription"))
    medicine = models.CharField(_("medicine"), max_length=150, validators=[validate_writable])
    form = models.CharField(
        _("strength and form"),
        max_length=100,
        blank=True,
        validators=[validate_writable],
        help_text=_("Such as 500 mg, tablet."),
    )
    dose = models.CharField(
        _("dose"),
        max_length=200,
        validators=[validate_writable],
        help_text=_("Such as 1 tablet after breakfast and dinner."),
    )
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True, validators=[MinValueValidator(1)])
    amount = models.CharField(
        _("amount"), max_length=50, blank=True, validators=[validate_writable], help_text=_("Such as 60 tablets.")
    )
    note = models.CharField(_("note"), max_length=200, blank=True, validators=[validate_writable])

    class Meta:
        verbose_name = _("medicine")
        verbose_name_plural = _("medicines")
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                # Each side says whether `days` is there: a condition that is unknown would be met.
                condition=models.Q(days__isnull=False, days__gt=0)
                | (models.Q(days__isnull=True) & ~models.Q(amount="")),
                name="pharmacy_item_days_or_amount",
                violation_error_message=_("Say for how many days, or how much of it."),
            ),
        ]

    def __str__(self) -> str:
        return self.medicine

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            self._hold_drafts()
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            self._hold_drafts()
            return super().delete(*args, **kwargs)

    def _hold_drafts(self) -> None:
        """Its prescription, and the one that it stood in before, if it is moved."""
        before = PrescriptionItem.objects.filter(pk=self.pk).values_list("prescription", flat=True)
        for each in Prescription.objects.filter(pk__in={self.prescription_id, *before}).order_by("pk"):
            each.hold_draft()


def _require_valid(*written: models.Model) -> None:
    """Who wrote the rows by other ways than a form may have passed the fields' own rules by."""
    for each in written:
        try:
            each.clean_fields(exclude={"patient", "doctor", "prescription"})
        except ValidationError as error:
            raise PrescriptionError(f"{each}: {' '.join(error.messages)}") from None
