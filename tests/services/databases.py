"""Databases for one test, and how the processes it starts find the test's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg
from django.db import connection
from psycopg import sql


@contextmanager
def temporary_database(server_url: str) -> Iterator[str]:
    """Create an empty database on a PostgreSQL server, yield its URL, and drop it whoever still uses it."""
    name = f"notifications_test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def database_url(settings: dict[str, Any] | None = None) -> str:
    """Return a `DATABASES` entry as `DATABASE_URL`; without one, that of the running test's database."""
    entry = connection.settings_dict if settings is None else settings
    name = quote(str(entry["NAME"]))
    if entry["ENGINE"] == "django.db.backends.sqlite3":
        return f"sqlite:///{name}"
    user, password = quote(entry["USER"], safe=""), quote(entry["PASSWORD"], safe="")
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    return f"postgres://{user}:{password}@{quote(entry['HOST'], safe='')}{port}/{name}"


def process_environment(redis_url: str = "", **extra: str) -> dict[str, str]:
    """Return the environment of a process that works on the running test's database.

    It uses Redis where a URL is given, and `extra` variables win over all others.
    """
    redis = {"REDIS_URL": redis_url, "TESTS_USE_REDIS": "1"} if redis_url else {"TESTS_USE_REDIS": "0"}
    own = {"DJANGO_SETTINGS_MODULE": "project.settings.test", "DATABASE_URL": database_url()}
    # Importing project.asgi sets it for this process; the other decides for itself.
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_CONN_MAX_AGE"}
    return {**inherited, **own, **redis, **extra}
