"""`?unread=`, `?category=` and `?type=` of the inbox."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from notifications.exceptions import known
from notifications.models import InboxState, Notification
from notifications.models.notification import NotificationQuerySet
from notifications.types import all_types

PARAMETERS = ("category", "cursor", "limit", "type", "unread")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def rows(user: Any, request: Request) -> NotificationQuerySet:
    """What of a person's inbox the request asks for, newest first. Raises `ValidationError` for what it cannot mean."""
    given = request.query_params
    # "format" chooses the renderer, where a project offers several.
    if unknown := sorted(set(given) - {*PARAMETERS, "format"}):
        raise ValidationError({name: [f"Unknown parameter. {known(PARAMETERS)}"] for name in unknown})
    found = _by_read_state(user, given.get("unread"))
    if (type_key := given.get("type")) is not None:
        found = found.filter(type=_one_of("type", type_key, {each.key for each in all_types()}))
    if (category := given.get("category")) is not None:
        found = found.filter(category=_one_of("category", category, {each.category for each in all_types()}))
    return found


def _by_read_state(user: Any, given: str | None) -> NotificationQuerySet:
    if given is None:
        return Notification.objects.inbox(user)
    if BOOLEANS[_one_of("unread", given, set(BOOLEANS))]:
        return Notification.objects.unread(user)
    mark = InboxState.objects.filter(user=user).values_list("read_through", flat=True).first()
    read = Q(read_at__isnull=False) | (Q(position__lte=mark) if mark else Q())
    return Notification.objects.inbox(user).filter(read)


def _one_of(name: str, given: str, valid: set[str]) -> str:
    if given not in valid:
        raise ValidationError({name: [f"Unknown {name} '{given:.100}'. {known(valid)}"]})
    return given
