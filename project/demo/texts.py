"""The phone's text messages: what its owner writes back goes the way that a provider's webhook would take it."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from notifications import clock
from notifications.messages import storable
from notifications.models import InboundMessage, Meaning, SandboxMessage
from notifications.providers.twilio import TwilioProvider
from notifications.services.replies import ANSWERED
from notifications.tracking import inbox
from notifications.tracking.webhooks.base import Inbound
from project.clinic.models import Patient
from project.demo.desk import DeskError

PROVIDER, CHANNEL = "sandbox", "sms"
CONFIRMATIONS = {
    Meaning.STOP: TwilioProvider.stop_text,
    Meaning.START: TwilioProvider.start_text,
    Meaning.HELP: TwilioProvider.help_text,
}
"""what is answered to a keyword, as a webhook words it"""
SITE = "Lotus House"
LONGEST = 1_600
"""characters: as many as Twilio takes"""


def write(patient: Patient, addresses: Collection[str], form: Mapping[str, Any]) -> None:
    """Take `text`, written on the patient's phone. Raises `DeskError`."""
    given = form.get("text", "")
    text = storable(given).strip() if isinstance(given, str) else ""
    if not text:
        raise DeskError(_("Write something first, such as C, STOP or a question."))
    if len(text) > LONGEST:
        text_too_long = _("A text message has at most %(most)s characters; this one has %(length)s.")
        raise DeskError(text_too_long % {"most": f"{LONGEST:,}", "length": f"{len(text):,}"})
    number = _number(patient, addresses)
    if not number:
        raise DeskError(_("%(patient)s has no phone number.") % {"patient": patient})
    message = Inbound(provider_id=f"demo-{uuid.uuid4()}", channel=CHANNEL, address=number, to="", text=text)
    inbox.take(PROVIDER, [message], clock.now(), _confirmation)


def written(addresses: Collection[str], most: int) -> list[InboundMessage]:
    """What was written on the phone, the newest first."""
    own = InboundMessage.objects.filter(alias=PROVIDER, channel=CHANNEL, address__in=addresses)
    return list(own.order_by("-received_at", "-pk")[:most])


def confirmed(message: InboundMessage) -> str:
    """What the webhook answered to a keyword; "" for all else, which a notification answers."""
    return str(message.data.get(ANSWERED, "")) if message.meaning in CONFIRMATIONS else ""


def _confirmation(meaning: Meaning) -> str:
    return _(CONFIRMATIONS.get(meaning, "")).replace("{site}", SITE)


def _number(patient: Patient, addresses: Collection[str]) -> str:
    """The number that the last text message came to: a patient may have chosen another than the user's own."""
    last = SandboxMessage.objects.filter(channel=CHANNEL, to__in=addresses).order_by("-pk").first()
    return last.to if last else patient.user.phone
