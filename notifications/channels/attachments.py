"""What may be attached to a message: how much, of which types, and whether a file is what it says it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from notifications.exceptions import AttachmentError, known
from notifications.messages import Attachment

NAME_MAX_LENGTH = 100
CALENDAR = "text/calendar"
CALENDAR_METHODS = ("ADD", "CANCEL", "COUNTER", "DECLINECOUNTER", "PUBLISH", "REFRESH", "REPLY", "REQUEST")
"""RFC 5546"""


@dataclass(frozen=True, slots=True)
class _Type:
    """How the files of a type end, and how they begin: a pattern, if any."""

    suffixes: tuple[str, ...]
    begins: re.Pattern[bytes] | None = None


TYPES = {
    "application/pdf": _Type((".pdf",), re.compile(rb"%PDF-\d")),
    "image/gif": _Type((".gif",), re.compile(rb"GIF8[79]a")),
    "image/jpeg": _Type((".jpg", ".jpeg"), re.compile(rb"\xff\xd8\xff")),
    "image/png": _Type((".png",), re.compile(rb"\x89PNG\r\n\x1a\n")),
    "image/webp": _Type((".webp",), re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    CALENDAR: _Type((".ics",), re.compile(rb"BEGIN:VCALENDAR\r?\n")),
    "text/csv": _Type((".csv",)),
    "text/plain": _Type((".txt",)),
}
"""the types whose files are looked into; a deployment may allow others, which are taken as they are"""
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""with one of these in it, "gpj.exe" looks like "exe.jpg" """


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a channel takes along. Sizes are in bytes, as the files are before they are encoded."""

    each: int
    total: int
    types: Sequence[str]


def is_content_type(value: str) -> bool:
    """Whether it is a type such as `application/zip`, in small letters and without parameters."""
    return bool(_CONTENT_TYPE.fullmatch(value))


def check(attachments: Sequence[Attachment], limits: Limits) -> None:
    """Raise `AttachmentError` for the first that is refused; it names the file, what is wrong, and what is valid."""
    for each in attachments:
        _check_name(each)
        _check_type(each, limits)
        if not each.content:  # SendGrid takes none
            raise _error(each, "is empty")
        if len(each.content) > limits.each:
            raise _error(each, f"has {len(each.content):,} bytes; {limits.each:,} are allowed")
    total = sum(len(each.content) for each in attachments)
    if total > limits.total:
        names = ", ".join(repr(each.name) for each in attachments)
        raise AttachmentError(f"The attachments {names} have {total:,} bytes; together {limits.total:,} are allowed.")


def _check_name(attachment: Attachment) -> None:
    name = attachment.name
    if not 0 < len(name) <= NAME_MAX_LENGTH:
        raise _error(attachment, f"has a name of {len(name)} characters; 1 to {NAME_MAX_LENGTH} are allowed")
    if "/" in name or "\\" in name or name.startswith("."):
        raise _error(attachment, "must have a plain name, without a folder and without a dot at its start")
    if any(unicodedata.category(each) in _UNPRINTABLE or each in _TURNS_TEXT for each in name):
        raise _error(attachment, "has a control character in its name")


def _check_type(attachment: Attachment, limits: Limits) -> None:
    if attachment.content_type not in limits.types:
        raise _error(attachment, f"is of type {attachment.content_type!r}. {known(limits.types)[:-1]}")
    if attachment.method and attachment.content_type != CALENDAR:
        raise _error(attachment, f"has a method, which only {CALENDAR} has")
    expected = TYPES.get(attachment.content_type)
    if expected is None:
        return
    if not attachment.name.lower().endswith(expected.suffixes):
        raise _error(attachment, f"is of type {attachment.content_type}; its name must end in {_or(expected.suffixes)}")
    if expected.begins and not expected.begins.match(attachment.content):
        raise _error(attachment, f"does not begin as {attachment.content_type} does")
    if attachment.content_type.startswith("text/"):
        _check_text(attachment)


def _check_text(attachment: Attachment) -> None:
    try:
        text = attachment.content.decode()
    except UnicodeDecodeError as error:
        raise _error(attachment, f"is of type {attachment.content_type}; its text must be UTF-8") from error
    if "\0" in text:
        raise _error(attachment, f"is of type {attachment.content_type}, and has a NUL in it")
    if attachment.method and attachment.method not in CALENDAR_METHODS:
        raise _error(attachment, f"has the method {attachment.method!r}. {known(CALENDAR_METHODS)[:-1]}")
    if attachment.method and f"METHOD:{attachment.method}" not in text.splitlines():
        raise _error(attachment, f"is sent with the method {attachment.method}; its calendar must have the same")


def _or(names: Sequence[str]) -> str:
    return " or ".join(names)


def _error(attachment: Attachment, what: str) -> AttachmentError:
    name = attachment.name if len(attachment.name) <= NAME_MAX_LENGTH else f"{attachment.name[:40]}…"
    return AttachmentError(f"The attachment {name!r} {what}.")
