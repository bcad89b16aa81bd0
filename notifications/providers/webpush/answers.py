"""What became of a request to a push service."""

from __future__ import annotations

import re
from typing import Any

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.providers.transport.answers import refusal, root_cause, wait

TAKEN = (200, 201, 202)
"""RFC 8030 has the latter two; Windows says 200"""
GONE = (404, 410)
TOO_MANY = 406
"""to Windows; others say 429"""
UNAUTHORIZED = (401, 403)
PROVIDER_ID_MAX_LENGTH = 200

_OTHER_KEY = re.compile(r"mismatch|not correspond", re.IGNORECASE)
"""Mozilla's and Google's words for a VAPID key that is not that of the subscription"""


def told(error: Exception, host: str, *, written: bool) -> ProviderError | None:
    """None: an error of ours, that had nothing to do with the push service."""
    from pywebpush import WebPushException
    from requests import RequestException, TooManyRedirects

    if isinstance(error, WebPushException) and error.response is not None:
        return refused(error.response, host)
    if isinstance(error, TooManyRedirects):
        return TemporaryError(f"{host} answered with a redirect, which is not followed.")
    if written:
        return UnknownOutcome(f"{host}, after the request was written: {root_cause(error)}")
    if isinstance(error, RequestException | OSError):
        return TemporaryError(f"{host} was not reached: {root_cause(error)}")
    if isinstance(error, WebPushException | ValueError):  # its text may show the content
        return PermanentError(f"The message cannot be encrypted: {type(error).__name__}.")
    return None


def refused(response: Any, host: str) -> ProviderError:
    """The error for an answer that is no success.

    A subscription made for another VAPID key never takes this one. What else is wrong with the token, such as its
    times by this host's clock, or a subject that Apple does not accept, the operator can put right.
    """
    status, code = response.status_code, str(response.status_code)
    if 200 <= status < 300:
        return UnknownOutcome(f"{host} answered {status} and did not say that it took the message.", code=code)
    error = refusal(host, status, response.text, response.headers)
    if status in GONE:
        return AddressError(str(error), code=code)
    if status in UNAUTHORIZED and _OTHER_KEY.search(response.text):
        return PermanentError(str(error), code=code)
    if status == TOO_MANY:
        return TemporaryError(str(error), code=code, retry_after=wait(response.headers))
    return error


def provider_id(headers: Any) -> str:
    """The last part of the message's own URL, or Apple's or Windows' id of it; empty if it has none."""
    named = headers.get("Location") or headers.get("apns-id") or headers.get("X-WNS-Msg-ID") or ""
    return str(named).rpartition("/")[2][:PROVIDER_ID_MAX_LENGTH]
