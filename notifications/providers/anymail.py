"""Email through any service that Anymail knows, by configuration alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from notifications.exceptions import ConfigurationError
from notifications.messages import EmailMessage
from notifications.providers.esp import EspProvider

_SAMPLE = EmailMessage(
    delivery_id=UUID(int=0),
    channel="email",
    to="ada@example.org",
    to_name="Ada",
    type="sample",
    from_email="sample@example.org",
    subject="Sample",
    text="Sample",
    html="<p>Sample</p>",
    headers={"Auto-Submitted": "auto-generated"},
)


@dataclass(kw_only=True)
class AnymailProvider(EspProvider):
    """Sends through the Anymail backend with that class path; `settings` are its keyword arguments.

        {"backend": "anymail.backends.postmark.EmailBackend", "settings": {"server_token": …, "message_stream": …}}

    Each is the backend's setting in Anymail's documentation without the service's name: POSTMARK_SERVER_TOKEN is
    `server_token`, POSTMARK_API_URL `api_url`.
    """

    backend: str
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    track_opens: bool | None = False
    """None: as the account there is set up, which is all that some services allow"""
    track_clicks: bool | None = False

    def backend_path(self) -> str:
        return self.backend

    def backend_settings(self) -> dict[str, Any]:
        return dict(self.settings)

    def anymail_options(self, message: EmailMessage) -> dict[str, Any]:
        tracking = {"track_opens": self.track_opens, "track_clicks": self.track_clicks}
        return super().anymail_options(message) | tracking

    def check(self) -> list[CheckMessage]:
        if found := super().check():
            return found
        found = self.check_url("['settings']['api_url']", str(self.settings.get("api_url", "")))
        from anymail.backends.base_requests import AnymailRequestsBackend
        from anymail.exceptions import AnymailUnsupportedFeature

        try:
            backend = self.make_backend()
        except (ImportError, ImproperlyConfigured, ConfigurationError, TypeError) as error:
            hint = f"Anymail's documentation names the settings of {self.backend}."
            return [*found, self._wrong("E001", f"makes no backend: {type(error).__name__}: {error}", hint)]
        if not isinstance(backend, AnymailRequestsBackend):
            hint = "For Amazon SES use notifications.providers.ses.SesProvider."
            return [*found, self._wrong("E002", f"names {self.backend}, which sends no HTTP requests of its own", hint)]
        try:
            backend.build_message_payload(self.compose(_SAMPLE, _SAMPLE.to), backend.send_defaults)
        except AnymailUnsupportedFeature as error:
            hint = "Leave it out: track_opens and track_clicks are left to the account with None, tags with ()."
            found.append(self._wrong("E003", f"asks for too much: {error.args[0]}", hint))
        return found

    def _wrong(self, number: str, text: str, hint: str) -> Error:
        return Error(f"{self.where} {text}.", hint=hint, id=f"notifications.anymail.{number}")
