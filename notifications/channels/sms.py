"""SMS: short text to an E.164 number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from notifications import conf, phone_numbers
from notifications.channels import sms_segments
from notifications.channels.base import Channel, Content, Part, envelope, text_of
from notifications.exceptions import ConfigurationError, TextTooLongError
from notifications.messages import SmsMessage
from notifications.models import Delivery
from notifications.phone_numbers import PhoneNumber


@dataclass(kw_only=True)
class SmsChannel(Channel):
    """Sends to the primary phone number that gets any SMS, in few parts. Countries are codes of ISO 3166, such as IN.

    A type says more of its own texts: `sms_smart` and `sms_parts`.
    """

    parts = (Part(name="sms.txt"),)
    takes_answers = True
    takes_media = True

    user_field: str = "phone"
    allowed_countries: Collection[str] = ()
    """none: all are"""
    denied_countries: Collection[str] = ()
    senders: Mapping[str, str] = field(default_factory=dict)
    """country → the number or name that messages there come from; elsewhere the provider's own"""
    smart: bool = True
    """characters that make a text dearer, such as “ and …, are replaced by those of GSM-7 where that saves parts"""
    max_parts: int = 10
    """a longer text is not sent: providers refuse more than 1,600 characters"""
    shorten: bool = False
    """it is cut to `max_parts` instead, its links excepted"""

    def __post_init__(self) -> None:
        if self.max_parts < 1:
            raise ConfigurationError(f"max_parts is {self.max_parts}; an SMS has 1 part at least.")
        named = {*self.allowed_countries, *self.denied_countries, *self.senders}
        if unknown := sorted(named - set(phone_numbers.countries())) if named else []:
            raise ConfigurationError(f"Unknown country: {', '.join(unknown)}. Name them as ISO 3166 does: GB, US, IN.")

    def checked(self, address: str) -> str:
        return self._number(address).e164

    def country(self, address: str) -> str:
        """Of a number, such as IN. Raises `PhoneNumberError`."""
        return self._number(address).country

    def message(self, delivery: Delivery, content: Content) -> SmsMessage:
        """The message. Raises `PhoneNumberError` and `TextTooLongError`."""
        number = self._number(delivery.address)
        text, segments = self.fitted(text_of(content, "sms.txt"), content)
        return SmsMessage(
            **{**envelope(delivery, content), "to": number.e164},
            text=text,
            expires_at=delivery.notification.expires_at,
            sender=self.senders.get(number.country, ""),
            country=number.country,
            media_urls=content.media,
            segments=None if content.media else segments,
        )

    def _number(self, address: str) -> PhoneNumber:
        number = _read(address, conf.get().PHONE_REGION)
        phone_numbers.check_country(number, self.allowed_countries, self.denied_countries)
        return number

    def fitted(self, text: str, content: Content) -> tuple[str, int]:
        """The text as it is sent, and its parts. Raises `TextTooLongError`."""
        parts = sms_segments.parts_of(text)  # mostly 1: there is nothing to save
        if parts > 1 and self.smart and content.sms_smart:
            cheaper = sms_segments.economise(text)
            if cheaper.changed:
                text, parts = cheaper.text, sms_segments.parts_of(cheaper.text)
        most = content.sms_parts or self.max_parts
        if parts <= most:
            return text, parts
        if not (content.sms_parts or self.shorten):
            raise TextTooLongError(f"The text has {parts} SMS parts; at most {most} are sent.")
        text = sms_segments.shorten(text, most)
        return text, sms_segments.parts_of(text)


@lru_cache(maxsize=20_000)
def _read(address: str, region: str) -> PhoneNumber:
    """Remembered, for reading takes longer than all else that is done with a text."""
    return phone_numbers.parse_for_sms(address, region)
