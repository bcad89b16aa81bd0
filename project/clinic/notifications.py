"""What patients are told about their appointments.

Treatments are named in the inbox and in emails only: a lock screen or a text message may be read by others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from notifications import clock
from notifications.messages import Attachment
from notifications.preferences.locale import zone_of
from notifications.services import cancel, notify
from notifications.templating import formats
from notifications.triggers import Change, on_change, on_create, on_delete, on_response
from notifications.types import NotificationType, Priority, register
from notifications.variables import Variable
from project.clinic.calendar import calendar_entry
from project.clinic.models import Appointment, AppointmentError, Status
from project.clinic.sheet import sheet


class AppointmentNotification(NotificationType):
    """What they have in common. `starts_at` is the time they tell, in ISO 8601."""

    category = gettext_noop("appointments")
    about = Status.CONFIRMED
    """how the appointment stands as long as the notification is true"""
    example = {"appointment_id": 1, "starts_at": "2030-03-04T05:00:00+00:00"}
    variables = {
        "starts_at": Variable(
            example=datetime(2030, 3, 4, 5, 0, tzinfo=UTC),
            longest=datetime(2030, 9, 25, 17, 30, tzinfo=UTC),
            about="when it begins",
        ),
        "ends_at": Variable(
            example=datetime(2030, 3, 4, 5, 45, tzinfo=UTC),
            longest=datetime(2030, 9, 25, 18, 30, tzinfo=UTC),
            about="when it ends",
        ),
        "doctor": Variable(
            example="Vaidya Meera Nair", longest="Dr. Venkatanarasimharajuvaripeta", about="who sees the patient"
        ),
        "treatment": Variable(
            example="Shirodhara",
            longest="Abhyanga, Pinda Sweda and Nasya with consultation",
            about="what is done, in the reader's language",
            sensitive=True,
        ),
        "place": Variable(
            example="Treatment room 3", longest="Panchakarma wing, treatment room 14", about="the room; may be empty"
        ),
        "minutes": Variable(example=45, longest=120, about="how long it takes"),
    }

    appointment_id: int
    starts_at: str

    def subject(self) -> Appointment:
        return Appointment.objects.get(pk=self.appointment_id)

    def still_valid(self) -> bool:
        appointment = self.subject()
        return appointment.status == self.about and appointment.starts_at == self.time

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        appointment = self.subject()
        return {
            "starts_at": self.time,
            "ends_at": self.time + timedelta(minutes=appointment.minutes),
            "doctor": str(appointment.doctor),
            "treatment": _(appointment.treatment),
            "place": _(appointment.place),
            "minutes": appointment.minutes,
        }

    def link(self, recipient: AbstractBaseUser) -> str:
        return reverse("clinic:appointment", args=[self.appointment_id])

    def calendar_entries(self, recipient: Any) -> list[Attachment]:
        """The appointment as it now stands, for the recipient's own calendar; none for who has no email address."""
        if not recipient.email:
            return []
        name, path = recipient.get_full_name(), self.link(recipient)
        return [calendar_entry(self.subject(), email=recipient.email, name=name, path=path)]

    @property
    def time(self) -> datetime:
        """`starts_at`, read."""
        return datetime.fromisoformat(self.starts_at)


@register
class AppointmentRequested(AppointmentNotification):
    """Says that a request has arrived."""

    key = "clinic.appointment_requested"
    about = Status.REQUESTED
    channels = ("email", "push", "in_app")


class Answerable(AppointmentNotification):
    """Asks whether the patient comes, until the appointment begins.

    Never CANCEL for an answer: by law that word ends all text messages to a number.
    """

    answers = {"confirm": ("C", "CONFIRM"), "cancel": ("X",)}

    def answers_until(self, asked_at: datetime) -> datetime:
        return self.time


@register
class AppointmentConfirmed(Answerable):
    """Says that the clinic has confirmed."""

    key = "clinic.appointment_confirmed"
    channels = ("email", "push", "in_app")
    fallback = ("sms",)

    def attachments(self, recipient: AbstractBaseUser) -> Iterable[Attachment]:
        return [*self.calendar_entries(recipient), sheet(self.subject(), zone_of(recipient))]


@register
class AppointmentMoved(AppointmentNotification):
    """Says that a confirmed appointment has another time."""

    key = "clinic.appointment_moved"
    channels = ("sms", "push", "email", "in_app")
    priority = Priority.HIGH
    example = {**AppointmentNotification.example, "moved_from": "2030-03-03T09:30:00+00:00"}

    variables = {
        **AppointmentNotification.variables,
        "moved_from": Variable(
            example=datetime(2030, 3, 3, 9, 30, tzinfo=UTC),
            longest=datetime(2030, 9, 18, 17, 30, tzinfo=UTC),
            about="when it was to begin before",
        ),
    }

    moved_from: str

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        return {**super().context(recipient), "moved_from": datetime.fromisoformat(self.moved_from)}

    def attachments(self, recipient: AbstractBaseUser) -> Iterable[Attachment]:
        return self.calendar_entries(recipient)


