"""Messages of Amazon SNS: read, and known to be genuine by their signature.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from notifications.tracking.webhooks.base import Forbidden, Malformed, Post
from notifications.tracking.webhooks.certificates import Certificates

# SNS posts again for an hour at the most, with the time of the first attempt.
OLDEST, NEWEST = timedelta(minutes=70), timedelta(minutes=10)

CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
TYPES = ("Notification", *CONFIRMATIONS)
_REQUIRED = ("MessageId", "TopicArn", "Message", "Timestamp", "Signature", "SigningCertURL", "SignatureVersion")
_HOST = r"https://sns\.[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?"
# SNS answers queries with texts of the caller's own, so the path is fixed and no query is allowed.
_CERTIFICATE_PATH = r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem"


@dataclass(frozen=True, kw_only=True, slots=True)
class SnsMessage:
    """A message as it was posted; nothing in it is to be believed before `verify`."""

    type: str
    fields: Mapping[str, str]

    @property
    def text(self) -> str:
        """What was published."""
        return self.fields["Message"]


def read(post: Post) -> SnsMessage:
    """Raises `Malformed`."""
    try:
        found = json.loads(post.body)
    except (ValueError, RecursionError):
        raise Malformed("The body is no JSON.") from None
    if not isinstance(found, dict) or found.get("Type") not in TYPES:
        raise Malformed(f"The body is no message of SNS. Known types: {', '.join(TYPES)}.")
    required = (*_REQUIRED, *(("SubscribeURL", "Token") if found["Type"] in CONFIRMATIONS else ()))
    if missing := [name for name in required if not isinstance(found.get(name), str)]:
        raise Malformed(f"The message lacks {', '.join(missing)}.")
    return SnsMessage(
        type=found["Type"], fields={name: value for name, value in found.items() if isinstance(value, str)}
    )


def verify(
    message: SnsMessage, *, topic_arns: Collection[str], now: datetime, certificates: Certificates, sns_url: str = ""
) -> None:
    """Raises `Forbidden` unless SNS signed it for one of these topics a short time ago; `Unavailable`, `Malformed`.

    `sns_url` stands in for the hosts of SNS.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    fields = message.fields
    if fields["TopicArn"] not in topic_arns:
        raise Forbidden("The topic is none of the provider's option topic_arns.")
    if not now - OLDEST <= _time(fields["Timestamp"]) <= now + NEWEST:
        raise Forbidden(f"It was published at {fields['Timestamp']}, which is too long ago or yet to come.")
    version = fields["SignatureVersion"]
    if version not in ("1", "2"):
        raise Forbidden("Unknown signature version. Known: 1, 2.")
    key = certificates.key(certificate_url(message, sns_url=sns_url), now)
    try:
        signature = base64.b64decode(fields["Signature"], validate=True)
        # Version 1 is SHA-1, and what topics use unless they are set to 2.
        key.verify(signature, signed(message), PKCS1v15(), SHA256() if version == "2" else SHA1())  # noqa: S303
    except ValueError:
        raise Forbidden("The signature is no base64.") from None
    except InvalidSignature:
        raise Forbidden("The signature does not match.") from None


def signed(message: SnsMessage) -> bytes:
    """What the signature is made over: these fields, sorted, with a line each for name and value."""
    names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
    names += ["SubscribeURL", "Token"] if message.type in CONFIRMATIONS else ["Subject"]
    found = (f"{name}\n{message.fields[name]}\n" for name in sorted(names) if name in message.fields)
    return "".join(found).encode("utf-8", "surrogatepass")


def certificate_url(message: SnsMessage, *, sns_url: str = "") -> str:
    """Where the certificate stands. Raises `Forbidden` if that is not at SNS."""
    url = message.fields["SigningCertURL"]
    if not re.fullmatch((re.escape(sns_url) or _HOST) + _CERTIFICATE_PATH, url):
        raise Forbidden("The SigningCertURL is no certificate at a host of SNS.")
    return url


def confirmation_url(message: SnsMessage, *, sns_url: str = "") -> str:
    """Where a verified subscription is confirmed. Raises `Forbidden` if that is not at SNS, or for another topic."""
    url = message.fields["SubscribeURL"]
    query = parse_qs(urlsplit(url).query) if re.fullmatch((re.escape(sns_url) or _HOST) + r"/\?[!-~]+", url) else {}
    if query.get("Action") != ["ConfirmSubscription"] or query.get("TopicArn") != [message.fields["TopicArn"]]:
        raise Forbidden("The SubscribeURL does not confirm this topic at a host of SNS.")
    return url


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Malformed("The Timestamp is no time of ISO 8601 with its zone.")
    return found
