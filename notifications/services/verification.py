"""A person shows that an address is theirs by entering the code that was sent to it.

Who guesses has `MAX_ATTEMPTS` per code. How many codes may be asked for is limited per address and person, which is
told; and per address, whoever asks, which is not: nobody is bothered by messages that others cause, or learns of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications import clock
from notifications.exceptions import ContactPointError
from notifications.models import ContactPoint, OneTimeCode
from notifications.models.contact_point import PUSH
from notifications.services.contact_points import lock
from notifications.services.one_time_code import VALID_FOR, VerificationCode, matches
from notifications.services.send import notify

MAX_ATTEMPTS = 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_CONTACT_POINT_AN_HOUR = 3
PER_PERSON_A_DAY = 10
PER_ADDRESS_AN_HOUR = 6


class Answer(StrEnum):
    """What became of a code that was entered. `VERIFIED` is the only good one."""

    VERIFIED = "verified"
    WRONG = "wrong"
    USED_UP = "used_up"
    """too many were entered: a new code is needed"""
    NONE = "none"
    """there is no code that still counts: a new one is needed"""


@transaction.atomic
def request_code(point: ContactPoint) -> OneTimeCode:
    """Send a code to an address, which makes those sent before void.

    The answer is the same whether others have entered the address too or not. Raises `ContactPointError`: for a device,
    for what is verified or switched off, and when it was asked for too often.
    """
    lock(point.user_id)
    point.refresh_from_db()
    now = clock.now()
    _check(point)
    of_person = OneTimeCode.objects.filter(user=point.user_id)
    of_person.filter(created_at__lte=now - DAY).delete()
    # By address, not by row: who removes it and enters it again is still the same.
    _check_rate(of_person.filter(address=point.address), PER_CONTACT_POINT_AN_HOUR, HOUR, now)
    _check_rate(of_person, PER_PERSON_A_DAY, DAY, now)
    to_address = OneTimeCode.objects.filter(address=point.address, withheld=False, created_at__gt=now - HOUR)
    point.codes.open(now).update(expires_at=now)
    code = OneTimeCode.objects.create(
        user_id=point.user_id,
        contact_point=point,
        address=point.address,
        withheld=to_address.count() >= PER_ADDRESS_AN_HOUR,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    # Also when it is withheld, so that it takes as long: the gate then stops it.
    notify(VerificationCode(code_id=code.pk), contact_point=point, subject=code)
    return code


def verify(point: ContactPoint, entered: str) -> Answer:
    """Whether that is the code: then the address counts from now on.

    An answer rather than an exception, so that no transaction around it is rolled back: the attempt has to count.
    """
    now = clock.now()
    code = point.codes.order_by("-created_at", "-pk").first()
    if code is None or code.used_at is not None or code.expires_at <= now:
        return Answer.NONE
    # Counted before it is compared, by the database: many who try at once have no more tries than one.
    left = OneTimeCode.objects.open(now).filter(pk=code.pk, attempts__lt=MAX_ATTEMPTS)
    if not left.update(attempts=F("attempts") + 1):
        return Answer.USED_UP
    if not matches(code, entered):
        return Answer.WRONG if code.attempts + 1 < MAX_ATTEMPTS else Answer.USED_UP
    with transaction.atomic():
        lock(point.user_id)
        if not OneTimeCode.objects.open(now).filter(pk=code.pk).update(used_at=now):
            return Answer.NONE
        _accept(point, now)
    return Answer.VERIFIED


def _check(point: ContactPoint) -> None:
    if point.channel == PUSH:
        raise ContactPointError(_("A device needs no code."), code="device")
    if point.disabled_at is not None:
        raise ContactPointError(_("It is switched off. Switch it on first."), code="disabled")
    if point.verified_at is not None:
        raise ContactPointError(_("It is verified already."), code="verified")


def _check_rate(asked: QuerySet[OneTimeCode], limit: int, span: timedelta, now: datetime) -> None:
    times = asked.filter(created_at__gt=now - span).order_by("-created_at").values_list("created_at", flat=True)
    recent = list(times[:limit])
    if len(recent) == limit:
        wait = recent[-1] + span - now
        minutes = max(1, round(wait.total_seconds() / 60))
        text = ngettext(
            "You have asked for many codes. Ask again in %(minutes)d minute.",
            "You have asked for many codes. Ask again in %(minutes)d minutes.",
            minutes,
        )
        raise ContactPointError(text % {"minutes": minutes}, code="throttled", retry_after=wait)


def _accept(point: ContactPoint, now: datetime) -> None:
    others = ContactPoint.objects.filter(user=point.user_id, channel=point.channel).exclude(pk=point.pk)
    point.refresh_from_db()
    point.verified_at = now
    point.is_primary = point.is_primary or not others.filter(is_primary=True, disabled_at__isnull=True).exists()
    point.save(update_fields=["verified_at", "is_primary"])
