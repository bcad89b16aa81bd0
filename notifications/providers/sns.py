"""SMS through Amazon SNS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

from notifications import conf
from notifications.exceptions import (
    ConfigurationError,
    OptedOutError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import Message, Receipt, SmsMessage
from notifications.providers.sms import NUMBER, SmsProvider, without_numbers
from notifications.providers.transport.answers import root_cause

OPTED_OUT = "OptedOut"
"""the code of an `OptedOutError`"""
TRANSACTIONAL, PROMOTIONAL = "Transactional", "Promotional"


@dataclass(kw_only=True)
class SnsProvider(SmsProvider):
    """Publishes to one number, with the given key or with what boto3 finds, from a sender id or a number.

    SNS tells nothing of what becomes of a message, and cannot be asked: what is taken stays "sent", and after an
    unknown outcome the message's type decides. It knows no attribute for an id of ours. SNS also takes what it will not
    send, to people who answered STOP to it; so it is asked about each number before, as far as its rate limit lets us.
    """

    service: ClassVar[str] = "SNS"
    libraries: ClassVar[tuple[str, ...]] = ("boto3",)
    extra: ClassVar[str] = "sns"
    sender: ClassVar[re.Pattern[str]] = re.compile(rf"(?=.*[A-Za-z])[A-Za-z0-9]{{3,11}}|{NUMBER.pattern}")
    sender_form: ClassVar[str] = "a name of 3 to 11 letters and digits, or a number such as +15005550006"

    region: str
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    endpoint_url: str = ""
    sender_id: str = ""
    """a name or a number of the account; empty: as the account is set up"""
    sms_type: str = TRANSACTIONAL
    """or "Promotional"; critical messages are transactional in any case"""
    max_price: Decimal | str | None = None
    """in US dollars, for each message; None: as the account is set up"""
    ask_opted_out: bool = True
    """whether to ask first if the person opted out; it needs the right sns:CheckIfPhoneNumberIsOptedOut"""

    def connect(self) -> Any:
        from boto3.session import Session
        from botocore.exceptions import BotoCoreError

        from notifications.providers.transport import aws

        found = {
            "region_name": self.region,
            "endpoint_url": self.endpoint_url,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }
        options = {name: value for name, value in found.items() if value}
        core = aws.session(self.timeout_seconds, conf.get().CONCURRENCY)
        try:
            client = Session(botocore_session=core).client("sns", **options)
        except (BotoCoreError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        aws.bound(client)
        return client

    def takes(self, message: Message) -> bool:
        """SNS sends text only."""
        return isinstance(message, SmsMessage) and not message.media_urls

    def send(self, message: Message) -> Receipt:
        from notifications.providers.transport.http import attempt

        sms = self.sendable(message)
        if sms.media_urls:
            raise PermanentError("SNS sends text only, no media.")
        client = self.client()
        with attempt(self.timeout_seconds) as current:
            if self.ask_opted_out:
                self._ask(current, client, sms.to)
            attributes = self.attributes(sms)
            told = self._call(
                current, client.publish, PhoneNumber=sms.to, Message=sms.text, MessageAttributes=attributes
            )
        if not told.get("MessageId"):
            raise UnknownOutcome("SNS took the message without an id.")
        return Receipt(delivery_id=sms.delivery_id, provider=self.alias, provider_id=str(told["MessageId"]))

    def attributes(self, message: SmsMessage) -> dict[str, dict[str, str]]:
        """What goes along with the text, as SNS words it."""
        found = {"AWS.SNS.SMS.SMSType": _string(TRANSACTIONAL if message.critical else self.sms_type)}
        if sender := self.sender_of(message) or self.sender_id:
            is_number = NUMBER.fullmatch(sender) is not None
            found["AWS.MM.SMS.OriginationNumber" if is_number else "AWS.SNS.SMS.SenderID"] = _string(sender)
        if self.max_price is not None:
            found["AWS.SNS.SMS.MaxPrice"] = {"DataType": "Number", "StringValue": str(self.max_price)}
        return found

    def check(self) -> list[CheckMessage]:
        found = [*super().check(), *self.check_url("['endpoint_url']", self.endpoint_url)]
        if not self.region:
            found.append(self._wrong("E001", "['region'] is empty", "Name the region of SNS, such as eu-central-1."))
        if bool(self.access_key_id) != bool(self.secret_access_key):
            given = "access_key_id" if self.access_key_id else "secret_access_key"
            hint = "Give both access_key_id and secret_access_key, or neither to let boto3 find them."
            found.append(self._wrong("E002", f" has only {given}", hint))
        if self.sender_id and not self.sender.fullmatch(self.sender_id):
            text = f"['sender_id'] is {self.sender_id!r}, which SNS cannot send from"
            found.append(self._wrong("E003", text, f"Give {self.sender_form}."))
        if self.sms_type not in (TRANSACTIONAL, PROMOTIONAL):
            text = f"['sms_type'] is {self.sms_type!r}"
            found.append(self._wrong("E004", text, f"Known: {PROMOTIONAL}, {TRANSACTIONAL}."))
        if self.max_price is not None and not _is_price(self.max_price):
            text = f"['max_price'] is {str(self.max_price)!r}, which is no price"
            found.append(self._wrong("E005", text, 'Give US dollars, such as "0.10", or None.'))
        return found

    def _wrong(self, number: str, text: str, hint: str) -> Error:
        return Error(f"{self.where}{text}.", hint=hint, id=f"notifications.sns.{number}")

    def _ask(self, current: Any, client: Any, number: str) -> None:
        """Raises `OptedOutError` for a person who opted out, `TemporaryError` if SNS cannot say."""
        told: dict[str, Any] = {}
        try:
            told = self._call(current, client.check_if_phone_number_is_opted_out, phoneNumber=number)
        except UnknownOutcome as error:  # a question sends nothing
            raise TemporaryError(str(error), code=error.code) from error
        except TemporaryError as error:
            if not error.code.startswith("Throttl"):
                raise
            # Too many questions: SNS itself sends nothing to whom it should not.
        if told.get("isOptedOut"):
            raise OptedOutError("SNS: the person opted out by STOP.", code=OPTED_OUT)
        current.written = False

    def _call(self, current: Any, function: Callable[..., Any], **parameters: Any) -> Any:
        """What boto3 returns. Raises `ProviderError`."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            return function(**parameters)
        except ClientError as error:
            raise _refusal(error) from error
        except Exception as error:
            if current.written:
                raise UnknownOutcome(f"SNS, after the request was written: {root_cause(error)}") from error
            if isinstance(error, ValueError | ParamValidationError):  # its text may show the content
                raise PermanentError(f"The message cannot be written: {type(error).__name__}.") from error
            if isinstance(error, BotoCoreError | OSError):
                raise TemporaryError(f"SNS was not reached: {root_cause(error)}") from error
            raise


def _refusal(error: Any) -> ProviderError:
    from notifications.providers.transport import aws

    said = aws.text(error)
    told = aws.answered("SNS", error)
    told.args = (without_numbers(str(told)),)
    if told.code == OPTED_OUT or "opted out" in said:
        return OptedOutError(str(told), code=OPTED_OUT)
    if told.code == "InvalidParameter" and "PhoneNumber" in said:
        # "… is not valid to publish to": also of each good number, in a region that sends no text messages.
        return TemporaryError(str(told), code=told.code)
    return told


def _string(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def _is_price(text: Decimal | str) -> bool:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return False
    return price.is_finite() and price > 0
