"""The SQL of the queue: claim, start, settle. One statement each, on PostgreSQL and on SQLite.

The fence: whoever claims a delivery writes a deadline into `due_at`, and each later write asks for exactly that
deadline. If the lease ran out and another worker took the row, or a caller cancelled it, nothing matches.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications import clock
from notifications.models import bulk
from notifications.models.delivery import Delivery
from notifications.models.states import Status
from notifications.models.suppression import Cause, Suppression
from notifications.models.template import NEVER, TemplateStamp

TABLE = Delivery._meta.db_table
SUPPORTED_VENDORS = ("postgresql", "sqlite")


def connection() -> BaseDatabaseWrapper:
    """The database that holds the queue."""
    return connections[router.db_for_write(Delivery)]


def claim(priorities: Collection[int], limit: int, lease: timedelta) -> tuple[list[UUID], datetime]:
    """Take up to `limit` due deliveries of these priorities, the most urgent and then the oldest first.

    Returns their ids and the deadline written into them. Rows that another worker is taking are passed over. One
    query a priority, so that the index is read from the due end and far-off schedules cost nothing.
    """
    now = clock.now()
    deadline = now + lease
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection().vendor == "postgresql" else ""
    # ARRAY(…) makes PostgreSQL evaluate the subquery once; with IN it may do so again and lock more than the limit.
    picked = "= ANY(ARRAY({}))" if skip_locked else "IN ({})"
    sql = (
        f"UPDATE {TABLE} SET due_at = %s, attempts = attempts + 1, crashes = crashes + 1 WHERE id "  # noqa: S608
        + picked.format(
            f"SELECT id FROM {TABLE} WHERE priority = %s AND due_at <= %s "  # noqa: S608
            f"ORDER BY due_at LIMIT %s {skip_locked}"
        )
        + " RETURNING id"
    )
    ids: list[UUID] = []
    for priority in sorted(priorities):
        if len(ids) < limit:
            ids += _execute(sql, [_time(deadline), priority, _time(now), limit - len(ids)])
    return ids, deadline


def next_due(priorities: Collection[int]) -> datetime | None:
    """When the next delivery of these priorities is due."""
    due = (
        Delivery.objects.filter(priority=each, due_at__isnull=False).order_by("due_at").values_list("due_at", flat=True)
        for each in priorities
    )
    return min(filter(None, (each.first() for each in due)), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A request that is about to open."""

    id: UUID
    fence: datetime
    due_at: datetime
    provider: str
    started_at: datetime
    segments: int | None = None
    cost: Decimal | None = None
    """what it is expected to cost"""
    version_id: int | None = None
    variant_id: int | None = None
    stamp: UUID = NEVER
    """that of the texts when it was worded"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What became of a claimed delivery. `due_at` is None for a closed one, `started_at` for one that was not sent."""

    id: UUID
    fence: datetime
    status: Status
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    attempts: int
    crashes: int = 0
    started_at: datetime | None = None
    provider: str = ""
    provider_id: str = ""
    segments: int | None = None
    cost: Decimal | None = None
    settled_at: datetime | None


# What its owner unsubscribed from depends on the type, so that is asked by the gate alone.
_SUPPRESSED = (
    f"SELECT 1 FROM {Suppression._meta.db_table} s WHERE s.address = lower({TABLE}.address) "  # noqa: S608
    f"AND s.channel = {TABLE}.channel AND s.category = '' AND s.lifted_at IS NULL "
    f"AND s.cause <> '{Cause.UNSUBSCRIBED}'"
)
_STAMP = f"SELECT value FROM {TemplateStamp._meta.db_table} WHERE id = 1"  # noqa: S608
_SQL_TYPES = {
    "id": "uuid",
    "fence": "timestamptz",
    "due_at": "timestamptz",
    "started_at": "timestamptz",
    "settled_at": "timestamptz",
    "attempts": "smallint",
    "crashes": "smallint",
    "segments": "smallint",
    "cost": "numeric",
    "version_id": "bigint",
    "variant_id": "bigint",
    "stamp": "uuid",
}


def stamp() -> UUID:
    """The stamp of the texts, which no publication changes before the caller's transaction ends; `NEVER`: none yet."""
    return next(iter(_execute(_stamp(), [])), NEVER)


def _stamp() -> str:
    return _STAMP + (" FOR SHARE" if connection().vendor == "postgresql" else "")


def start(starts: Sequence[Start]) -> set[UUID]:
    """Record that these requests open now. Returns those whose fence held: the others must not be sent.

    An address that was suppressed after the gate is refused here, in the same statement: nothing leaves after that.
    So is what was worded by texts that are no longer the published ones. PostgreSQL shares a lock on the stamp, so that
    a publication waits for those that started before it, and those behind it see its stamp.
    """
    # A second try after a lost answer must find its own mark: hence both deadlines.
    fence = f"IN (v.fence, v.due_at) AND COALESCE(({_stamp()}), v.stamp) = v.stamp AND NOT EXISTS ({_SUPPRESSED})"
    names = ("due_at", "provider", "started_at", "segments", "cost", "version_id", "variant_id")
    return set(_fenced_update(starts, names, fence, also=("stamp",)))


def settle(settlements: Sequence[Settlement]) -> set[UUID]:
    """Write outcomes. Returns those whose fence held: the others are no longer ours."""
    names = (
        "status", "reason", "detail", "due_at", "attempts", "crashes",
        "started_at", "provider", "provider_id", "segments", "cost", "settled_at",
    )  # fmt: skip
    return set(_fenced_update(settlements, names))


def _fenced_update(
    rows: Sequence[Any], names: tuple[str, ...], fence: str = "= v.fence", also: tuple[str, ...] = ()
) -> list[UUID]:
    """`also` names what the fence asks for and is not written."""
    if not rows:
        return []
    columns = tuple((name, _SQL_TYPES.get(name, "text")) for name in ("id", "fence", *names, *also))
    sets = ", ".join(f"{name} = v.{name}" for name in names)
    vendor = connection().vendor
    source = bulk.recordset(vendor, columns)
    if vendor == "postgresql":
        # Locked in the order of their ids, as callers who cancel lock them: else the two may wait for each other.
        picked = f"SELECT v.* FROM {source} JOIN {TABLE} USING (id) ORDER BY id FOR NO KEY UPDATE OF {TABLE}"  # noqa: S608
        source = f"({picked}) AS v"
    values = attrgetter(*(name for name, _ in columns))
    return _execute(
        f"UPDATE {TABLE} SET {sets} FROM {source} "  # noqa: S608 - names of our own columns
        f"WHERE {TABLE}.id = v.id AND {TABLE}.due_at {fence} RETURNING {TABLE}.id",
        [bulk.pack(vendor, columns, map(values, rows))],
    )


def _execute(sql: str, params: list[Any]) -> list[UUID]:
    with connection().cursor() as cursor:
        cursor.execute(sql, params)
        return [each if isinstance(each, UUID) else UUID(each) for (each,) in cursor.fetchall()]


def _time(value: datetime) -> Any:
    return connection().ops.adapt_datetimefield_value(value)
