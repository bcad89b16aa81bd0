"""The sheet that goes along with a confirmation: a page to print, with time, place, and how to prepare."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from notifications import clock
from notifications.messages import Attachment
from project.clinic.calendar import ADDRESS, NAME
from project.clinic.treatments import preparation

if TYPE_CHECKING:
    from fpdf import FPDF

    from project.clinic.models import Appointment

INK, SOFT, TEAL, LINE = (20, 32, 29), (85, 100, 95), (15, 118, 110), (223, 230, 227)
MARGIN, TEXT_WIDTH, LABEL_WIDTH = 24.0, 162.0, 34.0
"""millimetres, on A4"""


def sheet(appointment: Appointment, zone: ZoneInfo) -> Attachment:
    """A PDF of one page; times are told in `zone`."""
    return Attachment(name="appointment.pdf", content_type="application/pdf", content=_pdf(appointment, zone))


def _pdf(appointment: Appointment, zone: ZoneInfo) -> bytes:
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_title("Your appointment")
    pdf.set_author(NAME)
    pdf.set_lang("en")
    pdf.set_creation_date(clock.now())
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(auto=True, margin=MARGIN)
    pdf.add_page()
    _heading(pdf, str(appointment.patient))
    _facts(pdf, _rows(appointment, zone))
    _preparation(pdf, preparation(appointment.treatment))
    _foot(pdf)
    return bytes(pdf.output())


def _rows(appointment: Appointment, zone: ZoneInfo) -> list[tuple[str, str]]:
    starts, ends = appointment.starts_at.astimezone(zone), appointment.ends_at.astimezone(zone)
    rows = [
        ("Day", _day(starts)),
        ("Time", f"{starts:%H:%M} to {ends:%H:%M} ({ends:%Z})"),
        ("Treatment", appointment.treatment),
        ("With", str(appointment.doctor)),
        ("Where", appointment.place),
        ("", f"{NAME}, {ADDRESS}"),
    ]
    return [(label, text) for label, text in rows if text]


def _day(time: datetime) -> str:
    return f"{time:%A}, {time.day} {time:%B %Y}"


def _heading(pdf: FPDF, patient: str) -> None:
    pdf.set_fill_color(*TEAL)
    pdf.rect(0, 0, pdf.w, 3, style="F")
    _text(pdf, NAME, size=11, bold=True, color=TEAL, height=6)
    pdf.ln(14)
    pdf.set_font("Times", size=28)
    pdf.set_text_color(*INK)
    pdf.multi_cell(TEXT_WIDTH, 12, "Your appointment", new_x="LMARGIN", new_y="NEXT")
    name = _latin(patient)
    if "?" not in name:  # rather none than a wrong one
        pdf.ln(1)
        _text(pdf, f"for {name}", size=12, color=SOFT, height=6)
    pdf.ln(8)


def _facts(pdf: FPDF, rows: list[tuple[str, str]]) -> None:
    pdf.set_draw_color(*LINE)
    for label, text in rows:
        if label:
            pdf.line(MARGIN, pdf.get_y(), MARGIN + TEXT_WIDTH, pdf.get_y())
            pdf.ln(2.5)
        pdf.set_font("Helvetica", size=10)
        pdf.set_text_color(*SOFT)
        pdf.cell(LABEL_WIDTH, 6, label)
        pdf.set_font("Helvetica", style="B", size=11.5)
        pdf.set_text_color(*INK)
        pdf.multi_cell(TEXT_WIDTH - LABEL_WIDTH, 6, _latin(text), align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2.5 if label else 0)
    pdf.ln(12)


def _preparation(pdf: FPDF, advice: tuple[str, ...]) -> None:
    pdf.set_font("Times", size=18)
    pdf.set_text_color(*INK)
    pdf.multi_cell(TEXT_WIDTH, 9, "How to prepare", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)
    for each in advice:
        pdf.set_fill_color(*TEAL)
        pdf.ellipse(MARGIN + 0.6, pdf.get_y() + 2.2, 1.6, 1.6, style="F")
        pdf.set_x(MARGIN + 6)
        _text(pdf, each, size=11, color=INK, height=6, width=TEXT_WIDTH - 6)
        pdf.ln(1.5)


def _foot(pdf: FPDF) -> None:
    pdf.set_y(-MARGIN - 12)
    pdf.line(MARGIN, pdf.get_y(), MARGIN + TEXT_WIDTH, pdf.get_y())
    pdf.ln(3)
    note = "If you cannot come, please tell the desk in time, so that somebody else can have the place."
    _text(pdf, note, size=9, color=SOFT, height=5)


def _text(
    pdf: FPDF, text: str, *, size: float, color: tuple[int, int, int], height: float, width: float = TEXT_WIDTH,
    bold: bool = False,
) -> None:  # fmt: skip
    pdf.set_font("Helvetica", style="B" if bold else "", size=size)
    pdf.set_text_color(*color)
    pdf.multi_cell(width, height, _latin(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    """The text in the letters of a PDF's own fonts: without the marks that they lack, and with "?" for others."""
    return " ".join("".join(map(_letter, text)).split())


def _letter(letter: str) -> str:
    if letter <= "\x7f" or "\xa0" < letter <= "\xff":
        return letter
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"
