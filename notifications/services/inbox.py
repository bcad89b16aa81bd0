"""What a person does in the inbox."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from notifications import clock
from notifications.models import Delivery, Event, InboxState, Kind, Notification, Reason, Status
from notifications.pipeline import inbox


def mark_seen(user: Any, ids: Iterable[UUID]) -> int:
    """The person was shown these of their own notifications: fallbacks stop. Returns how many were new."""
    return _mark(user, ids, "seen_at", Kind.SEEN)


def mark_read(user: Any, ids: Iterable[UUID]) -> int:
    """The person opened these of their own notifications. Returns how many were new."""
    return _mark(user, ids, "read_at", Kind.READ)


def _mark(user: Any, ids: Iterable[UUID], field: str, kind: Kind) -> int:
    now = clock.now()
    with transaction.atomic():
        own = Notification.objects.select_for_update().filter(recipient=user, pk__in=list(ids), **{field: None})
        concerned = list(own.order_by("pk").values_list("pk", flat=True))
        if not concerned:
            return 0
        Notification.objects.filter(pk__in=concerned).update(**{field: now})
        Event.objects.bulk_create(Event(notification_id=pk, kind=kind, at=now) for pk in concerned)
        Delivery.objects.filter(notification_id__in=concerned, status=Status.STANDBY).update(
            status=Status.SKIPPED, reason=Reason.SEEN, due_at=None, settled_at=now
        )
        transaction.on_commit(partial(inbox.push_changed, user))
    return len(concerned)


def mark_all_read(user: Any) -> UUID | None:
    """All that is in the inbox now counts as read: one small write, whatever its size. Returns the mark."""
    newest = Notification.objects.inbox(user).values_list("position", flat=True).first()
    if newest is None:
        return None
    with transaction.atomic():
        InboxState.objects.get_or_create(user=user)
        state = InboxState.objects.select_for_update().get(user=user)
        state.read_through = max(newest, state.read_through or newest)
        state.seen_through = max(newest, state.seen_through or newest)
        state.save(update_fields=["read_through", "seen_through"])
        transaction.on_commit(partial(inbox.push_changed, user))
    return state.read_through
