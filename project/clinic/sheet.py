"""The sheet that goes along with a confirmation: a page to print, with time, place, and how to prepare."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from notifications.messages import Attachment
from project.clinic.calendar import ADDRESS, NAME
from project.clinic.treatments import preparation

if TYPE_CHECKING:
    from project.clinic.models import Appointment

INK, SOFT, TEAL, LINE = "#14201d", "#55645f", "#0f766e", "#dfe6e3"
WIDTH, HEIGHT = 595.0, 842.0
MARGIN, LABEL_WIDTH = 68.0, 96.0
"""points, on A4"""
NOTE = "If you cannot come, please tell the desk in time, so that somebody else can have the place."


def sheet(appointment: Appointment, zone: ZoneInfo) -> Attachment:
    """A PDF of one page; times are told in `zone`."""
    return Attachment(name="appointment.pdf", content_type="application/pdf", content=_pdf(appointment, zone))


def _pdf(appointment: Appointment, zone: ZoneInfo) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    output = BytesIO()
    canvas = Canvas(output, pagesize=(WIDTH, HEIGHT), lang="en")
    canvas.setTitle("Your appointment")
    canvas.setAuthor(NAME)
    page = _Page(canvas)
    canvas.setFillColor(TEAL)
    canvas.rect(0, HEIGHT - 8, WIDTH, 8, stroke=0, fill=1)
    page.write(NAME, "Helvetica-Bold", 11, TEAL)
    page.y -= 34
    page.write("Your appointment", "Times-Roman", 28, INK)
    name = _latin(str(appointment.patient))
    if "?" not in name:  # rather none than a wrong one
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
    canvas.save()
    return output.getvalue()


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


class _Page:
    """A page that is written from its top down. `y` is where the next line's top is, in points from the bottom."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.y = HEIGHT - MARGIN

    def write(self, text: str, font: str, size: float, color: str, *, indent: float = 0) -> None:
        """Write a text in as many lines as it needs."""
        from reportlab.lib.utils import simpleSplit

        self.canvas.setFont(font, size)
        self.canvas.setFillColor(color)
        leading = size * 1.45
        for line in simpleSplit(_latin(text), font, size, WIDTH - 2 * MARGIN - indent):
            self.canvas.drawString(MARGIN + indent, self.y - size, line)
            self.y -= leading

    def rule(self) -> None:
        """A line across, and some space under it."""
        self.canvas.setStrokeColor(LINE)
        self.canvas.line(MARGIN, self.y, WIDTH - MARGIN, self.y)
        self.y -= 9

    def row(self, label: str, texts: list[str]) -> None:
        """A label, and beside it what it is of."""
        self.canvas.setFont("Helvetica", 10)
        self.canvas.setFillColor(SOFT)
        self.canvas.drawString(MARGIN, self.y - 11.5, label)
        for each in texts:
            self.write(each, "Helvetica-Bold", 11.5, INK, indent=LABEL_WIDTH)
        self.y -= 6

    def point(self, text: str) -> None:
        """A text with a dot before it."""
        self.canvas.setFillColor(TEAL)
        self.canvas.circle(MARGIN + 4, self.y - 7.5, 2.2, stroke=0, fill=1)
        self.write(text, "Helvetica", 11, INK, indent=18)
        self.y -= 4


def _latin(text: str) -> str:
    """The text in the letters of a PDF's own fonts: without the marks that they lack, and with "?" for others."""
    return " ".join("".join(map(_letter, text)).split())


def _letter(letter: str) -> str:
    if letter <= "\x7f" or "\xa0" < letter <= "\xff":
        return letter
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"
