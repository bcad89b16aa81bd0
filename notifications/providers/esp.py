"""What providers that send through an Anymail backend have in common."""

from __future__ import annotations

import contextlib
import threading
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from typing import Any, ClassVar

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from notifications import conf
from notifications.exceptions import (
    AddressError,
    ConfigurationError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import EmailMessage, Message, Receipt
from notifications.providers.base import Provider
from notifications.providers.email import addresses, encoded_subject, named, to_django
from notifications.providers.options import check_libraries, check_url, options_of
from notifications.providers.transport.answers import refusal, root_cause

DELIVERY_ID = "delivery_id"
"""under which our id travels with a message, and comes back with what is told of it"""


class _Rest(BaseEmailBackend):
    """Stands behind an Anymail backend, and takes the settings that it did not know."""

    def __init__(self, fail_silently: bool = False, **unknown: Any) -> None:
        if unknown:
            raise ConfigurationError(f"Unknown setting: {', '.join(sorted(unknown))}")
        super().__init__(fail_silently=fail_silently)


@dataclass(kw_only=True)
class EspProvider(Provider):
    """Hands each email to an email service, through Anymail's backend for it.

    One open backend serves all threads. Each send ends in time, and a failure counts by what may have happened: before
    the request was written it is temporary, after that unknown, unless the service answered. What the operator has to
    put right, such as a wrong key, is temporary too: mail that waits for it, or takes another provider, is not lost.
    """

    channels: ClassVar[tuple[str, ...]] = ("email",)
    takes_international_names: ClassVar[bool] = True
    """whether addresses with other letters than ASCII before their @ are left to the service"""
    sends_mime: ClassVar[bool] = False
    """whether the service gets the finished mail, not its parts"""
    libraries: ClassVar[tuple[str, ...]] = ("anymail",)
    extra: ClassVar[str] = "anymail"
    """what to install: notifications[extra]"""

    tags: tuple[str, ...] = ()
    """shown in the service's statistics beside the type's key; some services take one tag only"""
    esp_extra: dict[str, Any] = field(default_factory=dict, repr=False)
    """what only this service knows, in its own words: see Anymail's documentation of its `esp_extra`"""
    receipts: bool = False
    """whether it is set up to tell us of each message it takes, so that its silence means that it took none"""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._backend: Any = None

    @property
    def gives_receipts(self) -> bool:
        return self.receipts

    @abstractmethod
    def backend_path(self) -> str:
        """The class path of the Anymail backend."""

    @abstractmethod
    def backend_settings(self) -> dict[str, Any]:
        """Its keyword arguments. Called once, when the first message is sent: SDKs may be imported here."""

    def send(self, message: Message) -> Receipt:
        if not isinstance(message, EmailMessage):
            raise PermanentError(f"{type(self).__name__} sends EmailMessage only, not {type(message).__name__}.")
        found = addresses(message)
        if not (self.takes_international_names or found.recipient.isascii()):
            raise PermanentError(f"{message.to!r} is not ASCII before its @, which {self.backend_path()} cannot take.")
        backend = self._open()
        email = self.compose(message, found.recipient)
        with self.asking(backend):
            backend.send_messages([email])
        return self._receipt(message, backend, email)

    @contextlib.contextmanager
    def asking(self, backend: Any) -> Iterator[None]:
        """One request to the service: it ends in time, and what goes wrong is a typed error."""
        from notifications.providers.transport.http import attempt

        with attempt(self.timeout_seconds) as attempted:
            try:
                yield
            except Exception as error:
                told = self._error(backend, error, written=attempted.written)
                if told is None:
                    raise
                raise told from error

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()

    def compose(self, message: EmailMessage, recipient: str) -> EmailMultiAlternatives:
        """The email as Anymail takes it."""
        email = to_django(
            message,
            to=named(message.to_name, recipient),
            subject=encoded_subject(message.subject) if self.sends_mime else "",
        )
        for name, value in self.anymail_options(message).items():
            if value is not None and value not in ([], {}):
                setattr(email, name, value)
        return email

    def anymail_options(self, message: EmailMessage) -> dict[str, Any]:
        """What Anymail adds to an email, by the names of its attributes; None and what is empty are left out."""
        return {
            "metadata": {DELIVERY_ID: str(message.delivery_id)},
            "tags": [each for each in (message.type, *self.tags) if each],
            "esp_extra": self.esp_extra,
        }

    def answered(self, error: Any) -> ProviderError | None:
        """The error for an Anymail error that holds the service's answer; None if it does not."""
        status = error.status_code
        if status is None:
            return None
        if 200 <= status < 300:
            return UnknownOutcome(f"{error.esp_name} answered {status} with nonsense.", code=str(status))
        return refusal(error.esp_name or self.alias, status, error.response.text, error.response.headers)

    def provider_id(self, status: Any) -> str:
        """The service's id of a message that it took, from Anymail's status. Raises `UnknownOutcome`."""
        return str(status.message_id or "")

    def check(self) -> list[CheckMessage]:
        return check_libraries(self.where, self.libraries, self.extra, "notifications.email")

    @property
    def where(self) -> str:
        """How checks name its options."""
        return options_of(self.alias)

    def check_url(self, option: str, url: str) -> list[CheckMessage]:
        """A base URL that shows credentials to whoever listens, or is none."""
        return check_url(self.where + option, url, "notifications.email")

    def make_backend(self) -> Any:
        """The Anymail backend, not yet open. Raises what Anymail raises about its settings."""
        backend = import_string(self.backend_path())
        return type("Backend", (backend, _Rest), {})(**self.backend_settings())

    def open_backend(self) -> Any:
        """The backend with our bounded connections. Raises `ConfigurationError` too."""
        from anymail.backends.base_requests import AnymailRequestsBackend

        from notifications.providers.transport import http

        backend = self.make_backend()
        if not isinstance(backend, AnymailRequestsBackend):
            raise ConfigurationError(f"{self.backend_path()} sends no HTTP requests of its own.")
        backend.timeout = self.timeout_seconds
        backend.open()
        http.bound(backend.session, backend.api_url, conf.get().CONCURRENCY)
        return backend

    def _open(self) -> Any:
        if self._backend is None:
            with self._lock:
                if self._backend is None:
                    self._backend = self._opened()
        return self._backend

    def _opened(self) -> Any:
        try:
            return self.open_backend()
        except (ImportError, ImproperlyConfigured, ConfigurationError) as error:
            raise TemporaryError(f"{self.where}: {type(error).__name__}: {error}") from error

    def _error(self, backend: Any, error: Exception, *, written: bool) -> ProviderError | None:
        """None: an error of ours, that had nothing to do with the service."""
        from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
        from requests import TooManyRedirects

        who = backend.esp_name
        if isinstance(error, ProviderError):  # of ours already
            return None
        if isinstance(error, AnymailRecipientsRefused):
            return AddressError(f"{who} refused the recipient.")
        if isinstance(error, AnymailAPIError) and (told := self.answered(error)):
            return told
        if isinstance(error, TooManyRedirects):
            return TemporaryError(f"{who} answered with a redirect: is the base URL right?")
        if written:
            return UnknownOutcome(f"{who}, after the request was written: {root_cause(error)}")
        if isinstance(error, AnymailAPIError):
            return TemporaryError(f"{who} was not reached: {root_cause(error)}")
        if isinstance(error, AnymailError):  # content or options that it cannot express; its text tells no content
            return PermanentError(f"{who} cannot take this email: {type(error).__name__}: {error.args[0]}")
        if isinstance(error, ValueError | MessageError):  # its text may show the content
            return PermanentError(f"The email cannot be built: {type(error).__name__}.")
        return None

    def _receipt(self, message: EmailMessage, backend: Any, email: Any) -> Receipt:
        status = email.anymail_status
        states = status.status or set()
        if not states:
            raise PermanentError("A receiver of Anymail's pre_send cancelled the email.")
        if states & {"invalid", "rejected"}:
            raise AddressError(f"{backend.esp_name} refused the recipient.")
        if "failed" in states:
            raise TemporaryError(f"{backend.esp_name} says that sending failed.")
        if not states <= {"sent", "queued"}:
            raise UnknownOutcome(f"{backend.esp_name} took the email with status {', '.join(sorted(states))}.")
        return Receipt(delivery_id=message.delivery_id, provider=self.alias, provider_id=self.provider_id(status))
