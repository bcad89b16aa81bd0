"""Large tables, in a schema of their own beside the small ones, so that both are measured in turn (PostgreSQL)."""

# ruff: noqa: S608 - names of our own tables

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SCHEMA = "large"
IDENTIFIER = "(lpad(to_hex({n}), 12, '0') || '70008000' || lpad(to_hex({n}), 12, '0'))::uuid"
"""a UUID that grows with a number, as a UUIDv7 grows with time"""


@contextmanager
def tables() -> Iterator[None]:
    """Within it, the tables of this schema stand in for the small ones."""
    _execute(f"SET search_path = {SCHEMA}, public")
    try:
        yield
    finally:
        _execute("SET search_path = public")


def deliveries(rows: int) -> None:
    """A delivery table with so many rows that are done with; the queue's own are put in by `refill_queue`."""
    if _exists("notify_delivery"):
        return
    _copy_of("notify_event", "notify_delivery")
    number = IDENTIFIER.format(n="n")
    _execute(
        f"INSERT INTO {SCHEMA}.notify_delivery (id, notification_id, channel, step, status, reason, detail, priority, "
        "attempts, crashes, address, provider, provider_id, created_at, settled_at) "
        f"SELECT {number}, {number}, 'null', 0, 'sent', '', '', 2, 1, 0, 'a@example.com', 'null', n::text, "
        f"now() - interval '1 day', now() - interval '1 day' FROM generate_series(1, {rows}) AS n",
        f"VACUUM ANALYZE {SCHEMA}.notify_delivery",
    )


def refill_queue() -> None:
    """Put the rows of `workload.Queue` into the large table, as they were."""
    _execute(
        f"TRUNCATE {SCHEMA}.notify_event",
        f"DELETE FROM {SCHEMA}.notify_delivery WHERE due_at IS NOT NULL",  # of a queue before this one
        f"DELETE FROM {SCHEMA}.notify_delivery WHERE id IN (SELECT id FROM bench_delivery)",
        f"INSERT INTO {SCHEMA}.notify_delivery SELECT * FROM bench_delivery",
    )


def notifications(rows: int, people: int, hoarder: int) -> None:
    """An inbox table: `people` users with their share each, one in five unread; `hoarder`, a user's key, has 100,000.

    All of the hoarder's are old and read.
    """
    if _exists("notify_notification"):
        return
    _copy_of("notify_notification")
    number = IDENTIFIER.format(n="n")
    columns = (
        "id, recipient_id, type, category, priority, payload, subject_id, title, body, link, position, "
        "created_at, send_at, read_at"
    )
    values = "'bench.bell', 'general', 2, '{}', '', 'New message', 'Your appointment is confirmed.', ''"
    _execute(
        f"INSERT INTO {SCHEMA}.notify_notification ({columns}) SELECT {number}, 1 + n % {people}, {values}, {number}, "
        f"now(), now(), CASE WHEN (n / {people}) % 5 > 0 THEN now() END FROM generate_series(1, {rows}) AS n",
        f"UPDATE {SCHEMA}.notify_notification SET recipient_id = {hoarder}, read_at = now() WHERE id IN "
        f"(SELECT id FROM {SCHEMA}.notify_notification ORDER BY id LIMIT 100000)",
        f"VACUUM ANALYZE {SCHEMA}.notify_notification",
    )


def drop() -> None:
    """Free the disk."""
    _execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.{table}"])
        return bool(cursor.fetchone()[0])


def _copy_of(*names: str) -> None:
    """Empty tables with the columns, checks and indexes of the real ones, but without their foreign keys."""
    _execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for name in names:
        _execute(
            f"DROP TABLE IF EXISTS {SCHEMA}.{name}",
            f"CREATE TABLE {SCHEMA}.{name} (LIKE public.{name} INCLUDING ALL)",
        )


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
