"""Email through SendGrid's v3 API."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from email.message import Message as EmailPart
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

from notifications.exceptions import AddressError, ProviderError, UnknownOutcome
from notifications.messages import EmailMessage
from notifications.providers.esp import EspProvider

_RECIPIENT_FIELD = re.compile(r"personalizations\.\d+\.to\.\d+\.email")


@dataclass(kw_only=True)
class SendGridProvider(EspProvider):
    """Sends with an API key that has the right "Mail Send".

    SendGrid takes (202) what it then queues; what becomes of it, and what it drops, its event webhook tells. Our
    delivery id is the only custom argument: they are stored there in the clear, so they hold no personal data.
    """

    extra: ClassVar[str] = "sendgrid"
    webhook: ClassVar[str] = "notifications.tracking.webhooks.sendgrid.SendGridWebhook"
    takes_international_names: ClassVar[bool] = False

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
