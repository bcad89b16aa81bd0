"""What rows work on: people, and a queue that can be filled again and again."""

# ruff: noqa: S608 - names of our own tables

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from notifications import clock
from notifications.models import Delivery, Notification
from notifications.types import NotificationType
from project.accounts.models import User
from tests.performance.notifications import TEXT, NullMessage


def people(number: int) -> list[Any]:
    """So many users with an email address, in the order of their keys."""
    missing = number - User.objects.filter(username__startswith="bench-").count()
    if missing > 0:
        start = number - missing
        User.objects.bulk_create(
            (User(username=f"bench-{n}", email=f"bench-{n}@example.com") for n in range(start, number)), batch_size=1000
        )
    return list(User.objects.filter(username__startswith="bench-").order_by("pk")[:number])


def draft(user: Any, type_: type[NotificationType] = NullMessage) -> tuple[Notification, Delivery]:
    """The two rows of one notification, as a caller who knows all of it would write them by hand."""
    now = clock.now()
    notification = Notification(
        recipient=user, type=type_.key, category=type_.category, payload={"text": TEXT}, created_at=now, send_at=now
    )
    channel = type_.channels[0]
    delivery = Delivery(notification=notification, channel=channel, address=user.email, due_at=now)
    return notification, delivery


def empty() -> None:
    """Remove all notifications."""
    tables = ("notify_event", "notify_delivery", "notify_notification")
    _execute(
        *([f"TRUNCATE {', '.join(tables)} CASCADE"] if _is_postgresql() else [f"DELETE FROM {each}" for each in tables])
    )


class Queue:
    """Due deliveries of one type, put back by `refill`: the rows stand ready in tables beside the real ones."""

    def __init__(self, number: int, type_: type[NotificationType] = NullMessage) -> None:
        self.number = number
        empty()
        drafts = [draft(user, type_) for user in people(number)]
        with transaction.atomic():
            Notification.objects.bulk_create([each for each, _ in drafts], batch_size=1000)
            Delivery.objects.bulk_create([each for _, each in drafts], batch_size=1000)
        for name in ("notification", "delivery"):
            _execute(
                f"DROP TABLE IF EXISTS bench_{name}",
                f"CREATE TABLE bench_{name} AS SELECT * FROM notify_{name}",
            )

    def refill(self) -> None:
        """All of them are due again, and nothing has happened to them."""
        empty()
        for name in ("notification", "delivery"):
            _execute(f"INSERT INTO notify_{name} SELECT * FROM bench_{name}")
        if _is_postgresql():
            _execute("ANALYZE notify_delivery", "ANALYZE notify_notification")

    def check_sent(self) -> None:
        """Raises `AssertionError` if one was left out: a figure for work that was not done is worth nothing."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM notify_delivery JOIN bench_delivery USING (id) "
                "WHERE notify_delivery.status = 'sent' AND notify_delivery.due_at IS NULL"
            )
            (sent,) = cursor.fetchone()
        assert sent == self.number, f"{sent} of {self.number} deliveries were sent"


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
