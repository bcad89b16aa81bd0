"""The appointment, and the ways it may go."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models, transaction
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from notifications import clock
from project.clinic.people import Doctor, Patient


class AppointmentError(ValueError):
    """An appointment cannot go that way. The text says how it stands and what may be done."""


class Status(models.TextChoices):
    """Where an appointment stands."""

    REQUESTED = "requested", _("requested")
    CONFIRMED = "confirmed", _("confirmed")
    CANCELLED = "cancelled", pgettext_lazy("of an appointment", "cancelled")
    COMPLETED = "completed", _("completed")


NEXT: dict[str, tuple[Status, ...]] = {
    Status.REQUESTED: (Status.CONFIRMED, Status.CANCELLED),
    Status.CONFIRMED: (Status.COMPLETED, Status.CANCELLED),
    Status.CANCELLED: (),
    Status.COMPLETED: (),
}
OPEN = (Status.REQUESTED, Status.CONFIRMED)


class AppointmentManager(models.Manager["Appointment"]):
    """Loads the people too: a batch of notifications is then worded without queries for each."""

    def get_queryset(self) -> models.QuerySet["Appointment"]:
        return super().get_queryset().select_related("doctor__user", "patient__user")


class Appointment(models.Model):
    """A patient sees a doctor at a time and place.

    `confirm`, `patient_confirms`, `move`, `cancel` and `complete` hold the row while they decide, so that two of them
    at once are decided one after the other. Each raises `AppointmentError` where it is impossible.
    """

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="appointments", verbose_name=_("patient"))
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="appointments", verbose_name=_("doctor"))
    treatment = models.CharField(_("treatment"), max_length=100)
    place = models.CharField(_("place"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("starts at"), db_index=True)
    minutes = models.PositiveSmallIntegerField(_("duration in minutes"), default=60)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.REQUESTED)
    patient_confirmed_at = models.DateTimeField(
        _("confirmed by the patient at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When the patient answered that they will come."),
    )
    revision = models.PositiveIntegerField(
        _("revision"), default=0, editable=False, help_text=_("Rises with each change, as calendars want it.")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    objects: ClassVar[AppointmentManager] = AppointmentManager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="clinic_appointment_status"),
            models.CheckConstraint(condition=models.Q(minutes__gt=0), name="clinic_appointment_minutes"),
        ]

    def __str__(self) -> str:
        return f"{self.treatment} for {self.patient} with {self.doctor}"

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.minutes)

    def patient_confirms(self) -> None:
        """The patient will be there. To say so again changes nothing; to move it is to ask anew."""
        with transaction.atomic():
            self._hold()
            if self.status != Status.CONFIRMED:
                text = gettext("A %(status)s appointment cannot be confirmed by the patient.")
                raise AppointmentError(text % {"status": self.get_status_display()})
            if self.patient_confirmed_at is None:
                self.patient_confirmed_at = clock.now()
                self.save(update_fields=["patient_confirmed_at"])

    def confirm(self) -> None:
        """The clinic will be there."""
        self._become(Status.CONFIRMED)

    def cancel(self) -> None:
        """It will not take place."""
        self._become(Status.CANCELLED)

    def complete(self) -> None:
        """It has taken place."""
        self._become(Status.COMPLETED)

    def move(self, starts_at: datetime) -> None:
        """Have it at another time, aware and still to come."""
        if starts_at.tzinfo is None:
            raise AppointmentError(f"The time {starts_at.isoformat()} is naive; give it a time zone.")
        if starts_at <= clock.now():
            text = gettext("The time %(time)s has passed; give a later one.")
            raise AppointmentError(text % {"time": starts_at.isoformat(timespec="minutes")})
        with transaction.atomic():
            self._hold()
            if self.status not in OPEN:
                text = gettext("A %(status)s appointment cannot be moved.")
                raise AppointmentError(text % {"status": self.get_status_display()})
            self.starts_at = starts_at
            self.patient_confirmed_at = None
            self.revision += 1
            self.save(update_fields=["starts_at", "patient_confirmed_at", "revision"])

    def _become(self, status: Status) -> None:
        with transaction.atomic():
            self._hold()
            if status not in NEXT[self.status]:
                labels = (str(each.label) for each in NEXT[self.status])
                either = gettext("or")
                possible = f" {either} ".join(labels) or gettext("nothing else")
                text = gettext("A %(status)s appointment cannot become %(other)s, only %(possible)s.")
                values = {"status": self.get_status_display(), "other": status.label, "possible": possible}
                raise AppointmentError(text % values)
            if status == Status.CONFIRMED and self.starts_at <= clock.now():
                raise AppointmentError(gettext("Its time has passed; move it to a later one before it is confirmed."))
            self.status = status
            if status == Status.CANCELLED:
                self.revision += 1
            self.save(update_fields=["status", "revision"])

    def _hold(self) -> None:
        """Lock the row and take over what may have changed since it was read."""
        rows = Appointment.objects.select_for_update(of=("self",))
        held = rows.get(pk=self.pk)
        self.status, self.starts_at, self.revision = held.status, held.starts_at, held.revision
        self.patient_confirmed_at = held.patient_confirmed_at
