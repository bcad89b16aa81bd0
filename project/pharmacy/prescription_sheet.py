"""The prescription on paper: who, for whom, what and how much, where to sign; on as many pages as needed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from notifications.messages import Attachment
from project.clinic.calendar import ADDRESS, NAME
from project.clinic.pdf import INK, LEADING, MARGIN, SOFT, WIDTH, Page, lines, unwritable

if TYPE_CHECKING:
    from project.pharmacy.models import Prescription, PrescriptionItem

FOOT = MARGIN + 18
"""points from the bottom: what is lower belongs to the page's foot"""
SIGNATURE_WIDTH, SIGNING_SPACE = 190.0, 50.0
GAP = 8.0
"""points between the rows of the table"""


class Style(NamedTuple):
    """How a text looks."""

    font: str
    size: float
    color: str


STRONG, PLAIN, SMALL = Style("Helvetica-Bold", 10.5, INK), Style("Helvetica", 10.5, INK), Style("Helvetica", 9, SOFT)
Columns = tuple[tuple[float, float], ...]
"""where each begins and how wide it is, in points from the margin"""
TABLE: Columns = ((0, 20), (22, 170), (204, 158), (374, 85))
WHOLE: Columns = ((0, WIDTH - 2 * MARGIN),)
UNDER_LINE: Columns = ((WIDTH - 2 * MARGIN - SIGNATURE_WIDTH, SIGNATURE_WIDTH),)
HEADINGS = ("", "Medicine", "Dose", "For")
Cells = list[list[tuple[str, Style]]]
"""of each column the texts, one below the other"""


def prescription_sheet(prescription: Prescription) -> Attachment:
    """A PDF of an issued prescription, in English; its dates are the clinic's."""
    pages = _Sheet(prescription, pages=0).write()  # how many there are is known once they are written
    sheet = _Sheet(prescription, pages=pages)
    sheet.write()
    return Attachment(name="prescription.pdf", content_type="application/pdf", content=sheet.page.pdf())


class _Sheet:
    """A prescription that is being written; `pages` is what each page's foot says of their number."""

    def __init__(self, prescription: Prescription, *, pages: int) -> None:
        self.prescription = prescription
        self.pages = pages
        self.number = 1
        self.page = Page(f"Prescription {prescription.pk}")

    def write(self) -> int:
        """Write all of it. Returns the number of pages."""
        page, prescription = self.page, self.prescription
        page.y -= 30
        page.write("Prescription", "Times-Roman", 28, INK)
        page.write(f"Number {prescription.pk}", *SMALL)
        page.y -= 12
        for label, texts in _rows(prescription):
            page.rule()
            page.row(label, texts)
        page.y -= 16
        self._head()
        for number, item in enumerate(prescription.items.all(), start=1):
            self._item(number, item)
        page.rule()
        self._close()
        self._foot()
        return self.number

    def _head(self) -> None:
        _draw(self.page, [[(each, SMALL)] for each in HEADINGS], TABLE)
        self.page.y += GAP / 2

    def _item(self, number: int, item: PrescriptionItem) -> None:
        cells = _cells(number, item)
        if not self._has_room(_height(cells, TABLE) + 3 * GAP):
            self.page.rule()
            self._turn()
            self._head()
        self.page.rule()
        _draw(self.page, cells, TABLE)

    def _close(self) -> None:
        """The note and the signature, together on one page."""
        note = [[(self.prescription.note, PLAIN)]] if self.prescription.note else []
        signature = [[(", ".join(("Signature", *_if_writable(str(self.prescription.doctor)))), SMALL)]]
        if not self._has_room(_height(note, WHOLE) + _height(signature, UNDER_LINE) + SIGNING_SPACE + 3 * GAP):
            self._turn()
        page = self.page
        _draw(page, note, WHOLE)
        page.y -= SIGNING_SPACE
        page.canvas.setStrokeColor(INK)
        page.canvas.line(WIDTH - MARGIN - SIGNATURE_WIDTH, page.y, WIDTH - MARGIN, page.y)
        page.y -= GAP / 2
        _draw(page, signature, UNDER_LINE)

    def _has_room(self, points: float) -> bool:
        return self.page.y - points >= FOOT

    def _turn(self) -> None:
        self._foot()
        self.page.turn()
        self.number += 1
        whom = "".join(f" for {each}" for each in _if_writable(str(self.prescription.patient)))
        self.page.y -= GAP
        self.page.write(f"Prescription {self.prescription.pk}{whom}, continued", *SMALL)
        self.page.y -= GAP

    def _foot(self) -> None:
        self.page.y = MARGIN
        self.page.rule()
        y = self.page.y
        self.page.write(f"{NAME}, {ADDRESS}", *SMALL)
        self.page.y = y
        self.page.write(f"Page {self.number} of {self.pages}", *SMALL, indent=WIDTH - 2 * MARGIN - 60)


def _rows(prescription: Prescription) -> list[tuple[str, list[str]]]:
    patient, doctor = prescription.patient, prescription.doctor
    born = [f"born {_day(patient.date_of_birth)}"] if patient.date_of_birth else []
    rows = [
        # Rather a line to write on than a wrong name.
        ("Patient", [*(_if_writable(str(patient)) or ["_" * 40]), *born]),
        ("Doctor", [*(_if_writable(str(doctor)) or ["_" * 40]), *_if_writable(doctor.speciality)]),
        ("Issued", [_day(prescription.issued_on)] if prescription.issued_on else []),
        ("Valid until", [_day(prescription.valid_until)] if prescription.valid_until else []),
    ]
    return [each for each in rows if each[1]]


def _cells(number: int, item: PrescriptionItem) -> Cells:
    days = f"{item.days} {'day' if item.days == 1 else 'days'}" if item.days else ""
    return [
        [(f"{number}.", PLAIN)],
        [(item.medicine, STRONG), (item.form, PLAIN)],
        [(item.dose, PLAIN), (item.note, SMALL)],
        [(days, PLAIN), (item.amount, PLAIN)],
    ]


def _draw(page: Page, cells: Cells, columns: Columns) -> None:
    top = lowest = page.y
    for (indent, width), texts in zip(columns, cells, strict=False):
        page.y = top
        for text, style in texts:
            page.write(text, *style, indent=indent, width=width)
        lowest = min(lowest, page.y)
    page.y = lowest - GAP


def _height(cells: Cells, columns: Columns) -> float:
    return max(
        (
            sum(len(lines(text, style.font, style.size, width)) * style.size * LEADING for text, style in texts)
            for (_, width), texts in zip(columns, cells, strict=False)
        ),
        default=0,
    )


def _if_writable(text: str) -> list[str]:
    return [text] if text and not unwritable(text) else []


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
