"""What a mail server's answer means."""

from __future__ import annotations

import re
import smtplib

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError

CREDENTIALS = (530, 534, 535, 538)
"""authentication required, too weak, refused, needs encryption: mistakes of configuration"""
NO_SUCH_ADDRESS = (550, 551, 553)
_ENHANCED = re.compile(r"5\.\d{1,3}\.\d{1,3}\b")
_ENHANCED_ADDRESS = re.compile(r"5\.(1\.\d{1,3}|2\.1)\b")
TEXT_MAX_LENGTH = 300


def is_code(first: int, code: int) -> bool:
    """Whether the code has three digits, of which this is the first."""
    return code // 100 == first


def describe(answer: BaseException | tuple[int, bytes]) -> str:
    """An answer or an error as one line of text."""
    if isinstance(answer, smtplib.SMTPResponseException):
        error = answer.smtp_error
        return describe((answer.smtp_code, error if isinstance(error, bytes) else error.encode()))
    if isinstance(answer, UnicodeError):  # its text would show what it could not encode
        return f"{type(answer).__name__}: the host, the user name or the password is not ASCII"
    if isinstance(answer, BaseException):
        return f"{type(answer).__name__}: {answer}"[:TEXT_MAX_LENGTH]
    code, text = answer
    return f"{code} {' '.join(text.decode(errors='replace').split())}"[:TEXT_MAX_LENGTH]


def refusal(command: str, code: int, text: bytes) -> ProviderError:
    """The error for a command that was not accepted; the server did not take the message.

    The recipient's address is bad when RCPT is refused for good and for that reason: a server that refuses to relay,
    or does not like the sender, says nothing about the address (enhanced codes of RFC 3463).
    """
    said = f"{command}: {describe((code, text))}"
    if not is_code(5, code) or code in CREDENTIALS:
        return TemporaryError(said, code=str(code))
    if command == "RCPT":
        enhanced = _ENHANCED.match(text.decode(errors="replace"))
        bad = _ENHANCED_ADDRESS.match(enhanced[0]) if enhanced else code in NO_SUCH_ADDRESS
        if bad:
            return AddressError(said, code=str(code))
    return PermanentError(said, code=str(code))
