"""What Twilio tells of a message means, by error code, status, price and parts: in answers, polls and its webhook.

https://www.twilio.com/docs/api/errors and https://www.twilio.com/docs/messaging/api/message-resource. Each code has a
page of its own, https://www.twilio.com/docs/api/errors/30005; those of 21703 and 21704 are not confirmed by theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from notifications.exceptions import (
    AddressError,
    OptedOutError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import ReceiptState
from notifications.providers.sms import without_numbers
from notifications.providers.transport.answers import TEXT_MAX_LENGTH, refusal, wait

INTERNAL_ERROR = 500
COST_MAX = 1_000_000
"""no message costs as much, and no column holds it"""


class Fault(StrEnum):
    """What is at fault when a message is not sent, or not delivered."""

    ADDRESS = "the number takes no text messages"
    OPTED_OUT = "the person answered STOP, and takes it back by START"
    REFUSED = "the message itself is refused"
    OPERATOR = "the operator has to put something right at Twilio or in the options"
    TRANSIENT = "nothing that lasts"


FAULTS: Mapping[int, Fault] = {
    code: fault
    for fault, codes in {
        Fault.ADDRESS: (
            21211,  # invalid number
            21265,  # a short code
            21268,  # premium rate or information service
            21614,  # no mobile number
            21635,  # a landline
            30005,  # unknown, or no longer in service
            30006,  # a landline, or a carrier that cannot be reached
        ),
        Fault.OPTED_OUT: (21610,),
        Fault.REFUSED: (
            21602,  # neither text nor media
            21604,  # no recipient
            21617,  # longer than 1,600 characters
            21619,  # neither text nor media, by a messaging service
            21620,  # a media URL that is none
            21623,  # too many media URLs
            30004,  # blocked
            30007,  # filtered by Twilio or the carrier
            30019,  # larger than the carrier takes
            30036,  # its validity period is over
        ),
        Fault.OPERATOR: (
            10001,  # the account is not active
            20003,  # authentication
            20005,  # the account is not active
            20404,  # no such account
            21212,  # the sender is no number and no name that may be one
            21266,  # sender and recipient are the same number
            21408,  # the recipient's country is not enabled
            21601,  # the sender is not the account's
            21603,  # no sender
            21606,  # the sender cannot send there
            21607,  # the sender of a trial account
            21608,  # the recipient of a trial account
            21609,  # the status callback is no URL that Twilio takes
            21612,  # this sender cannot reach this recipient
            21659,  # the sender is not one of Twilio's, or a short code of another country
            21660,  # the sender is another account's
            21661,  # the sender cannot send text messages
            21701,  # no such messaging service, or another account's
            21703,  # the messaging service has no sender that can send this
            21704,  # the messaging service has no senders
            21705,  # that is no id of a messaging service
            30002,  # the account is suspended
            30010,  # more expensive than the highest price
            30032,  # the toll-free sender is not verified
            30034,  # the sender is not registered with the carriers of the US
        ),
        Fault.TRANSIENT: (
            20429,  # too many requests; not processed
            21611,  # the sender's queue is full
            21730,  # maintenance
            30001,  # the queue is full
            30003,  # the handset is off or out of reach
            30008,  # unknown
            30017,  # the carrier's network is congested
            30021,  # Twilio's own, in a messaging service
            30022,  # too many for the carriers of the US at once
            30410,  # the carrier did not answer in time
            30500,  # Twilio's own
        ),
    }.items()
    for code in codes
}

STATES: Mapping[str, ReceiptState] = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""status of a message that goes out → what its receipt says"""


def fault_of(code: object) -> Fault | None:
    """What is at fault, by a code as number or text; None for one that is not known, or none."""
    text = str(code)
    return FAULTS.get(int(text)) if text.isascii() and text.isdecimal() else None


def state_of(status: object, code: object = None) -> ReceiptState | None:
    """What a status says, with the code that may come with it; None for one that says nothing of a message sent."""
    state = STATES.get(str(status))
    return "bounced" if state == "failed" and fault_of(code) == Fault.ADDRESS else state


def segments_of(number: object) -> int | None:
    """The parts of a message; None for 0: a messaging service has counted none before it chose the sender."""
    return int(str(number)) if re.fullmatch("[1-9][0-9]?", str(number)) else None


def cost_of(price: object) -> Decimal | None:
    """What a message costs: Twilio tells it as a negative amount."""
    try:
        amount = abs(Decimal(str(price)))
    except InvalidOperation:
        return None
    return round(amount, 6) if amount.is_finite() and amount < COST_MAX else None


def failure(code: str, text: str, *, retry_after: timedelta | None = None) -> ProviderError:
    """The error for a message that was not sent."""
    fault = fault_of(code)
    said = f"{text} ({fault})"[:TEXT_MAX_LENGTH] if fault else text
    if fault == Fault.OPTED_OUT:
        return OptedOutError(said, code=code)
    if fault == Fault.ADDRESS:
        return AddressError(said, code=code)
    if fault == Fault.REFUSED:
        return PermanentError(said, code=code)
    return TemporaryError(said, code=code, retry_after=retry_after)


def refused(response: Any) -> ProviderError:
    """The error for an answer that is no success, in Twilio's own JSON or in that of RFC 9457.

    After a 500 the message may go out all the same: https://www.twilio.com/docs/api/errors/20500
    """
    try:
        told = response.json()
        code = str(told.get("code") or "")
        text = next(str(told[name]) for name in ("message", "detail", "title") if told.get(name))
    except (ValueError, AttributeError, StopIteration):
        code, text = "", response.text
    said = f"{code} {without_numbers(text)}".strip()
    found = refusal("Twilio", response.status_code, said, response.headers, code=code)
    if response.status_code == INTERNAL_ERROR:
        return UnknownOutcome(str(found), code=found.code)
    if fault_of(code) is None or response.status_code > INTERNAL_ERROR:
        return found
    return failure(code, str(found), retry_after=wait(response.headers))
