"""Let a test's own code, and the processes it starts, work on a database of any server, migrated and empty."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from notifications import clock
from notifications.models import bulk
from notifications.pipeline import failover
from project.settings.database import database

TEMPLATE = "migrated"


@contextmanager
def default_database(url: str) -> Iterator[None]:
    """Have Django's default connection lead to another database; other threads too, which close theirs themselves."""
    own_connection, own_settings = connections[DEFAULT_DB_ALIAS], connections.settings[DEFAULT_DB_ALIAS]
    entry = {"default": database(url, Path("/"))}
    connections.settings[DEFAULT_DB_ALIAS] = connections.configure_settings(entry)[DEFAULT_DB_ALIAS]
    del connections[DEFAULT_DB_ALIAS]
    _forget_the_other()
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS].close()
        connections.settings[DEFAULT_DB_ALIAS] = own_settings
        connections[DEFAULT_DB_ALIAS] = own_connection
        _forget_the_other()


def _forget_the_other() -> None:
    clock.forget()
    ContentType.objects.clear_cache()
    bulk._table.cache_clear()  # SQL for one kind of database
    failover.forget()


def migrated_sqlite(file: Path) -> None:
    """Make a file with all tables, in one piece so that it may be copied."""
    with default_database(f"sqlite:///{file}"):
        call_command("migrate", verbosity=0)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def copy_sqlite(template: Path, file: Path) -> str:
    """Copy it; returns the URL of the copy."""
    shutil.copy(template, file)
    return f"sqlite:///{file}"


def migrated_postgresql(server_url: str) -> None:
    """Make a database with all tables on a server of the tests' own."""
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    with default_database(_named(server_url, TEMPLATE)):
        call_command("migrate", verbosity=0)


@contextmanager
def copied_postgresql(server_url: str) -> Iterator[str]:
    """A copy of it; gives its URL, and drops it at the end."""
    name = f"copy_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        names = {"copy": sql.Identifier(name), "template": sql.Identifier(TEMPLATE)}
        server.execute(sql.SQL("CREATE DATABASE {copy} TEMPLATE {template}").format(**names))
    try:
        yield _named(server_url, name)
    finally:
        with psycopg.connect(server_url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(server_url: str, name: str) -> str:
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
