"""Devices: an app or a browser says that it is there, that its address is another one, or that it is gone."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Coalesce

from notifications import clock, conf
from notifications.devices import TOPIC, WEBPUSH, WEBPUSH_HOSTS, Device, webpush_host_is_allowed
from notifications.exceptions import DeviceError
from notifications.models import ContactPoint, DisabledBy
from notifications.models.contact_point import PUSH
from notifications.providers.registry import get_provider
from notifications.providers.webpush import WebPushProvider
from notifications.services.contact_points import clean_label, lock, remove
from notifications.services.readdress import follow, readdress

MAX_DEVICES = 20
"""of a person; the one that was silent for the longest makes room"""
MOVED = "Somebody else uses this device now."
TRIES = 5


def register_device(user: Any, device: Device, label: str = "", replaces: Device | None = None) -> ContactPoint:
    """This device shows the person's messages from now on, and no other person's. A repeat changes nothing.

    `replaces` is the address that the device had before: its name stays, as does one that its owner gave. What staff
    switched off stays off. Raises `DeviceError` for a topic, and for a browser whose subscription leads to no push
    service.
    """
    point = _retrying(user, device, label, replaces)
    if point is None:
        raise LookupError("A device that may be new is always registered.")
    return point


def renew_device(user: Any, device: Device, replaces: Device | None = None) -> ContactPoint | None:
    """A sign of life, as an app gives it at each start. Returns None for a device that the person does not have here.

    So what its owner has removed or switched off does not come back by itself. Else as `register_device`.
    """
    return _retrying(user, device, "", replaces, renew=True)


def _retrying(
    user: Any, device: Device, label: str, replaces: Device | None, *, renew: bool = False
) -> ContactPoint | None:
    if device.kind == TOPIC:
        raise DeviceError("A topic is no device: apps subscribe to it by themselves.")
    if device.kind == WEBPUSH and not _may_be_sent_to(device):
        raise DeviceError("The endpoint leads to no push service that messages are sent to.")
    for _ in range(TRIES - 1):
        try:
            return _register(user, device, label, replaces, renew=renew)
        except IntegrityError:  # another person registered it at the same moment: the later one has it
            continue
    return _register(user, device, label, replaces, renew=renew)


def unregister_device(user: Any, device: Device) -> bool:
    """This device shows the person's messages no more. Returns False if it did not."""
    found = _own(user).filter(address=str(device)).first()
    if found is not None:
        remove(found)
    return found is not None


def move_device(old: Device, new: Device) -> bool:
    """A browser has another subscription, and shows the old one as proof. Returns False if that is not in use."""
    found = ContactPoint.objects.filter(channel=PUSH, address=str(old), disabled_at__isnull=True)
    point = found.select_related("user").first()
    if point is None:
        return False
    return renew_device(point.user, new, replaces=old) is not None


def browser_key() -> str:
    """The public key that a browser subscribes with; "" where no provider sends to browsers."""
    found = _web_push()
    return found[0].public_key if found else ""


def _web_push() -> list[WebPushProvider]:
    aliases = conf.get().CHANNELS.get(PUSH, {}).get("PROVIDERS", ())
    providers = (get_provider(alias) for alias in aliases)
    return [each for each in providers if isinstance(each, WebPushProvider)]


def _may_be_sent_to(device: Device) -> bool:
    allowed = [host for each in _web_push() for host in each.allowed_hosts] or WEBPUSH_HOSTS
    return webpush_host_is_allowed(device.subscription["endpoint"], allowed)


@transaction.atomic
def _register(user: Any, device: Device, label: str, replaces: Device | None, *, renew: bool) -> ContactPoint | None:
    lock(user.pk)
    address, own = str(device), _own(user)
    point = own.filter(address=address).first()
    if replaces is not None and replaces != device:
        point = _replace(user, point, replaces, address)
    if point is None and renew:
        return None
    _take_from_others(user, address)
    if point is None:
        _make_room(own)
        point = ContactPoint(user=user, channel=PUSH, address=address)
    point.label = point.label or clean_label(label)
    point.seen_at = clock.now()
    if point.disabled_by == DisabledBy.SYSTEM or (point.disabled_by == DisabledBy.OWNER and not renew):
        point.disabled_at, point.disabled_by, point.disabled_reason = None, DisabledBy.SYSTEM, ""
    point.save()
    return point


def _replace(user: Any, point: ContactPoint | None, replaces: Device, address: str) -> ContactPoint | None:
    """The row of the old address takes the new one."""
    old = _own(user).filter(address=str(replaces)).first()
    if old is None:
        return point
    if point is not None:
        point.label = point.label or old.label
        remove(old)
        return point
    follow(old, address)
    old.address = address
    return old


def _take_from_others(user: Any, address: str) -> None:
    theirs = ContactPoint.objects.filter(address=address, channel=PUSH, disabled_at__isnull=True)
    for each in theirs.exclude(user=user).select_for_update(of=("self",)).select_related("user"):
        each.disabled_at, each.disabled_reason, each.is_primary = clock.now(), MOVED, False
        each.save(update_fields=["disabled_at", "disabled_reason", "is_primary"])
        readdress(each)


def _make_room(own: models.QuerySet[ContactPoint]) -> None:
    silent_first = own.order_by(
        models.Case(models.When(disabled_at__isnull=False, then=0), default=1), Coalesce("seen_at", "created_at"), "pk"
    )
    for each in silent_first[: max(0, own.count() - MAX_DEVICES + 1)]:
        remove(each)


def _own(user: Any) -> models.QuerySet[ContactPoint]:
    return ContactPoint.objects.filter(user=user, channel=PUSH)
