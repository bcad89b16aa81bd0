"""What the page of a person's addresses shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications import devices
from notifications.channels.registry import get_channel
from notifications.models import ContactPoint, DisabledBy
from notifications.models.contact_point import PUSH
from notifications.preferences import locale
from notifications.services.contact_points import EMAIL, SMS
from project.accounts.forms import AddForm

TITLES: dict[str, tuple[str | Promise, str | Promise]] = {
    SMS: (gettext_lazy("Phone numbers"), gettext_lazy("Add a phone number")),
    EMAIL: (gettext_lazy("Email addresses"), gettext_lazy("Add an email address")),
    PUSH: (gettext_lazy("Devices"), ""),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address."""

    point: ContactPoint
    name: str
    address: str
    """empty for a device"""
    in_use: bool
    """messages of its channel go there"""
    off: str
    """why nothing goes there, or nothing"""

    @property
    def may_be_primary(self) -> bool:
        return self.point.channel != PUSH and not (self.in_use or self.off or self.point.is_unverified)

    @property
    def may_be_switched_on(self) -> bool:
        owner = self.point.disabled_by == DisabledBy.OWNER
        return owner or (self.point.channel != PUSH and self.point.disabled_by == DisabledBy.SYSTEM)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The addresses of a channel, and how one is added."""

    channel: str
    title: str | Promise
    add_title: str | Promise
    rows: list[Row]
    of_account: str
    """the address in the person's account, while it is the one in use"""
    form: AddForm | None


def groups(user: Any, forms: Mapping[str, AddForm]) -> list[Group]:
    """Phones, emails, devices."""
    own = list(ContactPoint.objects.filter(user=user).order_by("pk"))
    return [_group(user, channel, [each for each in own if each.channel == channel], forms) for channel in TITLES]


def zone_hint(user: Any, shown: list[Group]) -> str | None:
    """The time zone that the person's phone number in use is from, where it is worth to be offered."""
    [phones] = [each for each in shown if each.channel == SMS]
    in_use = [row.point.address for row in phones.rows if row.in_use]
    number = next(iter(in_use), phones.of_account)
    return locale.zone_hint(user, number) if number else None


def _group(user: Any, channel: str, points: list[ContactPoint], forms: Mapping[str, AddForm]) -> Group:
    used = get_channel(channel).addresses(user, points)[0]
    in_use = {each.contact_point_id for each in used}
    title, add_title = TITLES[channel]
    return Group(
        channel=channel,
        title=title,
        add_title=add_title,
        rows=[_row(each, each.pk in in_use) for each in points],
        of_account=used[0].address if None in in_use else "",
        form=forms.get(channel),
    )


def _row(point: ContactPoint, in_use: bool) -> Row:
    is_device = point.channel == PUSH
    kinds = {devices.FCM: _("App"), devices.WEBPUSH: _("Browser")}
    kind = kinds.get(devices.kind_of(point.address), _("Device")) if is_device else ""
    return Row(
        point=point,
        name=point.label or kind or point.address,
        address="" if is_device or not point.label else point.address,
        in_use=in_use,
        off=_off(point),
    )


def _off(point: ContactPoint) -> str:
    if point.disabled_at is None:
        return ""
    if point.disabled_by == DisabledBy.STAFF:
        return _("Our staff switched it off. Please ask us.")
    if point.disabled_by == DisabledBy.OWNER:
        return _("You switched it off.")
    return _("Messages no longer get there.")
