"""What the status of an HTTP answer means for a message."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime

from notifications.exceptions import PermanentError, ProviderError, TemporaryError, UnknownOutcome

TOO_MANY = 429
GATEWAY = frozenset({502, 504, 520, 524})
"""a gateway's word that the server behind it, which may have taken the message, did not answer it in time or well"""
OPERATOR = frozenset({401, 402, 403, 404, 405, 407})
"""wrong credentials, rights, address or an unpaid bill"""
NOT_NOW = frozenset({408, 409, 421, 423, 425, TOO_MANY})
WAIT_MAX = timedelta(days=1)
TEXT_MAX_LENGTH = 300


def refusal(who: str, status: int, text: str, headers: Mapping[str, str], *, code: str = "") -> ProviderError:
    """The error for an answer that is no success. `code` is the provider's own, if it has one.

    The operator's mistakes count as temporary: mail that waits for their correction, or goes through another provider,
    is not lost. So does a server's own failure, where it took nothing; but behind a gateway it may have.
    """
    said = f"{who} answered {status}: {' '.join(text.split())}"[:TEXT_MAX_LENGTH]
    code = code or str(status)
    if status in GATEWAY:
        return UnknownOutcome(said, code=code)
    is_client_error = 400 <= status < 500
    if is_client_error and status not in OPERATOR | NOT_NOW:
        return PermanentError(said, code=code)
    return TemporaryError(said, code=code, retry_after=wait(headers) if status in (TOO_MANY, 503) else None)


def root_cause(error: BaseException) -> str:
    """What failed, by the innermost error: those around it repeat it."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {error}"[:200]


def wait(headers: Mapping[str, str]) -> timedelta | None:
    """The wait that an answer names: `Retry-After`, or the moment of `X-RateLimit-Reset` by the server's clock.

    A second at the least; None when it names none, or none that makes sense. The mapping must not mind the case.
    """
    seconds = _seconds_until(headers.get("Retry-After", ""), headers)
    if seconds is None:
        seconds = _seconds_until(headers.get("X-RateLimit-Reset", ""), headers)
    if seconds is None or seconds > WAIT_MAX.total_seconds():
        return None
    return timedelta(seconds=max(seconds, 1))


def _seconds_until(text: str, headers: Mapping[str, str]) -> float | None:
    """From a count of seconds, a Unix time or an HTTP date."""
    if text.isdecimal():
        number = int(text)
        return number - _server_time(headers) if number > 1_000_000_000 else number
    moment = _unix_time(text)
    return None if moment is None else moment - _server_time(headers)


def _server_time(headers: Mapping[str, str]) -> float:
    # Both moments by one clock: ours may be wrong.
    return _unix_time(headers.get("Date", "")) or time.time()


def _unix_time(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
