"""From an `EmailMessage` to the bytes and addresses that go over the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.generator import BytesGenerator
from email.header import Header
from email.utils import formataddr, getaddresses
from io import BytesIO
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.utils.encoding import punycode

from notifications.exceptions import AddressError, PermanentError
from notifications.messages import EmailMessage

# Quoted local parts and address literals are legal and unheard of; left out, nothing in an address needs escaping.
_ADDRESS = re.compile(r'([^\x00-\x20\x7f\s@<>()\[\],;:\\"]+)@([^\x00-\x20\x7f\s@<>()\[\],;:\\"]+)')
# Whatever some mail program may take for a line break, and other controls but the tab.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """What SMTP transports. `data` has CRLF line ends, doubled dots and the final dot."""

    delivery_id: UUID
    sender: str
    recipient: str
    message_id: str
    data: bytes
    needs_utf8: bool


def compose(message: EmailMessage) -> Mail:
    """Build the mail. Raises `AddressError` for a malformed recipient, `PermanentError` for any other bad header."""
    _refuse_control_characters(message)
    sender, sender_domain = _mailbox("from_email", message.from_email)
    if message.reply_to:
        _mailbox("reply_to", message.reply_to)
    recipient = _recipient(message.to)
    needs_utf8 = not recipient.isascii()
    message_id = f"<{message.delivery_id}@{sender_domain}>"
    email = EmailMultiAlternatives(
        subject=_subject(message.subject),
        body=message.text,
        from_email=message.from_email,
        to=[] if needs_utf8 else [formataddr((message.to_name, recipient))],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers={**message.headers, "Message-ID": message_id},
    )
    if message.html:
        email.attach_alternative(message.html, "text/html")
    try:
        data = _as_bytes(email)
    except (ValueError, MessageError) as error:
        # Its text may show the content.
        raise PermanentError(f"The email cannot be built: {type(error).__name__}.") from error
    if needs_utf8:  # Django encodes headers for mail servers of the ASCII age
        name = message.to_name.replace("\\", "\\\\").replace('"', '\\"')
        data = f'To: "{name}" <{recipient}>\r\n'.encode() + data
    return Mail(
        delivery_id=message.delivery_id,
        sender=sender,
        recipient=recipient,
        message_id=message_id,
        data=_for_the_wire(data),
        needs_utf8=needs_utf8,
    )


def _refuse_control_characters(message: EmailMessage) -> None:
    named = {"subject": message.subject, "to_name": message.to_name, "from_email": message.from_email}
    named |= {"reply_to": message.reply_to, **{f"header {name!r}": value for name, value in message.headers.items()}}
    for name, value in named.items():
        if _CONTROL.search(value):
            raise PermanentError(f"The email's {name} holds a line break or another control character.")
    if bad := [name for name in message.headers if not _HEADER_NAME.fullmatch(name)]:
        raise PermanentError(f"{bad[0]!r} is no name of a header; use ASCII letters, digits and '-'.")


def _subject(text: str) -> str:
    """Encoded words short enough to stand beside the header's name: Django would leave the first line empty."""
    return text if text.isascii() else Header(text, "utf-8", header_name="Subject").encode(linesep="")


def _mailbox(name: str, value: str) -> tuple[str, str]:
    """The address in a header such as "Clinic <mail@example.org>", and its domain, in ASCII."""
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


def _as_bytes(email: EmailMultiAlternatives) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False).flatten(email.message(), linesep="\r\n")
    return buffer.getvalue()


def _for_the_wire(data: bytes) -> bytes:
    # A lone CR or LF is a line break to some servers and none to others: enough to smuggle a second message.
    data = _LINE_BREAK.sub(b"\r\n", data)
    data = _LEADING_DOT.sub(b"..", data)
    return data + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n"
