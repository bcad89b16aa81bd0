"""What the desk does. Each takes what the form sent and raises `DeskError` with a text for the person at the desk."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from notifications import clock
from notifications.models import Notification, SandboxFault
from notifications.services import reschedule
from project.clinic.models import Appointment, AppointmentError, Doctor, Patient
from project.clinic.treatments import treatment
from project.demo.seed import CLINIC_ZONE

FARTHEST = timedelta(days=366)
CHANNELS = ("sms", "email", "push")
FAULTS = {
    "error": (SandboxFault.Fault.ERROR, 1.0),
    "rate_limit": (SandboxFault.Fault.RATE_LIMIT, 3.0),
    "refuse": (SandboxFault.Fault.REFUSE, 1.0),
    "timeout_after_accept": (SandboxFault.Fault.TIMEOUT_AFTER_ACCEPT, 1.0),
}
"""what the form may ask for → the fault and its seconds"""


class DeskError(ValueError):
    """What was asked cannot be done; the text says what can."""


def book(patient: Patient, form: Mapping[str, Any]) -> Appointment:
    """Book `treatment` with `doctor` (primary key) for `starts_at` (clinic time), `in_days` or `in_minutes`."""
    try:
        chosen = treatment(str(form.get("treatment", "")))
    except LookupError as error:
        raise DeskError(str(error)) from None
    doctor = Doctor.objects.filter(pk=_number(form.get("doctor"))).first()
    if doctor is None:
        raise DeskError(_("There is no such doctor; choose one of the list."))
    return Appointment.objects.create(
        patient=patient,
        doctor=doctor,
        treatment=chosen.name,
        place=chosen.place,
        minutes=chosen.minutes,
        starts_at=_time(form),
    )


def confirm(appointment: Appointment, form: Mapping[str, Any]) -> None:
    """Confirm it."""
    _change(appointment.confirm)


def move(appointment: Appointment, form: Mapping[str, Any]) -> None:
    """Move it to `starts_at` (clinic time)."""
    starts_at = _time(form)
    _change(lambda: appointment.move(starts_at))


def cancel(appointment: Appointment, form: Mapping[str, Any]) -> None:
    """Cancel it."""
    _change(appointment.cancel)


def send_now(patient: Patient, notification_id: UUID) -> None:
    """Have what waits for its time sent at once."""
    own = Notification.objects.filter(pk=notification_id, recipient=patient.user)
    if not own.exists() or not reschedule(at=clock.now(), ids=[notification_id]).moved:
        raise DeskError(_("It does not wait any more."))


def script_fault(form: Mapping[str, Any]) -> None:
    """Have the next message on `channel` meet `fault`."""
    channel, name = form.get("channel"), form.get("fault")
    if channel not in CHANNELS or name not in FAULTS:
        raise DeskError(f"Channels: {', '.join(CHANNELS)}. Faults: {', '.join(FAULTS)}.")
    fault, seconds = FAULTS[name]
    SandboxFault.objects.create(channel=channel, fault=fault, seconds=seconds)


def in_days(days: int) -> datetime:
    """Half past ten, so many days from today, at the clinic."""
    day = clock.now().astimezone(ZoneInfo(CLINIC_ZONE)) + timedelta(days=days)
    return day.replace(hour=10, minute=30, second=0, microsecond=0)


def _change(change: Any) -> None:
    try:
        change()
    except AppointmentError as error:
        raise DeskError(str(error)) from None


def _time(form: Mapping[str, Any]) -> datetime:
    now = clock.now()
    if minutes := _number(form.get("in_minutes")):
        at = (now + timedelta(minutes=min(minutes, 10**6))).replace(second=0, microsecond=0)
    elif days := _number(form.get("in_days")):
        at = in_days(min(days, 10**4))
    else:
        try:
            at = datetime.fromisoformat(str(form.get("starts_at", ""))).replace(tzinfo=ZoneInfo(CLINIC_ZONE))
        except ValueError:
            raise DeskError(_("Choose a day and a time.")) from None
    if not now < at < now + FARTHEST:
        raise DeskError(_("Choose a time to come, within a year."))
    return at


def _number(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
