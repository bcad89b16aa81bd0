"""Push messages to apps, and to topics that apps are subscribed to, through Firebase Cloud Messaging (HTTP v1)."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from django.core.checks import CheckMessage, Error

from notifications import conf
from notifications.devices import FCM, TOPIC
from notifications.exceptions import (
    AddressError,
    ConfigurationError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import Message, Receipt
from notifications.providers.fcm import answers, payload, topics
from notifications.providers.options import check_libraries, check_url, options_of
from notifications.providers.push import PushProvider
from notifications.providers.transport.answers import root_cause

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_FORM = "It is the JSON that the Firebase console gives for a service account, with its private key."
_numbers = itertools.count(1)


class _Client(NamedTuple):
    app: Any
    token: Any
    """a `transport.google_token.SharedToken`"""
    process: int


@dataclass(kw_only=True)
class FcmProvider(PushProvider):
    """Sends with a service account, or with what Google's libraries find on this host.

    Without `credentials` and `credentials_file` that is GOOGLE_APPLICATION_CREDENTIALS or the role of the host. FCM
    tells of no message what became of it, and cannot be asked. It takes a message that is sent twice as two: they bear
    one tag, so that a device shows them as one.
    """

    kinds: ClassVar[tuple[str, ...]] = (FCM, TOPIC)

    credentials: str | dict[str, Any] = field(default="", repr=False)
    """the service account's JSON"""
    credentials_file: str = ""
    """or the path of its file"""
    project_id: str = ""
    """empty: that of the service account"""
    api_url: str = "https://fcm.googleapis.com/"
    dry_run: bool = False
    """FCM checks each message, and sends none"""
    android_channel_id: str = ""
    """the app's notification channel; empty: as its manifest says"""
    android_click_action: str = ""
    """the intent that a tap starts; empty: the app is opened. The link is in the message's data"""
    apns_topic: str = ""
    """the bundle id of the app on Apple's devices; empty: as the Firebase console knows it"""
    sound: str = "default"
    """empty: none"""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._client: _Client | None = None

    def send(self, message: Message) -> Receipt:
        push, device = self.read(message)
        client = self._open()
        try:
            note = payload.build(push, device, self)
        except ValueError as error:  # its text names fields and sizes, no content
            raise PermanentError(f"FCM cannot take this message: {error}") from error
        name = self._post(note, client, device.kind, dry_run=self.dry_run)
        if not isinstance(name, str) or not name:
            raise UnknownOutcome("FCM took the message and did not name it.")
        return Receipt(delivery_id=message.delivery_id, provider=self.alias, provider_id=name)

    def subscribe(self, tokens: Sequence[str], topic: str) -> list[ProviderError | None]:
        """Have apps get what is sent to a topic. Returns what came of each, in order: None, or why not.

        `AddressError`: that app is gone. `PermanentError`: FCM refuses it. `TemporaryError`: a repeat may help, and is
        harmless. Raises `PermanentError` for what is no topic, and `TemporaryError` if FCM cannot be asked at all.
        """
        return self._change("subscribe_to_topic", tokens, topic)

    def unsubscribe(self, tokens: Sequence[str], topic: str) -> list[ProviderError | None]:
        """Have them get it no more; one that did not is no error. Returns and raises as `subscribe` does."""
        return self._change("unsubscribe_from_topic", tokens, topic)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and client.process == os.getpid():
            import firebase_admin

            firebase_admin.delete_app(client.app)

    def check(self) -> list[CheckMessage]:
        where = options_of(self.alias)
        found = [
            *check_libraries(where, ("firebase_admin",), "fcm", "notifications.fcm"),
            *check_url(f"{where}['api_url']", self.api_url, "notifications.fcm"),
            *self.check_ttl("notifications.fcm.E005"),
        ]
        if self.credentials and self.credentials_file:
            hint = "Give one of them, or neither to let Google's libraries find them."
            text = f"{where} has both credentials and credentials_file."
            return [*found, Error(text, hint=hint, id="notifications.fcm.E003")]
        try:
            self._account()
        except ConfigurationError as error:
            found.append(Error(str(error), hint=_FORM, id="notifications.fcm.E004"))
        return found

    def _account(self) -> dict[str, Any] | None:
        """The service account; None: what the host has. Raises `ConfigurationError`, which shows nothing of it."""
        if not self.credentials and not self.credentials_file:
            return None
        where = f"{options_of(self.alias)}['{'credentials' if self.credentials else 'credentials_file'}']"
        try:
            given = self.credentials or Path(self.credentials_file).read_text()
            account = json.loads(given) if isinstance(given, str) else given
        except OSError as error:
            raise ConfigurationError(f"{where} cannot be read: {error.strerror}.") from error
        except ValueError:
            raise ConfigurationError(f"{where} is not JSON.") from None
        needed = ["client_email", "private_key", "token_uri", *([] if self.project_id else ["project_id"])]
        if not isinstance(account, dict) or account.get("type") != "service_account":
            raise ConfigurationError(f"{where} is not of the type service_account.")
        if missing := [name for name in needed if not isinstance(account.get(name), str)]:
            raise ConfigurationError(f"{where} has no {', '.join(missing)}.")
        return account

    def _open(self) -> _Client:
        client = self._client
        if client is None or client.process != os.getpid():  # a fork: the app and its locks are the parent's
            with self._lock:
                client = self._client
                if client is None or client.process != os.getpid():
                    client = self._client = self._opened()
        return client

    def _opened(self) -> _Client:
        where = options_of(self.alias)
        try:
            account = self._account()
            import firebase_admin
            from google.auth.exceptions import GoogleAuthError

            from notifications.providers.fcm.client import lead
            from notifications.providers.transport import google_token
        except (ImportError, ConfigurationError) as error:
            raise TemporaryError(f"{where}: {type(error).__name__}: {error}") from error
        try:
            token, project = google_token.load(account, [SCOPE], self.timeout_seconds)
            project = self.project_id or project
            if not project:
                raise ConfigurationError("Neither project_id nor the credentials name a project.")
            options = {"projectId": project, "httpTimeout": self.timeout_seconds}
            name = f"notifications.{self.alias}.{os.getpid()}.{next(_numbers)}"
            app = firebase_admin.initialize_app(token, options, name)
            session = google_token.session(token, self.api_url, conf.get().CONCURRENCY)
            lead(app, session, self.api_url, self.timeout_seconds)
        except (GoogleAuthError, ValueError, ConfigurationError) as error:  # the operator's to put right
            raise TemporaryError(f"{where}: {type(error).__name__}: {error}") from error
        return _Client(app, token, os.getpid())

    def _post(self, note: Any, client: _Client, kind: str, *, dry_run: bool) -> Any:
        """The name that FCM gives a message. Raises what `send` raises."""
        from firebase_admin import messaging

        from notifications.providers.transport.http import attempt

        with attempt(self.timeout_seconds) as current:
            try:
                return messaging.send(note, dry_run=dry_run, app=client.app)
            except Exception as error:
                told = self._error(error, client, kind, written=current.written)
                if told is None:
                    raise
                raise told from error

    def _change(self, verb: str, tokens: Sequence[str], topic: str) -> list[ProviderError | None]:
        client, together = self._open(), conf.get().CONCURRENCY
        found: list[ProviderError | None] = []
        for start in range(0, len(tokens), together):  # the SDK makes a thread for each, and one request
            part = list(tokens[start : start + together])
            codes = topics.change(verb, part, topic, client.app)
            if topics.REFUSED_TOKEN in codes:
                client.token.forget(f"Bearer {client.token.token}")
            found += [self._told(code, token, client) for code, token in zip(codes, part, strict=True)]
        return found

    def _told(self, code: str, token: str, client: _Client) -> ProviderError | None:
        if code in topics.DOUBTFUL and self._is_gone(token, client):
            return AddressError(f"FCM does not know this app: {code}", code=code)
        return topics.told(code)

    def _is_gone(self, token: str, client: _Client) -> bool:
        """Ask with a message that is only checked: its answer blames the token, or something else."""
        from firebase_admin import messaging

        note = messaging.Message()
        note.token = token  # as an argument it warns, as in `payload`
        try:
            self._post(note, client, FCM, dry_run=True)
        except ProviderError as error:
            return isinstance(error, AddressError)
        return False

    def _error(self, error: Exception, client: _Client, kind: str, *, written: bool) -> ProviderError | None:
        """None: an error of ours, that had nothing to do with FCM."""
        from firebase_admin.exceptions import FirebaseError
        from google.auth.exceptions import GoogleAuthError

        if isinstance(error, FirebaseError) and error.http_response is not None:
            if answers.refuses_token(error):
                client.token.forget(error.http_response.request.headers.get("Authorization", ""))
            return answers.told(error, kind)
        if isinstance(error, GoogleAuthError):
            return TemporaryError(f"Google gave no access token: {error}"[:300])
        if written:
            return UnknownOutcome(f"FCM, after the request was written: {root_cause(error)}")
        if isinstance(error, FirebaseError | OSError):
            return TemporaryError(f"FCM was not reached: {root_cause(error)}")
        return None