@register
class AppointmentCancelled(AppointmentNotification):
    """Says that an appointment will not take place."""

    key = "clinic.appointment_cancelled"
    about = Status.CANCELLED
    channels = ("sms", "push", "email", "in_app")
    priority = Priority.HIGH

    def attachments(self, recipient: AbstractBaseUser) -> Iterable[Attachment]:
        return self.calendar_entries(recipient)


class Reminder(Answerable):
    """Comes `ahead` of the appointment, and not once it has begun."""

    ahead = timedelta()

    def still_valid(self) -> bool:
        return super().still_valid() and self.time > clock.now()


@register
class AppointmentReminderDay(Reminder):
    """Reminds of an appointment the day before."""

    key = "clinic.appointment_reminder_day"
    ahead = timedelta(hours=24)
    channels = ("sms", "in_app")
    fallback = ("email",)
    expires_after = timedelta(hours=12)


@register
class AppointmentReminderHour(Reminder):
    """Reminds of an appointment an hour before."""

    key = "clinic.appointment_reminder_hour"
    ahead = timedelta(hours=1)
    channels = ("push", "in_app")
    fallback = ("sms",)
    priority = Priority.HIGH
    expires_after = timedelta(minutes=45)


REMINDERS: tuple[type[Reminder], ...] = (AppointmentReminderDay, AppointmentReminderHour)


@on_create(Appointment)
def appointment_created(appointment: Appointment) -> None:
    """The desk may book and confirm in one step."""
    if appointment.status == Status.REQUESTED:
        tell(AppointmentRequested, appointment)
    elif appointment.status == Status.CONFIRMED:
        appointment_confirmed(appointment)


@on_change(Appointment, "status", to=Status.CONFIRMED)
def appointment_confirmed(appointment: Appointment) -> None:
    """Tell the patient, and plan the reminders."""
    tell(AppointmentConfirmed, appointment)
    plan_reminders(appointment)


@on_change(Appointment, "starts_at")
def appointment_moved(appointment: Appointment, change: Change) -> None:
    """Only what was confirmed has a time that the patient counts on."""
    if appointment.status == Status.CONFIRMED:
        tell(AppointmentMoved, appointment, moved_from=change.old.isoformat())
        plan_reminders(appointment)


@on_change(Appointment, "status", to=Status.CANCELLED)
def appointment_cancelled(appointment: Appointment) -> None:
    """First drop what was still to be said, then say this."""
    cancel(subject=appointment)
    tell(AppointmentCancelled, appointment)


@on_response(AppointmentConfirmed, "confirm")
@on_response(AppointmentReminderDay, "confirm")
@on_response(AppointmentReminderHour, "confirm")
def patient_comes(about: AppointmentNotification, patient: AbstractBaseUser) -> str:
    """The desk sees it in the list."""
    appointment = about.subject()
    try:
        appointment.patient_confirms()
    except AppointmentError:
        return _("Lotus House: this appointment no longer stands. Please call us.")
    return _("Lotus House: thank you. We expect you on %(day)s at %(time)s.") % _moment(about.time)


@on_response(AppointmentConfirmed, "cancel")
@on_response(AppointmentReminderDay, "cancel")
@on_response(AppointmentReminderHour, "cancel")
def patient_cancels(about: AppointmentNotification, patient: AbstractBaseUser) -> str:
    """That it is cancelled, the cancellation itself tells, by all its channels."""
    appointment = about.subject()
    try:
        appointment.cancel()
    except AppointmentError:
        return _("Lotus House: this appointment no longer stands. Please call us.")
    return _("Lotus House: thank you for telling us. Call us when you want another appointment.")


def _moment(at: datetime) -> dict[str, str]:
    return {"day": formats.date(at, "day"), "time": formats.time(at, "zone")}


@on_delete(Appointment)
def appointment_deleted(appointment: Appointment) -> None:
    """Nothing more is said about it."""
    cancel(subject=appointment)


def tell(type_: type[AppointmentNotification], appointment: Appointment, **payload: str) -> None:
    """Notify the patient now."""
    notify(_about(type_, appointment, **payload), to=appointment.patient.user, subject=appointment)


def plan_reminders(appointment: Appointment) -> None:
    """Have the reminders fit the appointment's time: one whose time has passed is not sent at all."""
    for type_ in REMINDERS:
        key = f"{type_.key}:{appointment.pk}"
        at = appointment.starts_at - type_.ahead
        if at > clock.now():
            notify(
                _about(type_, appointment),
                to=appointment.patient.user,
                at=at,
                key=key,
                replace=True,
                subject=appointment,
            )
        else:
            cancel(key=key, type=type_)


def _about(type_: type[AppointmentNotification], appointment: Appointment, **payload: str) -> AppointmentNotification:
    return type_(appointment_id=appointment.pk, starts_at=appointment.starts_at.isoformat(), **payload)
