"""What mail filters count against an email. A filter's own words change daily; these few have counted for decades."""

from __future__ import annotations

import re
from collections.abc import Iterator

from notifications.channels.base import one_line
from notifications.channels.email import SUBJECT
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.markup import EMAIL
from notifications.templating.validation.source import Markup, Spot

CAPITALS = Code("notify.T080", "warning", "a subject in capitals")
EXCLAMATION = Code("notify.T081", "warning", "several exclamation marks")
WORDS = Code("notify.T082", "warning", "words of spam")
PICTURES = Code("notify.T083", "warning", "many pictures and little text")
LONG_LINE = Code("notify.T084", "warning", "a line that is too long for mail servers")

PHRASES = (
    "100% free", "act now", "buy now", "cash bonus", "click here", "free gift", "limited time", "no obligation",
    "order now", "risk-free", "winner", "you have won",
    "actúe ahora", "compre ahora", "haga clic aquí", "oferta limitada", "totalmente gratis",
    "अभी खरीदें", "यहाँ क्लिक करें", "बिल्कुल मुफ़्त",
    "اشتر الآن", "اضغط هنا", "مجانا",
)  # fmt: skip
"""of rules of SpamAssassin, and the same in the languages of the shipped texts"""
_PHRASES = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, PHRASES))})(?!\w)", re.IGNORECASE)
_FREE = re.compile(r"\b(?:FREE|GRATIS)\b")
_MARKS = re.compile(r"[!！¡]{2,}")
TEXT_FOR_A_PICTURE = 100
"""characters that an email should have for each of its pictures"""
LINE_MAX = 998
"""octets, by RFC 5321, 4.5.3.1.6"""
LETTERS_MIN = 8
"""of a subject in capitals; fewer are a name, such as UNESCO"""


def capitals(text: Candidate) -> Iterator[Finding]:
    """A subject that shouts. Only letters of scripts that have capitals count."""
    subject = one_line(text.rendered(SUBJECT))
    cased = [each for each in subject if each.isupper() or each.islower()]
    if len(cased) >= LETTERS_MIN and all(each.isupper() for each in cased):
        yield CAPITALS.found(
            "The subject is all in capitals, as spam is. Write capitals only where they belong.", SUBJECT
        )


def spam_words(text: Candidate) -> Iterator[Finding]:
    """In what people read of an email."""
    for part in text.readable:
        if not part.name.startswith("email."):
            continue
        for prose in text.prose(part):
            for found in _MARKS.finditer(prose.text):
                yield EXCLAMATION.found(
                    f"'{found[0]}' is what spam has. One exclamation mark is enough.",
                    part.name,
                    prose.at(found.start()),
                )
            for pattern in (_PHRASES, _FREE):
                for found in pattern.finditer(prose.text):
                    yield WORDS.found(
                        f"Mail filters count '{found[0]}' as spam. Say it in other words.",
                        part.name,
                        prose.at(found.start()),
                    )


def pictures(text: Candidate) -> Iterator[Finding]:
    """An email that is mostly a picture looks like one that hides its words from filters."""
    rendered = text.rendered(EMAIL)
    if "<img" not in rendered:
        return
    markup = Markup(rendered)
    count = sum(each.name == "img" and not _is_pixel(each.attributes) for each in markup.elements)
    length = len(one_line(" ".join(each.text for each in markup.prose)))
    if length < count * TEXT_FOR_A_PICTURE:
        yield PICTURES.found(
            f"It has {count} picture{'s' if count > 1 else ''} and only {length} characters of text, which looks like "
            "spam and says nothing with pictures off. Write more, or show fewer.",
            EMAIL,
        )


def _is_pixel(attributes: dict[str, str]) -> bool:
    return attributes.get("width") == "1" or attributes.get("height") == "1"


def long_lines(text: Candidate) -> Iterator[Finding]:
    """Mail servers may cut them, in the middle of a word or a tag."""
    for part in text.readable:
        if not part.name.startswith("email.") or part.name == SUBJECT:
            continue
        for number, line in enumerate(text.written[part.name].splitlines(), 1):
            if len(line.encode()) > LINE_MAX:
                yield LONG_LINE.found(
                    f"This line is longer than the {LINE_MAX} bytes that mail servers take. Break it where there is a "
                    "space.",
                    part.name,
                    Spot(number, 1),
                )
