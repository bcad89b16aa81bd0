"""The sheet that goes along with a confirmation: a page to print, with time, place, and how to prepare."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from notifications.messages import Attachment
from project.clinic.calendar import ADDRESS, NAME
from project.clinic.pdf import INK, MARGIN, SOFT, Page, unwritable
from project.clinic.treatments import preparation

if TYPE_CHECKING:
    from project.clinic.models import Appointment

NOTE = "If you cannot come, please tell the desk in time, so that somebody else can have the place."


def sheet(appointment: Appointment, zone: ZoneInfo) -> Attachment:
    """A PDF of one page, in English: a PDF's own fonts have Latin letters alone. Times are told in `zone`."""
    return Attachment(name="appointment.pdf", content_type="application/pdf", content=_pdf(appointment, zone))


def _pdf(appointment: Appointment, zone: ZoneInfo) -> bytes:
    page = Page("Your appointment")
    page.y -= 34
    page.write("Your appointment", "Times-Roman", 28, INK)
    name = str(appointment.patient)
    if not unwritable(name):  # rather none than a wrong one
        page.write(f"for {name}", "Helvetica", 12, SOFT)
    page.y -= 18
    for label, texts in _rows(appointment, zone):
        page.rule()
        page.row(label, texts)
    page.y -= 34
    page.write("How to prepare", "Times-Roman", 18, INK)
    page.y -= 6
    for each in preparation(appointment.treatment):
        page.point(each)
    page.y = MARGIN + 28
    page.rule()
    page.write(NOTE, "Helvetica", 9, SOFT)
    return page.pdf()


def _rows(appointment: Appointment, zone: ZoneInfo) -> list[tuple[str, list[str]]]:
    starts, ends = appointment.starts_at.astimezone(zone), appointment.ends_at.astimezone(zone)
    return [
        ("Day", [_day(starts)]),
        ("Time", [f"{starts:%H:%M} to {ends:%H:%M} ({ends:%Z})"]),
        ("Treatment", [appointment.treatment]),
        ("With", [str(appointment.doctor)]),
        ("Where", [each for each in (appointment.place, f"{NAME}, {ADDRESS}") if each]),
    ]


def _day(time: datetime) -> str:
    return f"{time:%A}, {time.day} {time:%B %Y}"
