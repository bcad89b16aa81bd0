"""The SQLite file behind the embedded channel layer: what is stored there and how it is read.

No call waits: a file that is locked at this moment raises `Busy`, and the caller tries again after
it has let its event loop run.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from notifications.realtime.sqlite_connection import Handle

CLEAN_EVERY = 0.5  # seconds; a small bite often, so that no sender pays for a large one
CLEAN_LIMIT = 2_000  # rows

Mark = tuple[int, int]
"""A place in the sequence of group messages: (which file, id), greater the later."""

# Connections a fork copied into this process: SQLite forbids using or closing them here.
_inherited: list[sqlite3.Connection] = []


class Busy(Exception):
    """Another process holds the file at this moment; trying again in a millisecond helps."""


class MessageFile:
    """Messages and memberships in one SQLite file, shared by the processes of a machine.

    Reading and writing use a connection each: `PRAGMA data_version` tells a connection only what
    others committed. Times are Unix seconds. Safe to call from several threads.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._start()

    def _start(self) -> None:
        self._reader = Handle(self.path)
        self._writer = Handle(self.path)
        self._lock = threading.Lock()
        self._clean_at = 0.0

    def version(self) -> tuple[int, int]:
        """(which connection, its data version): equal to the last answer as long as nothing was committed."""
        with self._using(self._reader) as connection:
            (data_version,) = connection.execute("PRAGMA data_version").fetchone()
            return self._reader.opened, data_version

    def newest(self) -> Mark:
        """The mark of the newest group message."""
        with self._using(self._reader) as connection:
            (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM grouped").fetchone()
            return self._reader.number, newest

    def grouped_after(self, mark: Mark, limit: int) -> list[tuple[Mark, str, bytes, float]]:
        """Group messages after `mark`, oldest first: (mark, group, body, expires)."""
        with self._using(self._reader) as connection:
            number = self._reader.number
            after = mark[1] if mark[0] == number else 0
            rows = connection.execute(
                "SELECT id, name, body, expires FROM grouped WHERE id > ? AND expires > ? ORDER BY id LIMIT ?",
                (after, time.time(), limit),
            )
            return [((number, newest), group, body, expires) for newest, group, body, expires in rows]

    def waiting_channels(self) -> set[str]:
        """The channels for which unclaimed messages are stored."""
        with self._using(self._reader) as connection:
            return {name for (name,) in connection.execute("SELECT DISTINCT channel FROM direct")}

    def claim(self, channel: str) -> tuple[bytes, float] | None:
        """Take the oldest message of a channel, as (body, expires): one process gets it, once."""
        with self._using(self._writer) as connection:
            rows = connection.execute(
                "DELETE FROM direct WHERE id = (SELECT min(id) FROM direct WHERE channel = ? AND expires > ?)"
                " RETURNING body, expires",
                (channel, time.time()),
            ).fetchall()
            return rows[0] if rows else None

    def add_direct(self, channel: str, body: bytes, expires: float, capacity: int) -> bool:
        """Store a message for one channel; False, and nothing stored, if `capacity` are waiting there."""
        with self._writing() as connection:
            inserted = connection.execute(
                "INSERT INTO direct (channel, body, expires) SELECT ?, ?, ?"
                " WHERE (SELECT count(*) FROM direct WHERE channel = ? AND expires > ?) < ?",
                (channel, body, expires, channel, time.time(), capacity),
            )
            return inserted.rowcount == 1

    def add_grouped(self, group: str, body: bytes, expires: float) -> None:
        """Store one message for all members of a group, however many there are."""
        with self._writing() as connection:
            values = (group, body, expires)
            connection.execute("INSERT INTO grouped (name, body, expires) VALUES (?, ?, ?)", values)

    def members(self, group: str) -> list[str]:
        """The members of a group that belong to no process: each gets a direct message of its own."""
        with self._using(self._writer) as connection:
            query = "SELECT channel FROM member WHERE name = ? AND expires > ?"
            return [channel for (channel,) in connection.execute(query, (group, time.time()))]

    def add_member(self, group: str, channel: str, expires: float) -> None:
        """Remember a member that belongs to no process."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", (group, channel, expires))

    def remove_member(self, group: str, channel: str) -> None:
        """Forget a member that belongs to no process; nothing happens if it is unknown."""
        with self._writing() as connection:
            connection.execute("DELETE FROM member WHERE name = ? AND channel = ?", (group, channel))

    def clear(self) -> None:
        """Delete all messages and memberships."""
        with self._writing() as connection:
            connection.execute("DELETE FROM direct")
            connection.execute("DELETE FROM grouped")
            connection.execute("DELETE FROM member")

    def close(self) -> None:
        """Close both connections; the next call opens them again."""
        with self._lock:
            self._reader.close()
            self._writer.close()

    def after_fork(self) -> None:
        """Leave the parent's connections alone and start afresh. Call it in the child."""
        _inherited.extend(handle.connection for handle in (self._reader, self._writer) if handle.connection)
        self._start()

    @contextlib.contextmanager
    def _using(self, handle: Handle) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield handle.get()
            except sqlite3.DatabaseError as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    handle.roll_back()
                    raise Busy(f"{self.path} is held by another process.") from error
                handle.close(broken=code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
                raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._using(self._writer) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            if (now := time.time()) > self._clean_at:
                self._clean_at = now + CLEAN_EVERY
                _delete_expired(connection, now)
            connection.execute("COMMIT")


def _delete_expired(connection: sqlite3.Connection, now: float) -> None:
    for statement in (
        "DELETE FROM direct WHERE id IN (SELECT id FROM direct WHERE expires < ? LIMIT ?)",
        "DELETE FROM grouped WHERE id IN (SELECT id FROM grouped WHERE expires < ? LIMIT ?)",
    ):
        connection.execute(statement, (now, CLEAN_LIMIT))
    connection.execute("DELETE FROM member WHERE expires < ?", (now,))
