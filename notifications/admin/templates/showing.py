"""A preview as the editor's script takes it: plain values, which it writes as text, and an email for a frame."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext, ngettext
from lxml.etree import ParserError
from lxml.html import document_fromstring

from notifications.channels import sms_segments
from notifications.messages import EmailMessage, Message
from notifications.services.templates import TextPreview

PRELUDE = (
    '<!doctype html><meta http-equiv="Content-Security-Policy" content="'
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'"
    '"><base target="_blank">'
)
"""Stands before the email: nothing in it runs, asks another site for anything, or is sent. The frame around it is a
sandbox, where scripts, forms and links to new windows do nothing; what a link in this window would lead to, neither.
Pictures of this site are shown; those of others would tell them who looks at which person's data."""
OPENING = 140
"""characters beside the subject in a mailbox"""


def shown(preview: TextPreview) -> dict[str, Any]:
    """As JSON takes it."""
    return {
        "findings": [asdict(each) for each in preview.findings],
        "error": preview.error,
        "part": preview.part,
        "line": preview.line,
        "language": preview.language,
        "direction": "rtl" if preview.is_bidi else "ltr",
        "sms": _sms(preview),
        "message": message(preview.message) if preview.message else None,
    }


def message(shown: Message) -> dict[str, Any]:
    """What its reader sees of a message."""
    if isinstance(shown, EmailMessage):
        return email(
            subject=shown.subject,
            html=shown.html,
            text=shown.text,
            sender=shown.from_email,
            unsubscribe="List-Unsubscribe" in shown.headers,
        )
    return {name: getattr(shown, name, "") for name in ("title", "text", "link", "image")}


def email(*, subject: str, html: str, text: str, sender: str, unsubscribe: bool = False) -> dict[str, Any]:
    """An email, its HTML ready for a frame."""
    tree = _tree(html)
    foreign = _foreign_pictures(tree)
    return {
        "subject": subject,
        "text": text,
        "sender": sender,
        "opening": opening(tree),
        "frame": PRELUDE + html,
        "foreign": foreign,
        "foreign_said": _of_foreign(foreign) if foreign else "",
        "unsubscribe": unsubscribe,
    }


def _sms(preview: TextPreview) -> dict[str, Any] | None:
    if preview.segments is None:
        return None
    return {
        "text": preview.sms_text,
        "split": sms_segments.split(preview.sms_text),
        **asdict(preview.segments),
        "said": _of_segments(preview.segments),
    }


def _of_segments(found: sms_segments.Segments) -> dict[str, str]:
    """What the counter says, in the language of who looks."""
    if found.encoding == "GSM-7":
        units = ngettext("%(number)s character", "%(number)s characters", found.units)
    else:
        units = ngettext("%(number)s unit", "%(number)s units", found.units)
    left = gettext("%(number)s left in it") if found.parts == 1 else gettext("%(number)s left in the last")
    return {
        "parts": ngettext("%(number)s segment", "%(number)s segments", found.parts) % {"number": found.parts},
        "encoding": gettext("%(encoding)s, %(units)s")
        % {"encoding": found.encoding, "units": units % {"number": found.units}},
        "left": left % {"number": found.left},
    }


def _tree(html: str) -> Any:
    try:
        return document_fromstring(html)
    except (ParserError, ValueError):  # it is empty, or holds what no HTML may
        return None


def opening(tree: Any) -> str:
    """The first words of an email, hidden ones too: what mail programs show beside the subject."""
    if tree is None:
        return ""
    said: list[str] = []
    for element in tree.iter():
        unseen = not isinstance(element.tag, str) or element.tag in ("style", "script", "title", "head")
        if not unseen and element.text:
            said.append(element.text)
        if element.tail and element.tag != "head":
            said.append(element.tail)
        if sum(map(len, said)) > 20 * OPENING:
            break
    return " ".join(" ".join(said).split())[:OPENING]


def _foreign_pictures(tree: Any) -> int:
    """How many pictures are on other sites, as far as their addresses say so."""
    if tree is None:
        return 0
    return sum(
        str(each.get("src", "")).strip().lower().startswith(("http:", "https:", "//")) for each in tree.iter("img")
    )


def _of_foreign(number: int) -> str:
    said = ngettext(
        "%(number)s picture of other sites: not loaded here, readers see it.",
        "%(number)s pictures of other sites: not loaded here, readers see them.",
        number,
    )
    return said % {"number": number}
