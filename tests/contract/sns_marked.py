"""Amazon SNS as it is used, but for a mark on each message, by which its double tells them apart."""

from __future__ import annotations

from notifications.messages import SmsMessage
from notifications.providers.sns import SnsProvider

MARK = "delivery_id"


class MarkedSnsProvider(SnsProvider):
    """Adds our delivery id, which no text message of SNS has."""

    def attributes(self, message: SmsMessage) -> dict[str, dict[str, str]]:
        mark = {"DataType": "String", "StringValue": str(message.delivery_id)}
        return {**super().attributes(message), MARK: mark}
