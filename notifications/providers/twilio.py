"""SMS and MMS through Twilio."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import UUID

from django.core.checks import CheckMessage, Error, Warning
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_noop

from notifications import conf
from notifications.exceptions import PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import MEDIA_MAX, Message, Receipt, SmsMessage
from notifications.providers.sms import DELIVERY_ID, SmsProvider, without_numbers
from notifications.providers.transport.answers import root_cause
from notifications.providers.twilio_codes import cost_of, failure, refused, segments_of, state_of

VALIDITY_MAX_SECONDS = 36_000

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_MESSAGE = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(kw_only=True)
class TwilioProvider(SmsProvider):
    """Sends with an API key, or with the account's own token, from a number or by a messaging service.

    Twilio takes (201) what it then queues; what becomes of it, its status callbacks tell. They go to our webhook where
    BASE_URL is public and `auth_token` is given, with which they are signed; our delivery id stands in their address,
    since Twilio sends back nothing else of ours. A message that it was silent about can be polled by its own id. By
    ours it cannot be asked: its list of messages shows no callback, so that two messages to a number look the same.
    """

    service: ClassVar[str] = "Twilio"
    libraries: ClassVar[tuple[str, ...]] = ("twilio",)
    extra: ClassVar[str] = "twilio"
    webhook: ClassVar[str] = "notifications.tracking.webhooks.twilio.TwilioWebhook"
    sender: ClassVar[re.Pattern[str]] = re.compile(
        rf"\+[1-9][0-9]{{6,14}}|[0-9]{{3,8}}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{{1,11}}|{_SERVICE.pattern}"
    )
    sender_form: ClassVar[str] = (
        "a number such as +15005550006, a short code, a name of at most 11 letters and digits, or a messaging service"
    )

    account_sid: str
    auth_token: str = field(default="", repr=False)
    """signs the status callbacks; also authenticates requests where no API key is given"""
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    from_number: str = ""
    """a number, a short code or a name"""
    messaging_service_sid: str = ""
    """which chooses among its senders; instead of from_number"""
    api_url: str = "https://api.twilio.com"
    """https://api.dublin.ie1.twilio.com for accounts in Ireland"""
    currency: str = "USD"
    """in which costs are counted; prices in another are left out"""
    receipts: bool = False
    """whether status callbacks reach us so surely that silence means that Twilio took nothing"""
    answers_keywords: bool = True
    """whether Twilio itself answers STOP, START and HELP, as it does by default; else our webhook does, once"""
    stop_text: str = gettext_noop("{site}: you will get no more text messages from us. Reply START to have them again.")
    start_text: str = gettext_noop(
        "{site}: you will get our text messages again. Reply STOP to end them, HELP for help."
    )
    help_text: str = gettext_noop(
        "{site}: messages about your account. Message and data rates may apply. Reply STOP to end them."
    )
    """what our webhook answers, in the language of the number's owner; {site} is the host of BASE_URL"""

    @property
    def gives_receipts(self) -> bool:
        return self.receipts

    @property
    def can_poll(self) -> bool:
        return True

    def connect(self) -> Any:
        from twilio.rest import Client

        from notifications.providers.transport.twilio import BoundedClient

        user, password = self.api_key_sid or self.account_sid, self.api_key_secret or self.auth_token
        http = BoundedClient(self.api_url, conf.get().CONCURRENCY)
        return _Messages(Client(user, password, self.account_sid, http_client=http).messages, http.session.close)

    def send(self, message: Message) -> Receipt:
        sms = self.sendable(message)
        parameters = self.parameters(sms)
        made = self._call(self.client().create, **parameters)
        if not made.sid:
            raise UnknownOutcome("Twilio took the message without an id.")
        receipt = self._receipt(sms.delivery_id, made)
        if receipt.state in ("failed", "bounced"):  # it says so as it takes the message: nothing was sent
            raise failure(receipt.code, f"Twilio took it as {made.status}")
        return receipt

    def poll(self, sent: Sequence[tuple[UUID, str]]) -> Iterable[Receipt]:
        client = self.client()
        for delivery_id, sid in sent:
            if not _MESSAGE.fullmatch(sid):
                continue
            try:
                found = self._call(client(sid).fetch)
            except ProviderError as error:
                if error.code == "20404":
                    continue
                wait = error.retry_after if isinstance(error, TemporaryError) else None
                raise TemporaryError(str(error), code=error.code, retry_after=wait) from error
            yield self._receipt(delivery_id, found)

    def parameters(self, message: SmsMessage) -> dict[str, Any]:
        """What the SDK is asked to create. Raises `PermanentError`."""
        sender = self.sender_of(message) or self.from_number or self.messaging_service_sid
        found: dict[str, Any] = {"to": message.to}
        found["messaging_service_sid" if _SERVICE.fullmatch(sender) else "from_"] = sender
        if message.text:
            found["body"] = message.text
        if message.media_urls:
            found["media_url"] = list(_fetchable(message.media_urls))
        if message.expires_at is not None:
            # By this host's clock, since a send holds no database connection: it need not be exact.
            left = (message.expires_at - datetime.now(UTC)).total_seconds()
            found["validity_period"] = int(min(max(left, 1), VALIDITY_MAX_SECONDS))
        if callback := self.status_callback(message.delivery_id):
            found["status_callback"] = callback
        return found

    def status_callback(self, delivery_id: UUID) -> str:
        """Where Twilio tells what becomes of a message; "" where it would not reach us, or we could not trust it."""
        try:
            path = reverse("notify:webhook", kwargs={"alias": self.alias})
        except NoReverseMatch:
            return ""
        url = urljoin(conf.get().BASE_URL, path)
        return f"{url}?{urlencode({DELIVERY_ID: delivery_id})}" if self.auth_token and is_public(url) else ""

    def check(self) -> list[CheckMessage]:
        found = [*super().check(), *self.check_url("['api_url']", self.api_url)]
        if not _ACCOUNT.fullmatch(self.account_sid):
            hint = "It is AC and 32 hexadecimal digits: see the console's first page."
            found.append(self._wrong("E001", f"['account_sid'] is {self.account_sid!r}, which is none", hint))
        if bool(self.api_key_sid) != bool(self.api_key_secret):
            given = "api_key_sid" if self.api_key_sid else "api_key_secret"
            hint = "Give both api_key_sid and api_key_secret, or neither to use auth_token."
            found.append(self._wrong("E002", f" has only {given}", hint))
        elif not (self.api_key_sid or self.auth_token):
            hint = "Give api_key_sid and api_key_secret, auth_token, or best all three."
            found.append(self._wrong("E003", " has neither an API key nor auth_token", hint))
        found += self._wrong_sender()
        if not _CURRENCY.fullmatch(self.currency):
            text = f"['currency'] is {self.currency!r}, which is none"
            found.append(self._wrong("E007", text, "Name it as ISO 4217 does: USD, EUR, INR."))
        if not self.status_callback(UUID(int=0)):
            why = "auth_token, which signs them" if not self.auth_token else "a BASE_URL that Twilio can reach"
            text = f"{self.where}: there are no status callbacks without {why}"
            if self.receipts:
                hint = "Give it, or leave receipts out: messages of unknown outcome are sent twice."
                found.append(Error(f"{text}.", hint=hint, id="notifications.twilio.E008"))
            else:
                hint = "Give it to learn what becomes of messages."
                found.append(Warning(f"{text}.", hint=hint, id="notifications.twilio.W001"))
        return found

    def _wrong_sender(self) -> Iterator[CheckMessage]:
        if bool(self.from_number) == bool(self.messaging_service_sid):
            has = "both" if self.from_number else "neither"
            text = f" has {has} from_number {'and' if self.from_number else 'nor'} messaging_service_sid"
            yield self._wrong("E004", text, "Give one of them.")
        if self.from_number and (
            not self.sender.fullmatch(self.from_number) or _SERVICE.fullmatch(self.from_number) is not None
        ):
            text = f"['from_number'] is {self.from_number!r}, which Twilio cannot send from"
            hint = "Give a number such as +15005550006, a short code, or a name of at most 11 letters and digits."
            yield self._wrong("E005", text, hint)
        if self.messaging_service_sid and not _SERVICE.fullmatch(self.messaging_service_sid):
            text = f"['messaging_service_sid'] is {self.messaging_service_sid!r}, which is none"
            yield self._wrong("E006", text, "It is MG and 32 hexadecimal digits.")

    def _wrong(self, number: str, text: str, hint: str) -> Error:
        return Error(f"{self.where}{text}.", hint=hint, id=f"notifications.twilio.{number}")

    def _call(self, function: Callable[..., Any], **parameters: Any) -> Any:
        """What the SDK returns. Raises `ProviderError`."""
        from requests import RequestException, TooManyRedirects

        from notifications.providers.transport.http import attempt
        from notifications.providers.transport.twilio import Refused

        with attempt(self.timeout_seconds) as current:
            try:
                return function(**parameters)
            except Refused as error:
                raise refused(error.response) from error
            except TooManyRedirects as error:
                raise TemporaryError("Twilio answered with a redirect: is api_url right?") from error
            except Exception as error:
                if current.written:
                    raise UnknownOutcome(f"Twilio, after the request was written: {root_cause(error)}") from error
                if isinstance(error, RequestException | OSError):
                    raise TemporaryError(f"Twilio was not reached: {root_cause(error)}") from error
                if isinstance(error, ValueError):  # its text may show the content
                    raise PermanentError(f"The message cannot be written: {type(error).__name__}.") from error
                raise

    def _receipt(self, delivery_id: UUID, told: Any) -> Receipt:
        return Receipt(
            delivery_id=delivery_id,
            state=state_of(told.status, told.error_code) or "sent",
            provider=self.alias,
            provider_id=str(told.sid),
            code=str(told.error_code or ""),
            detail=without_numbers(str(told.error_message or "")),
            cost=cost_of(told.price) if str(told.price_unit).upper() == self.currency else None,
            segments=segments_of(told.num_segments),
            at=told.date_updated,
        )


class _Messages:
    """The SDK's list of messages, whose connections can be closed."""

    def __init__(self, messages: Any, close: Callable[[], None]) -> None:
        self.create, self.close, self._messages = messages.create, close, messages

    def __call__(self, sid: str) -> Any:
        return self._messages(sid)


def is_public(url: str) -> bool:
    """Whether a URL is one that Twilio fetches: of a host on the internet, whose name has no underscore."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        is_local = host.endswith((".localhost", ".local", ".internal", ".test", ".invalid"))
        return "." in host and "_" not in host and not is_local


def _fetchable(urls: Sequence[str]) -> Sequence[str]:
    if len(urls) > MEDIA_MAX:
        raise PermanentError(f"The message has {len(urls)} media, more than {MEDIA_MAX}.")
    for number, url in enumerate(urls, 1):
        if not is_public(url):
            raise PermanentError(f"Twilio cannot fetch media {number}: it needs http(s)://, and a public host.")
    return urls
