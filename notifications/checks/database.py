"""The database that holds the queue, by its settings alone."""

from __future__ import annotations

import sqlite3

from django.core.checks import CheckMessage, Error, Warning
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications.models.outbox import SUPPORTED_VENDORS

SQLITE_MINIMUM = (3, 38, 0)


def check_database(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """E030, E031, W030 and W031."""
    if connection.vendor not in SUPPORTED_VENDORS:
        return [
            Error(
                f"The database '{connection.alias}' is {connection.vendor}, which the queue cannot use.",
                hint=f"Valid: {', '.join(SUPPORTED_VENDORS)}.",
                id="notify.E030",
            )
        ]
    return _sqlite(connection) if connection.vendor == "sqlite" else []


def _sqlite(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if sqlite3.sqlite_version_info < SQLITE_MINIMUM:
        needed = ".".join(map(str, SQLITE_MINIMUM))
        found.append(
            Error(
                f"SQLite is {sqlite3.sqlite_version}, which lacks JSON operators that the queue needs.",
                hint=f"Use SQLite {needed} or later, or PostgreSQL.",
                id="notify.E031",
            )
        )
    options = connection.settings_dict.get("OPTIONS") or {}
    commands = "".join(str(options.get("init_command", "")).lower().split())
    if "journal_mode=wal" not in commands and connection.settings_dict.get("NAME") != ":memory:":
        found.append(
            Warning(
                f"The database '{connection.alias}' is SQLite without WAL: whoever reads blocks whoever writes.",
                hint='Set OPTIONS["init_command"] to "PRAGMA journal_mode=wal;".',
                id="notify.W030",
            )
        )
    if str(options.get("transaction_mode", "")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        found.append(
            Warning(
                f"The database '{connection.alias}' is SQLite with deferred transactions: one that comes to write "
                "fails with “database is locked” if another wrote meanwhile.",
                hint='Set OPTIONS["transaction_mode"] to "IMMEDIATE".',
                id="notify.W031",
            )
        )
    return found
