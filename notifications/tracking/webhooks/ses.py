"""Events of Amazon SES, published to a topic of SNS that posts them to us.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from notifications.exceptions import ConfigurationError
from notifications.tracking.webhooks import sns
from notifications.tracking.webhooks.base import (
    Forbidden,
    Malformed,
    Post,
    ProviderEvent,
    Unavailable,
    Webhook,
    clean,
    delivery_id_in,
    identifier,
)
from notifications.tracking.webhooks.certificates import Certificates, fetch
from notifications.tracking.webhooks.ses_records import understand

logger = logging.getLogger(__name__)

GREETING = "Successfully validated SNS topic for Amazon SES event publishing."

_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]{1,32}:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")


class SesOptions(Protocol):
    """What the provider's options must hold."""

    alias: str
    topic_arns: Collection[str]
    sns_url: str


class SesWebhook(Webhook):
    """One event a post. A subscription to a listed topic is confirmed by itself."""

    provider: SesOptions
    content_types: ClassVar[tuple[str, ...]] = ("text/plain", "application/json")

    def __init__(self, provider: SesOptions) -> None:
        super().__init__(provider)
        whose = f"of provider '{provider.alias}'"
        if provider.sns_url and not re.fullmatch(r"http://127\.0\.0\.1:[0-9]{1,5}", provider.sns_url):
            raise ConfigurationError(f"The option sns_url {whose} is for tests: http://127.0.0.1:<port>, or nothing.")
        # A text would be searched for parts of it: each letter would be a topic.
        if isinstance(provider.topic_arns, str) or not all(map(_TOPIC_ARN.fullmatch, provider.topic_arns)):
            raise ConfigurationError(
                f"The option topic_arns {whose} is a list of ARNs such as arn:aws:sns:eu-central-1:123456789012:mail."
            )
        self._certificates = Certificates()

    @property
    def is_configured(self) -> bool:
        return bool(self.provider.topic_arns)

    def verify(self, post: Post) -> None:
        sns.verify(
            sns.read(post),
            topic_arns=self.provider.topic_arns,
            now=post.received_at,
            certificates=self._certificates,
            sns_url=self.provider.sns_url,
        )

    def receive(self, post: Post) -> list[ProviderEvent]:
        self.verify(post)
        message = sns.read(post)
        if message.type == "Notification":
            return self.parse(post)
        topic = message.fields["TopicArn"]
        if message.type == "SubscriptionConfirmation":
            self._confirm(message)
            logger.info("Confirmed the subscription of %s to %s", self.provider.alias, topic)
        else:
            logger.warning("%s was unsubscribed from %s: no more events will come", self.provider.alias, topic)
        return []

    def parse(self, post: Post) -> list[ProviderEvent]:
        message = sns.read(post)
        if message.text.startswith(GREETING):
            return []
        try:
            record = json.loads(message.text)
        except (ValueError, RecursionError):
            raise Malformed("The Message is no JSON.") from None
        if not isinstance(record, dict):
            raise Malformed("The Message is no JSON object.")
        name = record.get("eventType", record.get("notificationType"))
        mail = record.get("mail")
        if not isinstance(name, str) or not isinstance(mail, dict):
            raise Malformed("The Message is no event of SES: it has no eventType, or no mail.")
        found = understand(name, record)
        if found is None:
            logger.info("%s posted an event that says nothing of a message: %s", self.provider.alias, clean(name, 50))
            return []
        message_id = mail.get("messageId")
        return [
            ProviderEvent(
                event_id=identifier(message.fields["MessageId"]),
                delivery_id=_delivery_id(mail),
                provider_id=clean(message_id, 200),
                kind=found.kind,
                at=_time(found.at) or _time(mail.get("timestamp")) or post.received_at,
                code=clean(found.code, 50),
                detail=clean(found.detail),
                suppress=found.suppress,
                category_only=found.category_only,
            )
        ]

    def _confirm(self, message: sns.SnsMessage) -> None:
        url = sns.confirmation_url(message, sns_url=self.provider.sns_url)
        try:
            fetch(url)
        except (Forbidden, Unavailable):  # their texts hold the address, and with it a token
            raise Unavailable("SNS did not take the confirmation of the subscription.") from None


def _delivery_id(mail: Mapping[str, Any]) -> UUID | None:
    """Ours, from the message tags; or from the header, where no configuration set publishes tags."""
    tags, headers = mail.get("tags"), mail.get("headers")
    values = tags.get("delivery_id") if isinstance(tags, dict) else None
    if isinstance(values, list) and values:
        return delivery_id_in(values[0])
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, dict) and str(header.get("name")).lower() == "x-metadata":
            try:
                return delivery_id_in(json.loads(header["value"])["delivery_id"])
            except (ValueError, KeyError, TypeError, RecursionError):
                return None
    return None


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None
