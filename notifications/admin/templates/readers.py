"""Real recipients whose data a text can be seen with, by those who may, and where a test of it would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext, ngettext

from notifications.admin.bounded import WINDOW
from notifications.admin.templates.text import Text
from notifications.channels.registry import get_channel
from notifications.models import Notification, Reason
from notifications.pipeline import route

SHOWN = 15
LOOKED_AT = 100


def may_see(request: HttpRequest) -> bool:
    """Who may preview with a real recipient's data."""
    return bool(request.user.has_perm("notify.preview_with_recipient"))


def latest(text: Text) -> list[Notification]:
    """The newest notification of the type for each of the last recipients; among the newest of all types."""
    newest = Notification.objects.order_by("-pk")
    floor = newest.values_list("pk", flat=True)[WINDOW : WINDOW + 1].first()
    of_type = newest.filter(type=text.type.key).select_related("recipient")
    if floor:
        of_type = of_type.filter(pk__gte=floor)
    by_recipient: dict[Any, Notification] = {}
    for each in of_type[:LOOKED_AT]:
        by_recipient.setdefault(each.recipient_id, each)
    return list(by_recipient.values())[:SHOWN]


def chosen(text: Text, pk: str) -> Notification | None:
    """A notification of the type, or None."""
    try:
        return Notification.objects.select_related("recipient").filter(pk=UUID(pk), type=text.type.key).first()
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a test goes. Without an `address` it cannot, and `reason` says why."""

    address: str
    reason: str = ""


def destination(text: Text, user: Any) -> Destination:
    """Where a test of the text would go to a person."""
    channel = get_channel(text.channel)
    if not channel.leaves_app:
        return Destination(gettext("your inbox"))
    points = route.contact_points([user.pk], [text.channel])
    addresses, reason, detail = channel.addresses(user, points.get((user.pk, text.channel), ()))
    if not addresses:
        none = reason == Reason.NO_ADDRESS
        said = gettext("you have no address on this channel") if none else gettext(str(reason.label))
        return Destination("", detail or said)
    if channel.every_address:
        number = len(addresses)
        return Destination(ngettext("your device", "your %(number)s devices", number) % {"number": number})
    return Destination(addresses[0].address)
