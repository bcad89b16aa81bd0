"""Email through SendGrid's v3 API."""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from email.message import Message as EmailPart
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

from notifications.exceptions import AddressError, ProviderError, UnknownOutcome
from notifications.messages import EmailMessage, Message, Receipt
from notifications.providers import sendgrid_bulk
from notifications.providers.bulk import BulkEspProvider
from notifications.providers.email import addresses
from notifications.providers.frame import pieces

_CONTENTS = frozenset({"content", "dynamic_template_data", "headers", "subject", "substitutions", "template_id"})
"""what options may put into contents; such emails go alone"""
_RECIPIENT_FIELD = re.compile(r"personalizations\.\d+\.to\.\d+\.email")


@dataclass(kw_only=True)
class SendGridProvider(BulkEspProvider):
    """Sends with an API key that has the right "Mail Send".

    SendGrid takes (202) what it then queues; what becomes of it, and what it drops, its event webhook tells. Our
    delivery id is the only custom argument: they are stored there in the clear, so they hold no personal data.
    """

    extra: ClassVar[str] = "sendgrid"
    webhook: ClassVar[str] = "notifications.tracking.webhooks.sendgrid.SendGridWebhook"
    takes_international_names: ClassVar[bool] = False
    batch_max: ClassVar[int] = sendgrid_bulk.PEOPLE_MAX

    batch_size: int = 100
    api_key: str = field(repr=False)
    api_url: str = "https://api.sendgrid.com/v3/"
    """https://api.eu.sendgrid.com/v3/ for subusers in the EU"""
    track_opens: bool | None = False
    """None: as the account there is set up"""
    track_clicks: bool | None = False
    webhook_public_key: str = ""
    """the verification key of the signed event webhook; empty: its posts are not taken"""
    webhook_max_age_seconds: float = 600
    """how long ago a post may have been signed"""

    def backend_path(self) -> str:
        return "anymail.backends.sendgrid.EmailBackend"

    def backend_settings(self) -> dict[str, Any]:
        # Without an id of Anymail's own: ours goes along, and SendGrid's comes back.
        return {"api_key": self.api_key, "api_url": self.api_url, "generate_message_id": False}

    def make_backend(self) -> Any:
        from anymail.exceptions import AnymailNotSupportedWarning

        with warnings.catch_warnings():
            # Anymail no longer tests this backend: the contract tests of this project do.
            text = "django-anymail has dropped official support for SendGrid"
            warnings.filterwarnings("ignore", message=text, category=AnymailNotSupportedWarning)
            backend = super().make_backend()
        build = backend.build_message_payload

        def build_with_plain_types(*args: Any) -> Any:
            payload = build(*args)
            for each in payload.data.get("attachments", ()):
                each["type"] = _plain_type(each["type"])
            return payload

        backend.build_message_payload = build_with_plain_types
        return backend

    def anymail_options(self, message: EmailMessage) -> dict[str, Any]:
        options = super().anymail_options(message)
        # Of the person, not of the request: there the API's published description wants a string.
        person = dict(self.esp_extra.get("personalizations", {}))
        person["custom_args"] = {**person.get("custom_args", {}), **options.pop("metadata")}
        tracking = {"track_opens": self.track_opens, "track_clicks": self.track_clicks}
        return options | tracking | {"esp_extra": {**self.esp_extra, "personalizations": person}}

    def form(self, message: EmailMessage) -> Hashable:
        form = super().form(message)
        options = {*self.esp_extra, *self.esp_extra.get("personalizations", {})}
        if form is None or options & _CONTENTS or not sendgrid_bulk.may_share(message):
            return None
        return (form, len(pieces(message.text)), len(pieces(message.html)))

    def fit(self, messages: Sequence[EmailMessage]) -> list[Sequence[Message]]:
        found: list[Sequence[Message]] = []
        for start in range(0, len(messages), self.batch_size):
            found += sendgrid_bulk.fit(messages[start : start + self.batch_size])
        return found

    def send_together(self, backend: Any, messages: Sequence[EmailMessage]) -> Sequence[Receipt | ProviderError]:
        from anymail.message import AnymailStatus

        emails = [self.compose(each, addresses(each).recipient) for each in messages]
        status = AnymailStatus()
        with self.asking(backend):
            payloads = [backend.build_message_payload(each, backend.send_defaults) for each in emails]
            payloads[0].data = {"headers": {}, **sendgrid_bulk.joined([each.data for each in payloads])}
            status.esp_response = backend.post_to_esp(payloads[0], emails[0])
        provider_id = self.provider_id(status)
        return [
            Receipt(delivery_id=each.delivery_id, provider=self.alias, provider_id=provider_id) for each in messages
        ]

    def answered(self, error: Any) -> ProviderError | None:
        told = super().answered(error)
        if told is not None and error.status_code == 400 and _blames_recipient(error.response):
            return AddressError(str(told), code=told.code)
        return told

    def provider_id(self, status: Any) -> str:
        response = status.esp_response
        found = response.headers.get("X-Message-Id")
        if not found:
            text = f"SendGrid answered {response.status_code} without X-Message-Id."
            raise UnknownOutcome(text, code=str(response.status_code))
        return str(found)

    def check(self) -> list[CheckMessage]:
        found = [*super().check(), *self.check_url("['api_url']", self.api_url)]
        if not self.api_key:
            hint = 'Make one with the right "Mail Send" in SendGrid\'s settings.'
            found.append(Error(f"{self.where}['api_key'] is empty.", hint=hint, id="notifications.sendgrid.E001"))
        if self.receipts and not self.webhook_public_key:
            hint = "Set up the signed event webhook and give its key, or leave receipts out."
            text = f"{self.where}['receipts'] without webhook_public_key: messages of unknown outcome are sent twice."
            found.append(Error(text, hint=hint, id="notifications.sendgrid.E002"))
        return found


def _plain_type(content_type: str) -> str:
    """A file's type without parameters: SendGrid refuses all but an invitation's method, alone and unquoted."""
    part = EmailPart()
    part["Content-Type"] = content_type
    plain = part.get_content_type()
    is_invitation = plain == "text/calendar" and part.get_param("method") == "REQUEST"
    return f"{plain}; method=REQUEST" if is_invitation else plain


def _blames_recipient(response: Any) -> bool:
    """Whether each error of the answer names the recipient's address as its field."""
    try:
        fields = [str(each["field"]) for each in response.json()["errors"]]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(fields) and all(_RECIPIENT_FIELD.fullmatch(each) for each in fields)
