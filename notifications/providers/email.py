"""From our `EmailMessage` to Django's, with addresses and headers that no provider can misread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.utils import getaddresses

from django.core.mail import EmailMultiAlternatives
from django.utils.encoding import punycode

from notifications.exceptions import AddressError, PermanentError
from notifications.messages import Attachment, EmailMessage

# Quoted local parts and address literals are legal and unheard of; left out, nothing in an address needs escaping.
_ADDRESS = re.compile(r'([^\x00-\x20\x7f\s@<>()\[\],;:\\"]+)@([^\x00-\x20\x7f\s@<>()\[\],;:\\"]+)')
# Whatever some mail program may take for a line break, and other controls but the tab.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_HEADER_NAME = re.compile(r"[!-9;-~]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Who sends and who receives: domains in ASCII, and before its @ only the recipient may be anything else."""

    sender: str
    sender_domain: str
    recipient: str


def addresses(message: EmailMessage) -> Addresses:
    """Read its addresses, and look through its headers.

    Raises `AddressError` for a malformed recipient, `PermanentError` for any other bad header.
    """
    _refuse_control_characters(message)
    sender, sender_domain = mailbox("from_email", message.from_email)
    if message.reply_to:
        mailbox("reply_to", message.reply_to)
    return Addresses(sender=sender, sender_domain=sender_domain, recipient=_recipient(message.to))


def named(name: str, address: str) -> str:
    """An address as headers have it: "Ada" <ada@example.org>. Nothing is encoded."""
    if not name:
        return address
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def encoded_subject(text: str) -> str:
    """Encoded words short enough to stand beside the header's name: Django would leave the first line empty."""
    return text if text.isascii() else Header(text, "utf-8", header_name="Subject").encode(linesep="")


def to_django(
    message: EmailMessage, *, to: str, subject: str = "", headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """Django's email with both bodies. `to` is what its To header shows, `subject` and `headers` go before its own."""
    email = EmailMultiAlternatives(
        subject=subject or message.subject,
        body=message.text,
        from_email=message.from_email,
        to=[to] if to else [],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers={**message.headers, **(headers or {})},
    )
    if message.html:
        email.attach_alternative(message.html, "text/html")
    for each in message.attachments:
        email.attach(_part(each))
    return email


def _part(attachment: Attachment) -> MIMEBase:
    """In base64 whatever its type: a file arrives byte by byte, with the line ends it has."""
    part = MIMEBase(*attachment.content_type.split("/", maxsplit=1))
    if attachment.method:
        part.set_param("method", attachment.method)
    if attachment.content_type.startswith("text/"):
        part.set_param("charset", "utf-8")
    part.set_payload(attachment.content)
    encode_base64(part)
    name = attachment.name
    part.add_header("Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name))
    return part


def _refuse_control_characters(message: EmailMessage) -> None:
    named = {"subject": message.subject, "to_name": message.to_name, "from_email": message.from_email}
    named |= {"reply_to": message.reply_to, **{f"header {name!r}": value for name, value in message.headers.items()}}
    for each in message.attachments:
        named |= {f"attachment {each.name!r}": f"{each.name} {each.content_type} {each.method}"}
    for name, value in named.items():
        if _CONTROL.search(value):
            raise PermanentError(f"The email's {name} holds a line break or another control character.")
    if bad := [name for name in message.headers if not _HEADER_NAME.fullmatch(name)]:
        raise PermanentError(f"{bad[0]!r} is no name of a header; use ASCII letters, digits and '-'.")


def mailbox(name: str, value: str) -> tuple[str, str]:
    """The address in a header such as "Clinic <mail@example.org>", and its domain, in ASCII.

    Raises `PermanentError`, in which the header has that name.
    """
    found = getaddresses([value])
    match = _ADDRESS.fullmatch(found[0][1]) if len(found) == 1 else None
    try:
        if match is None or not match[1].isascii():
            raise ValueError
        domain = punycode(match[2])
    except ValueError as error:
        raise PermanentError(
            f"The email's {name} is {value!r}; it must be one address, ASCII before its @, with or without a name."
        ) from error
    return f"{match[1]}@{domain}", domain


def _recipient(address: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise AddressError(f"{address!r} is not an email address.")
    try:
        return f"{match[1]}@{punycode(match[2])}"
    except UnicodeError as error:
        raise AddressError(f"{address!r} has no valid domain.") from error
