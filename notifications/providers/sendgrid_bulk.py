"""Several of SendGrid's requests for one person each, made into one: https://www.twilio.com/docs/sendgrid/api-reference/mail-send.

There the contents are shared, and a person has substitutions: words to put in place of tags in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from notifications.exceptions import PermanentError
from notifications.messages import EmailMessage, Message
from notifications.providers.frame import frame

PEOPLE_MAX = 1_000
SUBSTITUTIONS_MAX_BYTES = 10_000
"""of a person; SendGrid's pages also say 50,000"""
ENVELOPE_MAX_BYTES = 10_000
CONTENT_MAX_LENGTH = 1_000_000
"""with these two a request for 1,000 people stays below the 30 MB that SendGrid takes"""

_OWN = frozenset({"personalizations", "subject", "headers", "content"})
"""what is a person's own in a request for one person; all else must be the same for all"""


def may_share(message: EmailMessage) -> bool:
    """Whether the email is small enough to share a request."""
    envelope = json.dumps([message.subject, message.to_name, dict(message.headers)])
    return len(envelope) <= ENVELOPE_MAX_BYTES and len(message.text) + len(message.html) <= CONTENT_MAX_LENGTH


def fit(messages: Sequence[EmailMessage]) -> list[Sequence[Message]]:
    """Those together whose own words are few enough, and each other alone."""
    framed = frame([(each.text, each.html) for each in messages])
    if framed is None:
        return [[each] for each in messages]
    together: list[EmailMessage] = []
    found: list[Sequence[Message]] = []
    for each, values in zip(messages, framed.values, strict=True):
        if len(json.dumps(values)) <= SUBSTITUTIONS_MAX_BYTES:
            together.append(each)
        else:
            found.append([each])
    return [*found, together] if together else found


def joined(bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One request's body for all. Raises `PermanentError` if they have not enough in common."""
    shared = [{name: value for name, value in each.items() if name not in _OWN} for each in bodies]
    kinds = [[part["type"] for part in each["content"]] for each in bodies]
    if any(each != shared[0] for each in shared) or any(each != kinds[0] for each in kinds):
        raise PermanentError("These emails have not enough in common to share a request.")
    people = [_person(each) for each in bodies]
    contents = [[part["value"] for part in each["content"]] for each in bodies]
    framed = frame(contents, beside=[json.dumps([shared[0], *people])])
    if framed is None:
        raise PermanentError("The contents of these emails have no frame in common.")
    for person, values in zip(people, framed.values, strict=True):
        if values:
            person["substitutions"] = dict(values)
    content = [{"type": kind, "value": text} for kind, text in zip(kinds[0], framed.texts, strict=True)]
    return {**shared[0], "personalizations": people, "content": content}


def _person(body: Mapping[str, Any]) -> dict[str, Any]:
    [person] = body["personalizations"]
    own = {"subject": body["subject"], "headers": dict(body["headers"])}
    return {**person, **{name: value for name, value in own.items() if value}}
