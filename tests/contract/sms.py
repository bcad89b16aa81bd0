"""Text messages for contract tests."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from notifications.messages import SmsMessage


def sms(**values: Any) -> SmsMessage:
    """A message to Ada; values replace its fields."""
    fields = {"delivery_id": uuid4(), "channel": "sms", "to": "+447700900123", "text": "Your medicine is ready."}
    return SmsMessage(**{**fields, **values})
