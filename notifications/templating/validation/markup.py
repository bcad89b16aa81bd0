"""What the HTML of an email must not have, and what its pictures need."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.source import VALUE, Element

NO_UNSUBSCRIBE = Code("notify.T050", "error", "an advertisement that nobody can unsubscribe from")
FORBIDDEN = Code("notify.T060", "error", "an element that mail programs remove, or that leads readers away")
NO_ALT = Code("notify.T061", "warning", "a picture without words for who does not see it")
NO_WIDTH = Code("notify.T062", "note", "a picture without a width")
BAD_PICTURE = Code("notify.T063", "warning", "a picture that mail programs do not show")
EMAIL = "email.html"

FORMS = ("button", "form", "input", "select", "textarea")
"""Scripts, frames and the like are refused when a text is compiled. Of forms some mail programs send what is entered,
and others do nothing."""


def unsubscribe(text: Candidate) -> Iterator[Finding]:
    """From what is marketing everybody can unsubscribe, in the email itself."""
    if text.type.stream != "marketing" or EMAIL not in text.compiled:
        return
    rendered = text.rendered(EMAIL)
    if rendered:
        offered = escape(str(text.variables["unsubscribe_url"].example)) in rendered
    else:
        offered = any(use.root == "unsubscribe_url" and use.written for use in text.uses[EMAIL])
    if not offered:
        yield NO_UNSUBSCRIBE.found(
            'It advertises, so the law demands a way out: add <a href="{{ unsubscribe_url }}">Unsubscribe</a>.', EMAIL
        )


def elements(text: Candidate) -> Iterator[Finding]:
    """Each start tag of the parts in HTML."""
    for part in text.readable:
        if part.is_html:
            for element in text.markup(part.name).elements:
                yield from _forbidden(element, part.name)
                if element.name == "img":
                    yield from _picture(element, part.name)


def _forbidden(element: Element, part: str) -> Iterator[Finding]:
    if element.name in FORMS:
        yield FORBIDDEN.found(
            f"Mail programs do not send forms: take <{element.name}> out, and link to a page with the form.",
            part,
            element.spot,
        )
    if element.name == "meta" and element.attributes.get("http-equiv", "").strip().lower() == "refresh":
        yield FORBIDDEN.found(
            '<meta http-equiv="refresh"> leads readers away, and marks a message as fraud. Leave it out.',
            part,
            element.spot,
        )


def _picture(element: Element, part: str) -> Iterator[Finding]:
    source = element.attributes.get("src", "").strip()
    if "alt" not in element.attributes:
        yield NO_ALT.found(
            'The picture has no alt: who hears the email, or has pictures off, learns nothing of it. Add alt="what it '
            'shows", or alt="" for an ornament.',
            part,
            element.spot,
        )
    if "width" not in element.attributes:
        yield NO_WIDTH.found(
            'The picture has no width, so that some mail programs show it too large. Add, say, width="200".',
            part,
            element.spot,
        )
    if not source.startswith(("https://", "cid:", VALUE)):
        why = "it has no address" if not source else f"'{source.replace(VALUE, '…')[:60]}' is not"
        yield BAD_PICTURE.found(
            f"Mail programs show pictures only from addresses that begin with https://; {why}.", part, element.spot
        )
