"""Pages in the clinic's hand: A4, written from the top down, in the letters that a PDF's own fonts have."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from typing import Any

from project.clinic.calendar import NAME

INK, SOFT, TEAL, LINE = "#14201d", "#55645f", "#0f766e", "#dfe6e3"
WIDTH, HEIGHT = 595.0, 842.0
MARGIN, LABEL_WIDTH = 68.0, 96.0
"""points, on A4"""
LEADING = 1.45
"""from one line to the next, in sizes of the font"""


class Page:
    """A document at its first page. `y` is where the next line's top is, in points from the bottom."""

    def __init__(self, title: str) -> None:
        from reportlab.pdfgen.canvas import Canvas

        self.output = BytesIO()
        self.canvas: Any = Canvas(self.output, pagesize=(WIDTH, HEIGHT), lang="en")
        self.canvas.setTitle(title)
        self.canvas.setAuthor(NAME)
        self._letterhead()

    def turn(self) -> None:
        """Go on at the top of a new page."""
        self.canvas.showPage()
        self._letterhead()

    def pdf(self) -> bytes:
        """Finish the document."""
        self.canvas.save()
        return self.output.getvalue()

    def write(
        self, text: str, font: str, size: float, color: str, *, indent: float = 0, width: float | None = None
    ) -> None:
        """Write a text in as many lines as it needs, up to the margin unless `width` says less."""
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(color)
        for line in lines(text, font, size, width or WIDTH - 2 * MARGIN - indent):
            self.canvas.drawString(MARGIN + indent, self.y - size, line)
            self.y -= size * LEADING

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

    def _letterhead(self) -> None:
        self.canvas.setFillColor(TEAL)
        self.canvas.rect(0, HEIGHT - 8, WIDTH, 8, stroke=0, fill=1)
        self.y = HEIGHT - MARGIN
        self.write(NAME, "Helvetica-Bold", 11, TEAL)


def lines(text: str, font: str, size: float, width: float) -> list[str]:
    """The lines of a text, each `width` points at most; a word that is longer alone is broken."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    def fits(line: str) -> bool:
        return bool(stringWidth(line, font, size) <= width)

    found, line = [], ""
    for word in latin(text).split():
        if line and fits(f"{line} {word}"):
            line = f"{line} {word}"
            continue
        found += [line] if line else []
        line = word
        while not fits(line):
            end = next(each for each in range(len(line), 0, -1) if each == 1 or fits(line[:each]))
            found.append(line[:end])
            line = line[end:]
    return [*found, line] if line else found


def latin(text: str) -> str:
    """The text in the letters of a PDF's own fonts: without the marks that they lack, and with "?" for others."""
    return " ".join("".join(map(_letter, unicodedata.normalize("NFC", text))).split())


def unwritable(text: str) -> str:
    """The letters of a text that those fonts lack, each once, in order."""
    found = dict.fromkeys(unicodedata.normalize("NFC", text))
    return "".join(each for each in found if each != "?" and _letter(each) == "?")


def _letter(letter: str) -> str:
    if letter.isspace() or (letter.isprintable() and _in_fonts(letter)):
        return letter
    # Of letters only, and only marks: "≠" without its mark is another sign, and "10⁶" in plain digits another number.
    base = "".join(each for each in unicodedata.normalize("NFD", letter) if not unicodedata.combining(each))
    return base if letter.isalpha() and base.isascii() else "?"


def _in_fonts(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
