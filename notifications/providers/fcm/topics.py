"""Which apps get what is sent to a topic, and what FCM's refusals to change that mean.

https://firebase.google.com/docs/reference/fcm/fcmtopics/rest/v1/projects.registrations.topicSubscriptions
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError
from notifications.providers.transport.answers import root_cause

logger = logging.getLogger(__name__)

GONE = "UNREGISTERED"
DOUBTFUL = frozenset({"NOT_FOUND", "INVALID_ARGUMENT"})
"""said of an app that is gone or of no token, and also when a project or an address of ours is wrong"""
REFUSED_TOKEN = "UNAUTHENTICATED"  # noqa: S105 - a code
MISMATCH = "SENDER_ID_MISMATCH"
_PERMANENT = frozenset({*DOUBTFUL, MISMATCH})


def change(verb: str, tokens: Sequence[str], topic: str, app: Any) -> list[str]:
    """One of the SDK's functions for some apps at once: FCM's code for each, "" where it is done.

    A subscription that there is already, and one to be removed that there is not, are done.
    """
    from firebase_admin import messaging
    from firebase_admin.exceptions import FirebaseError

    try:
        answer = getattr(messaging, verb)(list(tokens), topic, app=app)
    except ValueError as error:  # its text shows neither
        raise PermanentError(f"FCM cannot take this topic: {error}") from error
    except FirebaseError as error:  # the SDK makes one of whatever it did not expect, such as no access token
        raise TemporaryError(f"FCM was not asked for the topic: {root_cause(error)}") from error
    codes = {each.index: str(each.reason) for each in answer.errors}
    if MISMATCH in codes.values():
        logger.error("A device belongs to another Firebase project than these credentials (%s).", MISMATCH)
    return [codes.get(index, "") for index in range(len(tokens))]


def told(code: str) -> ProviderError | None:
    """The error for such a code; None where it is done."""
    if not code:
        return None
    said = f"FCM did not change the topic: {code}"
    if code == GONE:
        return AddressError(said, code=code)
    return PermanentError(said, code=code) if code in _PERMANENT else TemporaryError(said, code=code)
