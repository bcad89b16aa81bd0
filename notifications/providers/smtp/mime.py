"""From an `EmailMessage` to the bytes and addresses that go over the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.generator import BytesGenerator
from email.policy import Compat32
from io import BytesIO
from typing import Any
from uuid import UUID

from django.core.mail import EmailMultiAlternatives

from notifications.exceptions import PermanentError
from notifications.messages import EmailMessage
from notifications.providers.email import addresses, encoded_subject, named, to_django

_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


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
    found = addresses(message)
    needs_utf8 = not found.recipient.isascii()
    message_id = f"<{message.delivery_id}@{found.sender_domain}>"
    to = named(message.to_name, found.recipient)
    email = to_django(
        message,
        to="" if needs_utf8 else to,
        subject=encoded_subject(message.subject),
        headers={"Message-ID": message_id},
    )
    try:
        data = _as_bytes(email, message.delivery_id)
    except (ValueError, MessageError) as error:
        # Its text may show the content.
        raise PermanentError(f"The email cannot be built: {type(error).__name__}.") from error
    if needs_utf8:  # Django encodes headers for mail servers of the ASCII age
        data = f"To: {to}\r\n".encode() + data
    return Mail(
        delivery_id=message.delivery_id,
        sender=found.sender,
        recipient=found.recipient,
        message_id=message_id,
        data=_for_the_wire(data),
        needs_utf8=needs_utf8,
    )


class _Policy(Compat32):
    """Writes a short header as it is: folding what need not be folded is half of what building an email costs."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if isinstance(value, str) and value.isascii() and value.isprintable():
            line = f"{name}: {value}"
            if len(line) <= (self.max_line_length or 0):
                return f"{line}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


def _as_bytes(email: EmailMultiAlternatives, delivery_id: UUID) -> bytes:
    mime, buffer = email.message(), BytesIO()
    # Named after the delivery, in which no text and no file is likely to; otherwise the whole mail is searched for it.
    for number, part in enumerate(each for each in mime.walk() if each.is_multipart()):
        part.set_boundary(f"=_{delivery_id.hex}_{number}")
    BytesGenerator(buffer, mangle_from_=False, policy=_POLICY).flatten(mime)
    return buffer.getvalue()


def _for_the_wire(data: bytes) -> bytes:
    # A lone CR or LF is a line break to some servers and none to others: enough to smuggle a second message.
    if not data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n"):
        data = _LINE_BREAK.sub(b"\r\n", data)
    data = data.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n"
