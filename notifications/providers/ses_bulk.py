"""What `SendBulkEmail` of SES's API v2 takes, and what it answers for each email.

The template is inline and has nothing but placeholders for subject and contents: a person's own stand in that person's
data. The guide says of such templates: simple substitutions only, nothing is escaped, a request has up to 1 MB. It does
not say whether SES looks for placeholders in data too, so an email that holds "{{" goes alone.
https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html and …/send-personalized-email-advanced.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from email.header import Header
from email.utils import getaddresses
from typing import Any

from notifications.exceptions import PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import EmailMessage, Message, Receipt
from notifications.providers.email import addresses, mailbox, named

Options = Mapping[str, Any]
"""what Anymail adds to an email that is sent alone"""

DESTINATIONS_MAX = 50
REQUEST_MAX_BYTES = 1_000_000
ENVELOPE_MAX_BYTES = 10_000
"""more than all that a request says once"""
DATA_MAX_LENGTH = 262_144
HEADERS_MAX = 15
# What a header may be: botocore's model of the service, and for the sum of both lengths the text there.
_HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_HEADER_MAX_LENGTH = 996
# https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
_REFUSED_HEADERS = frozenset(
    {"bcc", "cc", "content-disposition", "content-type", "date", "from", "mime-version", "reply-to", "return-path"}
    | {"subject", "to"}
)
_REPLACED_HEADER = "message-id"
"""refused too; in an email sent alone SES replaces it by its own"""
_FOR_ALL = frozenset(
    {"ConfigurationOverrides", "ConfigurationSetName", "EndpointId", "FeedbackForwardingEmailAddress", "TenantName"}
    | {"FeedbackForwardingEmailAddressIdentityArn", "FromEmailAddressIdentityArn"}
)
"""what it takes as `SendEmail` does, for all emails of a request"""
_PLACES = {"Subject": "subject", "Text": "text", "Html": "html"}
_PERMANENT = frozenset({"INVALID_PARAMETER", "MESSAGE_REJECTED"})
"""statuses of an email that is refused; all others are the operator's or the service's, and it was not taken"""


def may_share(message: EmailMessage, options: Options) -> bool:
    """Whether it would carry this email faithfully."""
    contents, headers = _contents(message), _headers(message, options)
    return (
        {*options["esp_extra"]} <= _FOR_ALL | {"EmailTags"}
        and not any("{{" in each for each in contents.values())
        and len(json.dumps(contents)) <= DATA_MAX_LENGTH
        and len(headers) <= HEADERS_MAX
        and all(map(_is_header, headers))
    )


def fit(emails: Sequence[tuple[EmailMessage, Options]], size: int) -> list[Sequence[Message]]:
    """In this order, so many a request and no more than it may weigh."""
    found: list[list[Message]] = []
    room = 0
    for message, options in emails:
        weight = len(json.dumps(entry(message, options)))
        if weight > room or len(found[-1]) == size:
            found.append([])
            room = REQUEST_MAX_BYTES - ENVELOPE_MAX_BYTES
        found[-1].append(message)
        room -= weight
    return [*found]


def request(messages: Sequence[EmailMessage], options: Sequence[Options], configuration_set: str) -> dict[str, Any]:
    """The parameters, for emails of one sender and form."""
    first, contents = messages[0], _contents(messages[0])
    template = {place: f"{{{{{name}}}}}" for place, name in _PLACES.items() if name in contents}
    found = {
        "FromEmailAddress": _sender("from_email", first.from_email),
        "ReplyToAddresses": [_sender("reply_to", first.reply_to)] if first.reply_to else [],
        "ConfigurationSetName": configuration_set,
        **{name: value for name, value in options[0]["esp_extra"].items() if name in _FOR_ALL},
    }
    return {
        **{name: value for name, value in found.items() if value},
        # With no data for all: what a person's lacks is a failure to render, and never another's.
        "DefaultContent": {"Template": {"TemplateContent": template, "TemplateData": "{}"}},
        "BulkEmailEntries": [entry(*each) for each in zip(messages, options, strict=True)],
    }


def entry(message: EmailMessage, options: Options) -> dict[str, Any]:
    """One person's part of the request."""
    data = json.dumps(_contents(message))
    return {
        "Destination": {"ToAddresses": [_encoded(message.to_name, addresses(message).recipient)]},
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
        "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in _headers(message, options)],
        "ReplacementTags": options["esp_extra"]["EmailTags"],
    }


def results(messages: Sequence[EmailMessage], answer: Any, alias: str) -> list[Receipt | ProviderError]:
    """What came of each.

    Raises `UnknownOutcome` for an answer that makes no sense, and `PermanentError` if all are refused.
    """
    try:
        told = [
            (str(each["Status"]), str(each.get("Error", "")), str(each.get("MessageId", "")))
            for each in answer["BulkEmailEntryResults"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnknownOutcome(f"Amazon SES answered nonsense for {len(messages)} emails.") from error
    if len(told) != len(messages):
        raise UnknownOutcome(f"Amazon SES gave {len(told)} results for {len(messages)} emails.")
    found: list[Receipt | ProviderError] = [
        Receipt(delivery_id=message.delivery_id, provider=alias, provider_id=message_id)
        if status == "SUCCESS" and message_id
        else _error(status, text)
        for message, (status, text, message_id) in zip(messages, told, strict=True)
    ]
    refused = [each for each in found if isinstance(each, PermanentError)]
    if len(refused) == len(found):  # it may be the bulk API that minds
        raise refused[0]
    return found


def _error(status: str, text: str) -> ProviderError:
    said = f"Amazon SES: {status} {' '.join(text.split())}"[:300]
    if status == "SUCCESS":
        return UnknownOutcome(f"{said} without an id", code=status)
    # An address that is not verified is a sender's, or a recipient's while the account is in SES's own sandbox.
    is_refused = status in _PERMANENT and "not verified" not in text
    return (PermanentError if is_refused else TemporaryError)(said, code=status)


def _contents(message: EmailMessage) -> dict[str, str]:
    return {name: value for name in _PLACES.values() if (value := getattr(message, name))}


def _headers(message: EmailMessage, options: Options) -> list[tuple[str, str]]:
    own = [(name, value) for name, value in message.headers.items() if name.lower() != _REPLACED_HEADER]
    # As Anymail words them in an email that is sent alone.
    return [*own, ("X-Metadata", json.dumps(options["metadata"])), *(("X-Tag", each) for each in options["tags"])]


def _is_header(header: tuple[str, str]) -> bool:
    name, value = header
    return bool(
        _HEADER_NAME.fullmatch(name)
        and _HEADER_VALUE.fullmatch(value)
        and len(name) + len(value) <= _HEADER_MAX_LENGTH
        and name.lower() not in _REFUSED_HEADERS
    )


def _sender(header: str, value: str) -> str:
    return _encoded(getaddresses([value])[0][0], mailbox(header, value)[0])


def _encoded(name: str, address: str) -> str:
    """An address with its name, in encoded words if it is not ASCII."""
    return named(name, address) if name.isascii() else f"{Header(name, 'utf-8').encode(linesep='')} <{address}>"
