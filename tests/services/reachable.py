"""Which servers the tests can reach, and what becomes of a test whose server is missing.

It is skipped with the reason, or fails where the environment says REQUIRE_SERVICES=1.
"""

import os
import shutil
from collections.abc import Callable
from functools import cache
from typing import Never
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from project.settings import environment

POSTGRESQL_DEFAULT = "postgres://postgres@127.0.0.1:5432/postgres"
REDIS_DEFAULT = "redis://127.0.0.1:6379/0"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def postgresql_url() -> str:
    """Return the server of DATABASE_URL, or that of the standard port if the variable names another kind.

    Its database is "postgres", which every server has: the one of the variable may not exist yet.
    """
    url = environment.text("DATABASE_URL")
    if not url.startswith(("postgres://", "postgresql://")):
        return POSTGRESQL_DEFAULT
    return urlsplit(url)._replace(path="/postgres").geturl()


def redis_url() -> str:
    """Return the server of REDIS_URL, or that of the standard port."""
    return environment.url("REDIS_URL", ("redis", "rediss"), REDIS_DEFAULT)


def chromium_path() -> str | None:
    """Return the browser's path: CHROMIUM, or the first found on PATH."""
    names = (os.environ.get("CHROMIUM", ""), *CHROMIUM_NAMES)
    return next((path for name in names if name and (path := shutil.which(name))), None)


@cache
def postgresql_missing() -> str:
    """Return why PostgreSQL cannot be used, or nothing."""
    try:
        psycopg.connect(postgresql_url(), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"PostgreSQL is not reachable: {str(error).strip()}. Start one, or name it in DATABASE_URL."
    return ""


@cache
def redis_missing() -> str:
    """Return why Redis cannot be used, or nothing."""
    try:
        with redis.Redis.from_url(redis_url(), socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        return f"Redis is not reachable: {error}. Start one, or name it in REDIS_URL."
    return ""


@cache
def chromium_missing() -> str:
    """Return why no browser can be used, or nothing."""
    if chromium_path():
        return ""
    return f"Chromium is not on PATH ({', '.join(CHROMIUM_NAMES)}). Install it, or name it in CHROMIUM."


MISSING: dict[str, Callable[[], str]] = {
    "postgresql": postgresql_missing,
    "redis": redis_missing,
    "chromium": chromium_missing,
}
"""marker → why its service is missing"""


def give_up(reason: str) -> Never:
    """End a test that lacks a service: skipped, or failed where services are required."""
    if environment.flag("REQUIRE_SERVICES", False):
        pytest.fail(f"REQUIRE_SERVICES is set, and {reason}", pytrace=False)
    pytest.skip(reason)
