"""The digits of a one-time code, and the message that brings them.

A code is six digits that follow from a random nonce in its row and the site's SECRET_KEY, so that no table, queue or
log holds it, and a copy of the database tells nothing: a hash of six digits, however slow, is found by trying them all.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_noop

from notifications import clock, conf
from notifications.models import OneTimeCode
from notifications.types import NotificationType, Priority, register
from notifications.variables import Variable

DIGITS = 6
VALID_FOR = timedelta(minutes=10)


def digits_of(code: OneTimeCode, secret: str | None = None) -> str:
    """What is sent, such as "048217"."""
    secret = settings.SECRET_KEY if secret is None else secret
    key = hashlib.sha256(f"notifications.one_time_code:{secret}".encode()).digest()
    drawn = hmac.digest(key, f"{code.pk}:{code.address}:{code.nonce}".encode(), "sha256")
    return f"{int.from_bytes(drawn, 'big') % 10**DIGITS:0{DIGITS}}"


def matches(code: OneTimeCode, entered: str) -> bool:
    """Compared in constant time. One that an older SECRET_KEY made counts as long as that is among the fallbacks."""
    text = _ascii(entered).encode()
    found = False
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        found |= hmac.compare_digest(digits_of(code, secret).encode(), text)
    return found


def _ascii(entered: str) -> str:
    """Digits of any script, as keyboards give them, without what people put between them."""
    digits = (unicodedata.decimal(each, None) for each in entered[:40] if not each.isspace() and each not in "-–.")
    return "".join("x" if each is None else str(each) for each in digits)


class VerificationCode(NotificationType):
    """Sends a person the code that shows that an address is theirs.

    Not `sensitive`, though secret: its text has to get through, and holds nothing but the code.
    """

    key = "notify.verification_code"
    category = gettext_noop("security")
    priority = Priority.HIGH
    expires_after = VALID_FOR
    mandatory = True
    example = {"code_id": 0}
    variables = {
        "code": Variable(example="048217", about="the six digits", required=True),
        "minutes": Variable(example=10, about="how long the code counts"),
        "host": Variable(
            example="example.org",
            longest="appointments.lotushouse-ayurveda.example.org",
            about="this site's name; the last line of the SMS names it, so that phones fill the code in here alone",
        ),
    }

    code_id: int

    def subject(self) -> OneTimeCode | None:
        return OneTimeCode.objects.filter(pk=self.code_id).first()

    def still_valid(self) -> bool:
        code = self.subject()
        return code is not None and code.used_at is None and code.expires_at > clock.now() and not code.withheld

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        code = self.subject()
        return {
            "code": digits_of(code) if code is not None else "0" * DIGITS,  # of the example
            "minutes": int(VALID_FOR.total_seconds() // 60),
            "host": urlsplit(conf.get().BASE_URL).hostname or "",
        }


def connect() -> None:
    """Declare the type. Autodiscovery skips our own package, so `NotifyConfig.ready` calls it."""
    try:
        VerificationCode.channels = tuple(name for name in ("sms", "email") if name in conf.get().CHANNELS)
    except Exception:  # wrong settings, which the checks say
        VerificationCode.channels = ("sms", "email")
    if VerificationCode.channels:
        register(VerificationCode)
