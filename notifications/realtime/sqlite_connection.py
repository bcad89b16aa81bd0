"""One connection to the file of the embedded channel layer: how it is opened, and noticed to be another file.

The rollback journal is used and not the write-ahead log, because then a deleted file leaves nothing
behind that could be mistaken for a part of the next one.
"""

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path

MESSAGE = "id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, expires REAL NOT NULL"
TABLES = (
    f"CREATE TABLE direct ({MESSAGE}, channel TEXT NOT NULL)",
    "CREATE INDEX direct_channel ON direct (channel, id)",
    "CREATE INDEX direct_expires ON direct (expires)",
    f"CREATE TABLE grouped ({MESSAGE}, name TEXT NOT NULL)",
    "CREATE INDEX grouped_expires ON grouped (expires)",
    "CREATE TABLE member (name TEXT, channel TEXT, expires REAL NOT NULL, PRIMARY KEY (name, channel))",
)


class Handle:
    """A connection that is opened when needed, and again when another file stands at the path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection: sqlite3.Connection | None = None
        self.opened = 0  # how often
        self.number = 0  # rises when the file is another one
        self._stamp = 0  # what the file was given when it was made
        self._identity: tuple[int, int] | None = None

    def get(self) -> sqlite3.Connection:
        """The connection, to the file that stands at the path now. It never waits for a lock."""
        if self.connection is None or _identity(self.path) != self._identity:
            self.close()
            self.connection = self._open()
        return self.connection

    def roll_back(self) -> None:
        """End a transaction that could not be completed."""
        if self.connection is not None and self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close(self, *, broken: bool = False) -> None:
        """Close the connection; a `broken` file is put aside, so that the next call makes a new one."""
        if broken and _identity(self.path) == self._identity:
            # Not deleted: a wrong path in the settings must not cost anyone a file.
            with contextlib.suppress(FileNotFoundError):
                self.path.replace(self.path.with_name(self.path.name + ".broken"))
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # messages are private to the account that runs the site
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._identity = _identity(self.path)  # before connecting: a file replaced in between is noticed
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = PERSIST")
            connection.execute("PRAGMA synchronous = OFF")
            stamp = _read_stamp(connection) or _create(connection)
        except BaseException:
            connection.close()
            raise
        self.opened += 1
        if stamp != self._stamp:
            self._stamp = stamp
            self.number += 1
        return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - called twenty times a second: half the cost of Path.stat
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _read_stamp(connection: sqlite3.Connection) -> int:
    (stamp,) = connection.execute("PRAGMA user_version").fetchone()
    return int(stamp)


def _create(connection: sqlite3.Connection) -> int:
    """Make the tables, unless another process has just done so, and stamp the file.

    The stamp tells one file from the next, which an inode number does not: they are used again.
    """
    connection.execute("BEGIN IMMEDIATE")
    if not _read_stamp(connection):
        for statement in TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {secrets.randbelow(2**31 - 1) + 1}")
    connection.execute("COMMIT")
    return _read_stamp(connection)
