"""Accepting: `notify()` beside the bare rows it writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.models import Delivery, Notification
from notifications.services import notify
from tests.performance.harness import Bench, Goal, Measured, rates, row, times
from tests.performance.notifications import TEXT, NullMessage
from tests.performance.workload import draft, empty, people


@row("notify() to 1", beside="the two bare create() + commit", goals=(Goal("ratio", "<=", 1.3),))
def notify_1(bench: Bench) -> Measured:
    number = bench.pick(100, 300)
    users = people(number)

    def ours() -> None:
        for user in users:
            notify(NullMessage(text=TEXT), to=user)

    def peer() -> None:
        for user in users:
            with transaction.atomic():
                notification, delivery = draft(user)
                notification.save(force_insert=True)
                delivery.save(force_insert=True)

    notify(NullMessage(text=TEXT), to=users[0])  # the first one also wakes a worker
    with CaptureQueriesContext(connection) as queries:
        notify(NullMessage(text=TEXT), to=users[0])
    return times(ours, peer, items=number, runs=bench.runs, before=empty).with_values(queries=len(queries))


@row(
    "notify() to 100",
    beside="bulk_create of the same rows",
    goals=(Goal("ratio", ">=", 0.7), Goal("queries", "<=", 8)),
)
def notify_100(bench: Bench) -> Measured:
    users, times_over = people(100), bench.pick(5, 20)
    with CaptureQueriesContext(connection) as queries:
        notify(NullMessage(text=TEXT), to=users)

    def ours() -> None:
        for _ in range(times_over):
            notify(NullMessage(text=TEXT), to=users)

    def peer() -> None:
        for _ in range(times_over):
            _bulk_create(users)

    measured = rates(ours, peer, items=100 * times_over, runs=bench.runs, before=empty)
    return measured.with_values(queries=len(queries))


@row("notify() to 10,000", beside="bulk_create of the same rows", goals=(Goal("ratio", ">=", 0.7),))
def notify_10000(bench: Bench) -> Measured:
    users = people(10_000)
    return rates(
        lambda: notify(NullMessage(text=TEXT), to=users),
        lambda: _bulk_create(users),
        items=len(users),
        runs=bench.runs,
        before=empty,
    )


@row(
    "notify() to 10,000",
    beside="COPY of the same rows",
    goals=(Goal("ratio", ">=", 0.5),),
    databases=("postgresql",),
)
def notify_10000_copy(bench: Bench) -> Measured:
    users = people(10_000)
    return rates(
        lambda: notify(NullMessage(text=TEXT), to=users),
        lambda: _copy(users),
        items=len(users),
        runs=bench.runs,
        before=empty,
    )


def _bulk_create(users: Sequence[Any]) -> None:
    with transaction.atomic():
        for start in range(0, len(users), 1000):
            drafts = [draft(user) for user in users[start : start + 1000]]
            Notification.objects.bulk_create([each for each, _ in drafts])
            Delivery.objects.bulk_create([each for _, each in drafts])


def _copy(users: Sequence[Any]) -> None:
    """The same rows by COPY, without any model: the columns that have a value, written row by row."""
    now, payload = clock.now(), json.dumps({"text": TEXT})
    ids: list[tuple[UUID, UUID, Any]] = [(uuid7(), uuid7(), user) for user in users]
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(
            "COPY notify_notification (id, recipient_id, type, category, priority, payload, subject_id, title, body, "
            "link, created_at, send_at) FROM STDIN"
        ) as copy:
            for notification, _, user in ids:
                copy.write_row((notification, user.pk, "bench.null", "general", 2, payload, "", "", "", "", now, now))
        with cursor.copy(
            "COPY notify_delivery (id, notification_id, channel, step, status, reason, detail, priority, due_at, "
            "attempts, crashes, address, provider, provider_id, created_at) FROM STDIN"
        ) as copy:
            for notification, delivery, user in ids:
                copy.write_row(
                    (delivery, notification, "null", 0, "pending", "", "", 2, now, 0, 0, user.email, "", "", now)
                )
