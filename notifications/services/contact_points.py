"""A person's own addresses: entered, named, made primary, switched off and on, removed.

An email address or a phone number that a person types in counts once it is verified; see `verification`. Devices
register themselves; see `devices`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.translation import gettext as _

from notifications import clock, phone_numbers
from notifications.channels.base import Channel
from notifications.channels.registry import get_channel
from notifications.exceptions import ContactPointError, UnknownChannelError
from notifications.messages import storable
from notifications.models import ContactPoint, DisabledBy
from notifications.models.contact_point import PUSH
from notifications.services.readdress import readdress

EMAIL, SMS = "email", "sms"
MAX_ADDRESSES = 5
"""email addresses of a person, and phone numbers: who needs more does something else than being reached"""
LABEL_MAX_LENGTH = 100
EMAIL_MAX_LENGTH = 254


def register_phone(user: Any, number: str, label: str = "") -> ContactPoint:
    """Enter a phone number, as its owner writes it, to be verified. One that is there already stays as it is.

    Raises `PhoneNumberError`, also for a country that no SMS goes to, or `ContactPointError` for one too many.
    """
    channel = _channel(SMS)
    return _register(user, SMS, channel.checked(phone_numbers.parse_for_sms(number).e164), label)


def register_email(user: Any, address: str, label: str = "") -> ContactPoint:
    """Enter an email address to be verified. One that is there already stays as it is. Raises `ContactPointError`."""
    _channel(EMAIL)
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError:
        address = ""
    if not address or len(address) > EMAIL_MAX_LENGTH:
        raise ContactPointError(_("This is no email address. Write it like name@example.org."), code="invalid")
    name, _at, domain = address.rpartition("@")
    return _register(user, EMAIL, f"{name}@{domain.lower()}", label)


def set_label(point: ContactPoint, label: str) -> None:
    """Name it. What is too long is cut."""
    point.label = clean_label(label)
    point.save(update_fields=["label"])


def make_primary(point: ContactPoint) -> None:
    """Send to this one of the person's addresses on its channel. Raises `ContactPointError` if it is not used."""
    with transaction.atomic():
        lock(point.user_id)
        point.refresh_from_db()
        if point.is_unverified:
            raise ContactPointError(_("Verify it first: it can then be the one that is used."), code="unverified")
        if point.disabled_at is not None:
            raise ContactPointError(_("It is switched off. Switch it on first."), code="disabled")
        _siblings(point).update(is_primary=False)
        point.is_primary = True
        point.save(update_fields=["is_primary"])


def switch_off(point: ContactPoint, *, by: DisabledBy = DisabledBy.OWNER, reason: str = "") -> bool:
    """Send nothing to it any more, not even what waits; that goes to another one. Returns False if it was off."""
    with transaction.atomic():
        lock(point.user_id)
        point.refresh_from_db()
        if point.disabled_at is not None:
            return False
        point.disabled_at, point.disabled_by = clock.now(), by
        point.disabled_reason = storable(reason or f"Switched off by {by.label}.")[:200]
        _hand_over(point)
        point.save(update_fields=["disabled_at", "disabled_by", "disabled_reason", "is_primary"])
        readdress(point)
    return True


def switch_on(point: ContactPoint, *, by: DisabledBy = DisabledBy.OWNER) -> None:
    """Send to it again.

    An address that messages no longer reached must be verified once more. Raises `ContactPointError` for what staff
    switched off, and for a device that must register itself again.
    """
    with transaction.atomic():
        lock(point.user_id)
        point.refresh_from_db()
        if point.disabled_at is None:
            return
        if by != DisabledBy.STAFF:
            _check_switching_on(point)
        point.disabled_at, point.disabled_by, point.disabled_reason = None, DisabledBy.SYSTEM, ""
        point.save(update_fields=["disabled_at", "disabled_by", "disabled_reason", "self_entered", "verified_at"])


def remove(point: ContactPoint) -> None:
    """Forget it. What waits for it goes to the address that takes its place, or nowhere."""
    with transaction.atomic():
        lock(point.user_id)
        point.refresh_from_db()
        _hand_over(point)
        readdress(point)
        ContactPoint.objects.filter(pk=point.pk).delete()


def clean_label(label: str) -> str:
    """A label in one line, as it is stored."""
    return " ".join(storable(label).split())[:LABEL_MAX_LENGTH]


def lock(user_id: Any) -> None:
    """Let nobody else change this person's contact points before the transaction ends."""
    people = get_user_model()._default_manager.select_for_update(no_key=True)
    list(people.filter(pk=user_id).values_list("pk"))


def _channel(name: str) -> Channel:
    try:
        return get_channel(name)
    except UnknownChannelError:
        raise ContactPointError(
            _("No messages are sent by %(channel)s here.") % {"channel": name}, code="invalid"
        ) from None


def _register(user: Any, channel: str, address: str, label: str) -> ContactPoint:
    with transaction.atomic():
        lock(user.pk)
        own = ContactPoint.objects.filter(user=user, channel=channel)
        if found := own.filter(address=address).first():
            return found
        if own.count() >= MAX_ADDRESSES:
            text = _("You have %(limit)d of these already. Remove one first.") % {"limit": MAX_ADDRESSES}
            raise ContactPointError(text, code="limit")
        return ContactPoint.objects.create(
            user=user, channel=channel, address=address, label=clean_label(label), self_entered=True
        )


def _check_switching_on(point: ContactPoint) -> None:
    if point.disabled_by == DisabledBy.STAFF:
        raise ContactPointError(_("Staff switched it off. Ask them to switch it on."), code="disabled")
    if point.channel == PUSH and point.disabled_by != DisabledBy.OWNER:
        text = _("This device can no longer be reached. Switch messages on there again.")
        raise ContactPointError(text, code="device")
    if point.disabled_by != DisabledBy.OWNER:
        point.self_entered, point.verified_at = True, None


def _siblings(point: ContactPoint) -> models.QuerySet[ContactPoint]:
    return ContactPoint.objects.filter(user=point.user_id, channel=point.channel).exclude(pk=point.pk)


def _hand_over(point: ContactPoint) -> None:
    """Make the address that takes its place the primary one."""
    if point.is_primary:
        point.is_primary = False
        usable = [each for each in _siblings(point) if each.disabled_at is None and not each.is_unverified]
        if usable:
            heir = min(usable, key=lambda each: (each.verified_at is None, each.pk))
            _siblings(point).filter(pk=heir.pk).update(is_primary=True)
