"""What FCM's refusals mean."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from notifications.devices import TOPIC
from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError
from notifications.providers.transport.answers import refusal

logger = logging.getLogger(__name__)

_TARGETS = frozenset({"message.token", "message.fid"})
_TYPES = "type.googleapis.com/"


def told(error: Any, kind: str) -> ProviderError:
    """The error for a `FirebaseError` with an answer, to a message for a device of that kind.

    A device is given up only when FCM says that it is unknown, or that its very token is wrong. INVALID_ARGUMENT alone
    says neither: FCM gives it for a message that is too large, too. Nor does SENDER_ID_MISMATCH, which is said of every
    device when the credentials are those of another project.
    """
    from firebase_admin import messaging

    response = error.http_response
    status = response.status_code
    answer = _answer(response)
    code = _fcm_code(answer) or str(answer.get("status") or status)
    fields = list(_fields(answer))
    # The text about a field may quote what stood there.
    said = f"{code} {', '.join(fields) if fields else answer.get('message') or response.text}"
    told = refusal("FCM", status, said, response.headers, code=code)
    is_device = kind != TOPIC
    if isinstance(error, messaging.UnregisteredError):
        return AddressError(str(told), code=code) if is_device else PermanentError(str(told), code=code)
    if isinstance(error, messaging.SenderIdMismatchError):
        logger.error("A device belongs to another Firebase project than these credentials (SENDER_ID_MISMATCH).")
        return PermanentError(str(told), code=code)
    if isinstance(error, messaging.ThirdPartyAuthError):  # the operator gave Firebase a wrong key of Apple's or VAPID
        return TemporaryError(str(told), code=code)
    if code == "INVALID_ARGUMENT" and is_device and _blames_token(answer, fields):
        return AddressError(str(told), code=code)
    return told


def refuses_token(error: Any) -> bool:
    """Whether our access token was refused. With the same status FCM says that it was refused elsewhere."""
    from firebase_admin import messaging

    return error.http_response.status_code == 401 and not isinstance(error, messaging.ThirdPartyAuthError)


def _blames_token(answer: dict[str, Any], fields: list[str]) -> bool:
    if not _fcm_code(answer):
        return False
    return _TARGETS.issuperset(fields) if fields else "registration token" in str(answer.get("message")).lower()


def _answer(response: Any) -> dict[str, Any]:
    """The `google.rpc.Status` in an answer; empty if there is none."""
    try:
        found = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _details(answer: dict[str, Any], type_: str) -> Iterator[dict[str, Any]]:
    details = answer.get("details")
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict) and each.get("@type") == _TYPES + type_:
            yield each


def _fcm_code(answer: dict[str, Any]) -> str:
    found = _details(answer, "google.firebase.fcm.v1.FcmError")
    return next((str(each["errorCode"]) for each in found if each.get("errorCode")), "")


def _fields(answer: dict[str, Any]) -> Iterator[str]:
    for each in _details(answer, "google.rpc.BadRequest"):
        violations = each.get("fieldViolations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield str(violation.get("field", ""))
