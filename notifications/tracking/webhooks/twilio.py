"""Twilio's webhook: what becomes of messages, and what people write back.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext

from notifications import conf
from notifications.messages import storable
from notifications.models import Cause, Kind, Meaning
from notifications.providers.sms import DELIVERY_ID, without_numbers
from notifications.providers.twilio_codes import Fault, cost_of, fault_of, segments_of, state_of
from notifications.tracking.webhooks.base import (
    Forbidden,
    Inbound,
    Malformed,
    Post,
    ProviderEvent,
    Webhook,
    clean,
    delivery_id_in,
)

logger = logging.getLogger(__name__)

SIGNATURE = "X-Twilio-Signature"
TEXT_MAX_LENGTH = 10_000
"""characters that are kept of what a person writes: Twilio's longest has 1,600"""

_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_SENDER = re.compile(r"\+?[0-9]{3,15}")
_KINDS = {
    "sent": Kind.ACCEPTED,
    "delivered": Kind.DELIVERED,
    "failed": Kind.FAILED,
    "bounced": Kind.BOUNCED,
}
_SUPPRESS = {Fault.ADDRESS: Cause.HARD_BOUNCE, Fault.OPTED_OUT: Cause.STOP}
_READ = "read"
_INCOMING = frozenset({"received", "receiving"})
_NOT_FOR_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class TwilioOptions(Protocol):
    """What the provider's options must hold."""

    alias: str
    auth_token: str
    currency: str
    answers_keywords: bool
    stop_text: str
    start_text: str
    help_text: str


class TwilioWebhook(Webhook):
    """One status, or one inbound message, a post: a form, signed with HMAC-SHA1 over the public address and the form.

    Nothing in it tells when it was signed, so a post may be repeated by anybody who saw it: each counts once.
    """

    provider: TwilioOptions
    content_types: ClassVar[tuple[str, ...]] = ("application/x-www-form-urlencoded",)

    @property
    def is_configured(self) -> bool:
        return bool(self.provider.auth_token)

    def verify(self, post: Post) -> None:
        from twilio.request_validator import RequestValidator

        if "bodySHA256" in parse_qs(urlsplit(post.url).query):
            raise Forbidden("It is signed as JSON is, and is a form.")
        if not RequestValidator(self.provider.auth_token).validate(
            post.url, _form(post), post.headers.get(SIGNATURE, "")
        ):
            raise Forbidden(
                f"{SIGNATURE} is missing or does not match: forged, changed on its way, made with another token, "
                "or for another address than that of BASE_URL."
            )

    def parse(self, post: Post) -> list[ProviderEvent]:
        form = _form(post)
        status = form.get("MessageStatus", "")
        if not status or status in _INCOMING:
            return []
        sid, code = _sid(form), form.get("ErrorCode", "")
        state = state_of(status, code)
        if state is None:
            logger.info("%s posted a status that is not known: %s", self.provider.alias, clean(status, 50))
            return []
        kind = Kind.OPENED if status == _READ else _KINDS[state]
        fault = fault_of(code)
        delivery_id = delivery_id_in(parse_qs(urlsplit(post.url).query).get(DELIVERY_ID, [""])[0])
        in_our_currency = form.get("PriceUnit", "").upper() == self.provider.currency
        return [
            ProviderEvent(
                event_id=f"{sid}:{status}:{clean(code, 20)}".rstrip(":"),
                kind=kind,
                delivery_id=delivery_id,
                provider_id=sid,
                is_ours=delivery_id is None,
                at=post.received_at,
                code=clean(code, 20),
                detail=without_numbers(clean(form.get("ErrorMessage"))) or (str(fault) if fault else ""),
                suppress=_SUPPRESS.get(fault) if fault and kind in (Kind.FAILED, Kind.BOUNCED) else None,
                cost=cost_of(form.get("Price")) if in_our_currency else None,
                segments=segments_of(form.get("NumSegments")),
            )
        ]

    def inbound(self, post: Post) -> list[Inbound]:
        form = _form(post)
        if form.get("MessageStatus", "") not in ("", *_INCOMING):
            return []
        if "Body" not in form or "From" not in form:
            raise Malformed("It has neither a MessageStatus, nor a Body and From.")
        sid, written = _sid(form), storable(form.get("Body", ""))
        media = segments_of(form.get("NumMedia"))
        return [
            Inbound(
                provider_id=sid,
                channel="sms",
                address=_number(form.get("From", "")),
                to=storable(form.get("To", ""))[:100],
                text=written[:TEXT_MAX_LENGTH],
                opt_out_type=clean(form.get("OptOutType"), 10).upper(),
                data={"media": media} if media else {},
            )
        ]

    def confirmation(self, meaning: Meaning) -> str:
        if self.provider.answers_keywords:
            return ""
        texts = {
            Meaning.STOP: self.provider.stop_text,
            Meaning.START: self.provider.start_text,
            Meaning.HELP: self.provider.help_text,
        }
        return gettext(texts.get(meaning, "")).replace("{site}", urlsplit(conf.get().BASE_URL).hostname or "")

    def answer(self, texts: Sequence[str]) -> HttpResponse:
        said = "".join(f"<Message>{escape(_NOT_FOR_XML.sub('', each))}</Message>" for each in texts)
        return HttpResponse(
            f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>', content_type="text/xml"
        )


def _form(post: Post) -> QueryDict:
    try:
        return QueryDict(post.body, encoding="utf-8")
    except SuspiciousOperation as error:
        raise Malformed(f"The form is too large: {error}") from None


def _sid(form: QueryDict) -> str:
    sid = form.get("MessageSid", "")
    if not _SID.fullmatch(sid):
        raise Malformed("MessageSid is missing, or is none of Twilio's.")
    return sid


def _number(sender: str) -> str:
    """Whom it is from: a number in E.164, or a short code. Raises `Malformed`."""
    if not _SENDER.fullmatch(sender):
        raise Malformed("From is no number.")
    return sender
