"""A push message as a service worker reads it."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from typing import Any

from notifications.exceptions import PermanentError
from notifications.messages import PushMessage
from notifications.providers.push import PAYLOAD_MAX_BYTES

ENCRYPTION_BYTES = 103
"""what encryption adds: 86 bytes of header, 16 of authentication, 1 that ends the text"""
TEXT_MAX_BYTES = PAYLOAD_MAX_BYTES - ENCRYPTION_BYTES

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


def text_of(message: PushMessage) -> str:
    """What the service worker reads. Raises `PermanentError` if it is too large once it is encrypted."""
    fields: dict[str, Any] = {
        "link": message.link,
        "image": message.image,
        "lang": message.language,
        "badge_count": message.badge,
    }
    body = {
        **message.data,
        "title": message.title,
        "body": message.text,
        # Another copy of this very message replaces it on the screen.
        "tag": message.collapse_key or str(message.delivery_id),
        "delivery_id": str(message.delivery_id),
        **{name: value for name, value in fields.items() if value not in ("", None)},
    }
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError) as error:  # its text may show the content
        raise PermanentError(f"The message cannot be written as JSON: {type(error).__name__}.") from error
    if size > TEXT_MAX_BYTES:
        raise PermanentError(f"The message has {size} bytes; Web Push carries at most {TEXT_MAX_BYTES}.", code="size")
    return text


def topic_of(key: str) -> str:
    """A collapse key as the header takes it: 32 characters of base64url."""
    if _TOPIC.fullmatch(key):
        return key
    return base64.urlsafe_b64encode(sha256(key.encode()).digest()).decode()[:32]
