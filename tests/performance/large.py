"""Large tables. On PostgreSQL they stand in a schema of their own, so that small and large are measured in turn."""

# ruff: noqa: S608 - names of our own tables

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from notifications.models import Notification
from tests.performance.workload import empty

SCHEMA = "large"
IDENTIFIER = "(lpad(to_hex({n}), 12, '0') || '70008000' || lpad(to_hex({n}), 12, '0'))::uuid"
"""a UUID that grows with a number, as a UUIDv7 grows with time"""
HOARDED = 100_000
_KEY_IN_SQLITE = "printf('%012x70008000%012x', n, n)"
_SERIES_IN_SQLITE = (
    "(WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {rows}) SELECT n FROM series)"
)


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


def notifications(rows: int, first: int, people: int, hoarder: int) -> None:
    """An inbox table in which users from the key `first` on have their share each, one in five unread.

    The first 100,000 rows are those of the user `hoarder`, all read.
    """
    if connection.vendor != "postgresql":
        if not Notification.objects.filter(recipient_id=hoarder).exists():
            empty()
            _execute(
                _insert_notifications("", _SERIES_IN_SQLITE.format(rows=rows), _KEY_IN_SQLITE, first, people, hoarder)
            )
            _execute("ANALYZE")
    elif not _exists("notify_notification"):
        _copy_of("notify_notification")
        series = f"generate_series(1, {rows}) AS series(n)"
        _execute(
            _insert_notifications(f"{SCHEMA}.", series, IDENTIFIER.format(n="n"), first, people, hoarder),
            f"VACUUM ANALYZE {SCHEMA}.notify_notification",
        )


def _insert_notifications(schema: str, series: str, key: str, first: int, people: int, hoarder: int) -> str:
    whose = f"CASE WHEN n <= {HOARDED} THEN {hoarder} ELSE {first} + n % {people} END"
    read_at = f"CASE WHEN n <= {HOARDED} OR (n / {people}) % 5 > 0 THEN CURRENT_TIMESTAMP END"
    return (
        f"INSERT INTO {schema}notify_notification (id, recipient_id, type, category, priority, payload, subject_id, "
        "title, body, link, position, created_at, send_at, read_at) "
        f"SELECT {key}, {whose}, 'bench.bell', 'general', 2, '{{}}', '', 'New message', "
        f"'Your appointment is confirmed.', '', {key}, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, {read_at} FROM {series}"
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
