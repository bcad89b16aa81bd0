"""What the page shows of a patient: the desk's appointments, the phone and the mailbox, what waits, what happened."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from notifications import clock, conf
from notifications.channels import sms_segments
from notifications.messages import Attachment
from notifications.models import (
    ContactPoint,
    Delivery,
    InboundMessage,
    Meaning,
    Reason,
    SandboxFault,
    SandboxMessage,
    Status,
)
from notifications.models.budget import plain
from notifications.models.states import OPEN, WAITING
from notifications.pipeline.render import as_person
from notifications.types import get_type
from project.clinic.appointment import NEXT
from project.clinic.appointment import OPEN as OPEN_APPOINTMENTS
from project.clinic.models import Appointment, Patient
from project.demo import texts
from project.demo.names import name_of, purpose_of, status_name
from project.demo.seed import CLINIC_ZONE

APPOINTMENTS, MESSAGES, DELIVERIES = 8, 40, 9
"""how many of each are shown"""
WORDS = {"confirmed": "confirm", "cancelled": "cancel"}
"""what an appointment may become → the desk's button"""


def state(patient: Patient) -> dict[str, Any]:
    """All that changes on the page, as JSON."""
    any_channel = _("any channel")
    return {
        "appointments": [_appointment(each) for each in _appointments(patient)],
        "messages": _messages(patient),
        "waiting": _waiting(patient),
        "deliveries": [_delivery(each) for each in _deliveries(patient)],
        "faults": [f"{each.channel or any_channel}: {each.get_fault_display()}" for each in _faults()],
    }


def addresses(patient: Patient) -> list[str]:
    """All by which the patient can be reached."""
    user = patient.user
    points = ContactPoint.objects.filter(user=user).values_list("address", flat=True)
    return [each for each in (user.email, user.phone, *points) if each]


def captured(to: Collection[str]) -> Iterable[SandboxMessage]:
    """What the sandbox would have sent to these addresses, the newest first."""
    return SandboxMessage.objects.filter(to__in=to).order_by("-pk")[:MESSAGES]


def attached(message: SandboxMessage, name: str) -> Attachment | None:
    """A file of a captured message, made anew as it would be now: nobody keeps it. None if it has none of the name."""
    notification = Delivery.objects.select_related("notification__recipient").get(pk=message.delivery_id).notification
    instance = get_type(notification.type).from_payload(notification.payload)
    with as_person(notification.recipient):
        return next((each for each in instance.attachments(notification.recipient) if each.name == name), None)


def _appointments(patient: Patient) -> list[Appointment]:
    """Those to come first, by time; then the others, the latest first."""
    own = patient.appointments.all()
    to_come = own.filter(status__in=OPEN_APPOINTMENTS, starts_at__gte=clock.now()).order_by("starts_at")
    others = own.exclude(pk__in=to_come.values("pk")).order_by("-pk")
    return [*to_come[:APPOINTMENTS], *others[:APPOINTMENTS]][:APPOINTMENTS]


def _appointment(appointment: Appointment) -> dict[str, Any]:
    at = appointment.starts_at.astimezone(ZoneInfo(CLINIC_ZONE))
    can = [WORDS[each] for each in NEXT[appointment.status] if each in WORDS]
    if appointment.status in OPEN_APPOINTMENTS:
        can.insert(1 if "confirm" in can else 0, "move")
    return {
        "id": appointment.pk,
        "treatment": _(appointment.treatment),
        "doctor": str(appointment.doctor),
        "day": f"{at:%d}".lstrip("0"),
        "month": formats.date_format(at, "M"),
        "time": formats.date_format(at, "D H:i"),
        "local": f"{at:%Y-%m-%dT%H:%M}",
        "status": appointment.status,
        "label": appointment.get_status_display(),
        "comes": appointment.status in OPEN_APPOINTMENTS and appointment.patient_confirmed_at is not None,
        "can": can,
    }


def _messages(patient: Patient) -> list[dict[str, Any]]:
    """What came and what the patient wrote, the newest first."""
    own = addresses(patient)
    found = list(captured(own))
    deliveries = Delivery.objects.in_bulk([each.delivery_id for each in found if each.channel == "sms"])
    timed = [(each.captured_at, _message(each, patient, deliveries.get(each.delivery_id))) for each in found]
    for message in texts.written(own, MESSAGES):
        timed += [(message.received_at, bubble) for bubble in _bubbles(message, patient)]
    timed.sort(key=lambda each: (each[0], each[1]["id"]), reverse=True)
    return [each for _, each in timed]


