"""The one clock: the database's time, without asking the database each time.

Leases and due times are compared across hosts, so they must not depend on a host's own clock. Each process asks the
database once a minute and counts on from there with its monotonic clock, which no clock adjustment can move.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

RESYNC_SECONDS = 60.0

_lock = threading.Lock()
_synced: tuple[datetime, float] | None = None  # the database's time, and our monotonic clock then
_frozen: datetime | None = None


def now(*, ask: bool = True) -> datetime:
    """The database's time, in UTC, to a few milliseconds.

    Not `ask`: counted on from the last time it was asked, or by this host's clock, for threads without a connection.
    """
    global _synced
    if _frozen is not None:
        return _frozen
    synced = _synced
    if not ask:
        return synced[0] + timedelta(seconds=time.monotonic() - synced[1]) if synced else datetime.now(UTC)
    if synced is None or time.monotonic() - synced[1] > RESYNC_SECONDS:
        with _lock:
            synced = _synced = _ask() if synced is None else _ask_or_keep(synced)
    return synced[0] + timedelta(seconds=time.monotonic() - synced[1])


def forget() -> None:
    """Ask the database again at the next call."""
    global _synced
    _synced = None


def freeze(at: datetime | None) -> datetime | None:
    """Stand still at a moment; None: go on. Returns what was set. For tests: `notifications.testing.frozen_clock`."""
    global _frozen
    before, _frozen = _frozen, at.astimezone(UTC) if at else None
    return before


def _ask_or_keep(synced: tuple[datetime, float]) -> tuple[datetime, float]:
    """While the database is away, count on: whoever needs the time now holds results that must not be lost."""
    try:
        return _ask()
    except (OperationalError, InterfaceError):
        elapsed = time.monotonic() - synced[1]
        return synced[0] + timedelta(seconds=elapsed), synced[1] + elapsed


def _ask() -> tuple[datetime, float]:
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":  # SQLite has no server: this host's clock is the database's
        return datetime.now(UTC), time.monotonic()
    before = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        told: datetime = cursor.fetchone()[0]
    after = time.monotonic()
    return told.astimezone(UTC), (before + after) / 2
