"""The inbox on large tables: what an open page asks for, beside the same in SQL."""

# ruff: noqa: S608 - conditions of our own

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from uuid import UUID

from django.db import connection

from notifications.models import Notification
from notifications.models.notification import COUNT_CAP
from tests.performance import large
from tests.performance.harness import Bench, Goal, Measured, p95, row
from tests.performance.workload import people

PEOPLE = 1000
IN_INBOX = "recipient_id = %s AND position IS NOT NULL AND archived_at IS NULL"
BEYOND = "position > COALESCE((SELECT {mark} FROM notify_inboxstate WHERE user_id = %s), {zero})"
"""the high-water marks: the peer gives the same answer, in one statement"""


@row(
    "newest 20 unread of a large table",
    beside="raw SQL",
    goals=(Goal("ratio", "<=", 3), Goal("p95_ms", "<=", 5)),
)
def newest_unread(bench: Bench) -> Measured:
    unread, _ = conditions(bench.database)
    columns = ", ".join(f'"{each.column}"' for each in Notification._meta.concrete_fields)
    sql = f"SELECT {columns} FROM notify_notification WHERE {unread} ORDER BY position DESC LIMIT 20"

    def peer(user: Any) -> None:
        _fetch(sql, user)

    return _compare(bench, lambda user: list(Notification.objects.unread(user)[:20]), peer)


@row("unread and unseen counts of a large table", beside="raw capped counts", goals=(Goal("ratio", "<=", 3),))
def counts(bench: Bench) -> Measured:
    def peer(user: Any) -> None:
        for condition in conditions(bench.database):
            rows = f"SELECT 1 FROM notify_notification WHERE {condition} LIMIT {COUNT_CAP}"
            _fetch(f"SELECT count(*) FROM ({rows}) AS capped", user)

    return _compare(bench, Notification.objects.counts, peer)


def conditions(database: str) -> tuple[str, str]:
    """What is unread, and what is unseen; the user's key is asked twice."""
    zero = f"'{UUID(int=0)}'::uuid" if database == "postgresql" else "''"
    unread = f"{IN_INBOX} AND read_at IS NULL AND {BEYOND.format(mark='read_through', zero=zero)}"
    unseen = f"{IN_INBOX} AND read_at IS NULL AND seen_at IS NULL AND {BEYOND.format(mark='seen_through', zero=zero)}"
    return unread, unseen


def _compare(bench: Bench, ours: Callable[[Any], object], peer: Callable[[Any], object]) -> Measured:
    """Any person in turn, and one time in ten the one who has 100,000 old rows, all read."""
    rows = bench.pick(200_000, 1_000_000, 10_000_000)
    users = people(PEOPLE + 1)
    hoarder, others = users[-1], users[:-1]
    mine: list[float] = []
    bare: list[float] = []
    with _large_inbox(bench.database, rows, others, hoarder):
        for number in range(bench.pick(200, 1000)):
            user = random.choice(others) if number % 10 else hoarder
            for side in (0, 1) if number % 2 else (1, 0):
                begun = time.perf_counter()
                (ours, peer)[side](user)
                (mine, bare)[side].append(time.perf_counter() - begun)
    median, other = statistics.median(mine) * 1000, statistics.median(bare) * 1000
    values = {"ratio": median / other, "p95_ms": p95(mine) * 1000, "peer_p95_ms": p95(bare) * 1000}
    return Measured(median, "ms", other, values, f"{rows:,} rows")


@contextmanager
def _large_inbox(database: str, rows: int, users: Sequence[Any], hoarder: Any) -> Iterator[None]:
    first = users[0].pk
    assert [each.pk for each in users] == list(range(first, first + len(users))), "the people's keys have gaps"
    large.notifications(rows, first, len(users), hoarder.pk)
    with large.tables() if database == "postgresql" else nullcontext():
        yield


def _fetch(sql: str, user: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [user.pk, user.pk])
        cursor.fetchall()