def _message(message: SandboxMessage, patient: Patient, delivery: Delivery | None) -> dict[str, Any]:
    content = message.content
    return {
        "id": str(message.pk),
        "channel": message.channel,
        "title": content.get("subject") or content.get("title", ""),
        "text": "" if message.channel == "email" else content.get("text", ""),
        "link": content.get("link", ""),
        "price": _price(content["text"], delivery) if message.channel == "sms" else "",
        "attached": [each["name"] for each in content.get("attachments", ())],
        "time": _moment(message.captured_at, patient.user.time_zone),
    }


def _bubbles(message: InboundMessage, patient: Patient) -> list[dict[str, Any]]:
    """What the patient wrote, and what answered it at once."""
    time = _moment(message.received_at, patient.user.time_zone)
    for_staff = message.meaning == Meaning.TEXT
    bubbles = [
        {
            "id": str(message.pk),
            "channel": "sms",
            "own": True,
            "text": message.text,
            "time": time,
            "staff": reverse("admin:notify_inboundmessage_change", args=[message.pk]) if for_staff else "",
        }
    ]
    if answer := texts.confirmed(message):
        bubbles.append({"id": f"{message.pk}-answer", "channel": "sms", "text": answer, "time": time})
    return bubbles


def _price(text: str, delivery: Delivery | None) -> str:
    """1 segment · GSM-7 · $0.0079"""
    counted = sms_segments.count(text)
    segments = ngettext("%(count)d segment", "%(count)d segments", counted.parts) % {"count": counted.parts}
    words = [segments, counted.encoding]
    if delivery is not None and delivery.cost is not None:
        currency = conf.get().CURRENCY
        words.append(f"${plain(delivery.cost)}" if currency == "USD" else f"{plain(delivery.cost)} {currency}")
    return " · ".join(words)


def _waiting(patient: Patient) -> list[dict[str, Any]]:
    """What is still to be sent, the next first, each with the channels it goes by and those it may fall back to."""
    rows = Delivery.objects.filter(notification__recipient=patient.user, status__in=WAITING)
    by_notification: dict[Any, list[Delivery]] = {}
    for each in rows.select_related("notification").order_by("due_at", "pk"):
        by_notification.setdefault(each.notification_id, []).append(each)
    appointments = {str(each.pk): each for each in patient.appointments.all()}
    type_id = ContentType.objects.get_for_model(Appointment).pk
    shown = []
    for deliveries in by_notification.values():
        now = [each for each in deliveries if each.status in OPEN]
        if now:
            notification = now[0].notification
            about = appointments.get(notification.subject_id) if notification.subject_type_id == type_id else None
            fallbacks = [each.channel for each in deliveries if each.status == Status.STANDBY]
            shown.append(_waiting_item(now, fallbacks, about, patient))
    return shown


def _waiting_item(
    deliveries: list[Delivery], fallbacks: list[str], about: Appointment | None, patient: Patient
) -> dict[str, Any]:
    notification = deliveries[0].notification
    due_at = deliveries[0].due_at or notification.send_at
    scheduled = all(each.reason == Reason.SCHEDULED for each in deliveries)
    return {
        "id": str(notification.pk),
        "what": purpose_of(notification.type),
        "about": _(about.treatment) if about else "",
        "channels": [each.channel for each in deliveries],
        "fallbacks": fallbacks,
        "due": due_at.isoformat(),
        "time": _moment(due_at, patient.user.time_zone),
        "why": "" if scheduled else _(str(Reason(deliveries[0].reason).label)),
        "scheduled": scheduled,
    }


def _deliveries(patient: Patient) -> Iterable[Delivery]:
    """What has come to its end or is under way, the newest first; what waits for its time is shown elsewhere."""
    rows = Delivery.objects.filter(notification__recipient=patient.user)
    shown = rows.exclude(status=Status.STANDBY).exclude(status=Status.PENDING, reason=Reason.SCHEDULED)
    return shown.select_related("notification").order_by("-settled_at", "-pk")[:DELIVERIES]


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "notification": str(delivery.notification_id),
        "channel": delivery.channel,
        "what": name_of(delivery.notification.type),
        "status": delivery.status,
        "label": status_name(delivery.status),
        "why": _why(delivery),
    }


def _why(delivery: Delivery) -> str:
    """The reason; for a suppressed address also whose doing that is."""
    words = _(str(Reason(delivery.reason).label)) if delivery.reason else ""
    return f"{words}, {_(delivery.detail)}" if delivery.reason == Reason.SUPPRESSED and delivery.detail else words


def _faults() -> Iterable[SandboxFault]:
    return SandboxFault.objects.filter(times__gt=0).order_by("pk")


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    today = local.date() == timezone.now().astimezone(ZoneInfo(zone)).date()
    return formats.date_format(local, "H:i" if today else pgettext("date format: Mon 4 Mar, 10:30", "D j M, H:i"))
