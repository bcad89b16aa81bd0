"""An appointment in the patient's own calendar. Who looks over a shoulder there learns no more than time and place."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from notifications import conf
from notifications.calendar import Event, Person, cancellation, invitation
from project.clinic.appointment import Status

if TYPE_CHECKING:
    from notifications.messages import Attachment
    from project.clinic.models import Appointment

ZONE = ZoneInfo("Asia/Kolkata")
"""the clinic's"""
NAME = "Lotus House Ayurveda"
ADDRESS = "14 Temple Road, Kochi"


def calendar_entry(appointment: Appointment, *, email: str, name: str, path: str) -> Attachment:
    """The appointment as it now stands, for the calendar of who has that address: to enter, move or take out.

    `path` leads to the appointment on this site. Its words are of the active language.
    """
    site = conf.get().BASE_URL
    url = urljoin(site, path)
    place = f"{_(appointment.place)}, " if appointment.place else ""
    description = _("With %(doctor)s. Please come ten minutes early.") % {"doctor": appointment.doctor}
    event = Event(
        uid=f"appointment-{appointment.pk}@{urlsplit(site).hostname}",
        sequence=appointment.revision,
        starts_at=appointment.starts_at.astimezone(ZONE),
        ends_at=appointment.ends_at.astimezone(ZONE),
        summary=_("Appointment at %(clinic)s") % {"clinic": NAME},
        location=f"{place}{NAME}, {ADDRESS}",
        description=f"{description}\n\n{url}",
        url=url,
        organizer=Person(email=parseaddr(conf.get().FROM_EMAIL or settings.DEFAULT_FROM_EMAIL)[1], name=NAME),
        attendee=Person(email=email, name="".join(each for each in name if each.isprintable() and each != '"')),
        remind_before=timedelta(hours=1),
    )
    return cancellation(event) if appointment.status == Status.CANCELLED else invitation(event)
