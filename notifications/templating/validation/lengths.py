"""Titles, subjects and lines of a lock screen: what of them people see.

iOS and Android show about 40 characters of a title and 150 of a text on a lock screen; phones about 40 to 60 of a
subject. RFC 5322, 2.1.1, allows 998 in a line.
"""

from __future__ import annotations

from collections.abc import Iterator

from notifications.channels.base import one_line
from notifications.channels.email import SUBJECT, SUBJECT_MAX_LENGTH
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.markup import EMAIL
from notifications.templating.validation.source import Spot

CUT = Code("notify.T030", "warning", "screens cut a text off")
CUT_AT_LONGEST = Code("notify.T031", "note", "screens cut a text off where its values are long")
TOO_LONG = Code("notify.T032", "error", "a subject is longer than an email allows")
SEVERAL_LINES = Code("notify.T033", "warning", "a title or a subject has several lines")
CLIPPED = Code("notify.T034", "warning", "an email is so large that Gmail cuts it off")
CLIPPED_AT = 102_000
"""bytes of HTML, as senders have measured"""
SHOWN = {
    "push.title.txt": (40, "Lock screens"),
    "push.txt": (150, "Lock screens"),
    SUBJECT: (60, "Mail programs"),
    "in_app.title.txt": (200, "The inbox"),
}
"""part → how many characters are shown, and where"""
ONE_LINE = (SUBJECT, "push.title.txt", "in_app.title.txt")


def shown_length(text: Candidate) -> Iterator[Finding]:
    """What screens cut off: of the example, or only of the longest values."""
    for part, (most, where) in SHOWN.items():
        for code, longest in ((CUT, False), (CUT_AT_LONGEST, True)):
            length = _letters(one_line(text.rendered(part, longest=longest)))
            if length > most:
                values = "the longest values" if longest else "the example values"
                yield code.found(
                    f"{where} show about {most} characters; with {values} it has {length:,}. "
                    "Write less, or put what matters first.",
                    part,
                )
                break


def _letters(text: str) -> int:
    """As readers count them: a syllable of Hindi is one, of however many characters."""
    if text.isascii():
        return len(text)
    import regex  # it takes its time, and plain letters do without

    return len(regex.findall(r"\X", text))


def subject_length(text: Candidate) -> Iterator[Finding]:
    """Beyond what an email may have, nothing is sent."""
    length = max(len(one_line(text.rendered(SUBJECT, longest=each))) for each in (False, True))
    if length > SUBJECT_MAX_LENGTH:
        yield TOO_LONG.found(
            f"With its values the subject has {length:,} characters; {SUBJECT_MAX_LENGTH} are the most. Write less.",
            SUBJECT,
        )


def line_breaks(text: Candidate) -> Iterator[Finding]:
    """They become spaces."""
    for part in ONE_LINE:
        if "\n" in text.rendered(part).strip():
            lines = [number for number, line in enumerate(text.written[part].splitlines(), 1) if line.strip()]
            yield SEVERAL_LINES.found(
                "It has more than one line, and is shown as one. Write it on one line.",
                part,
                Spot(lines[1], 1) if len(lines) > 1 else None,
            )


def email_size(text: Candidate) -> Iterator[Finding]:
    """With what is cut off, the way to unsubscribe is lost."""
    size = len(text.rendered(EMAIL, longest=True).encode())
    if size > CLIPPED_AT:
        yield CLIPPED.found(
            f"With the longest values it has {size:,} bytes, and Gmail cuts off what is beyond {CLIPPED_AT:,}. "
            "Write less.",
            EMAIL,
        )
