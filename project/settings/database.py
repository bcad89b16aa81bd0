"""DATABASE_URL as Django's `DATABASES` entry."""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from project.settings import environment

VALID = "postgres://user:password@host:port/name or sqlite:///path/to/file.sqlite3"


def database(url: str, folder: Path) -> dict[str, Any]:
    """Return the entry for a URL; a relative SQLite path starts at `folder`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}. Valid: {VALID}.") from None
    name = unquote(parts.path[1:])
    if parts.scheme == "sqlite" and not parts.netloc and name:
        return _sqlite(folder / name)
    if parts.scheme in ("postgres", "postgresql") and name:
        return _postgresql(parts, port, name)
    # The URL itself may hold a password, so only its scheme is shown.
    raise ImproperlyConfigured(f"DATABASE_URL has scheme '{parts.scheme}' and name '{name}'. Valid: {VALID}.")


def _sqlite(file: Path) -> dict[str, Any]:
    file.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {
            # A deferred transaction that comes to write fails if another wrote; this one waits its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=normal;",
        },
    }


def _postgresql(parts: SplitResult, port: int | None, name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_MAX_AGE": environment.integer("DATABASE_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
    }
