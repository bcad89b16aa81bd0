"""The table on the screen, and what it says of the machine."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.services import reachable

COLUMNS = (46, 10, 14, 40, 14, 8, 30)
HEADINGS = ("figure", "database", "measured", "beside", "its figure", "ratio", "goal")
PACKAGES = ("django", "django-q2", "channels", "channels-redis", "psycopg", "uvicorn", "requests")


def machine() -> dict[str, Any]:
    """Where and on what the figures were taken."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "postgresql": _postgresql_version(),
        "sqlite": sqlite3.sqlite_version,
        "redis": _redis_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def header(found: dict[str, Any]) -> str:
    """Two lines above the table."""
    packages = ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    shared = " (others are at work on this machine: only ratios count)" if found["load_at_start"] > 0.5 else ""
    return (
        f"{found['cores']} cores, {found['processor']}; load at the start {found['load_at_start']}{shared}\n"
        f"Python {found['python']}, PostgreSQL {found['postgresql']}, SQLite {found['sqlite']}, "
        f"Redis {found['redis']}, {packages}\n\n{_line(HEADINGS, 'holds')}"
    )


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    start = (row["figure"], row["database"])
    if "skipped" in row:
        return _line((*start, "skipped", row["skipped"]), "")
    if "error" in row:
        return _line((*start, "ERROR"), "") + f"\n{row['error']}"
    values = row["values"]
    ratio = f"{values['ratio']:.2f}×" if "ratio" in values else ""
    peer = number(row["peer"], row["unit"]) if row["peer"] is not None else ""
    cells = (*start, number(row["value"], row["unit"]), row["beside"], peer, ratio, ", ".join(row["goals"]))
    others = {name: value for name, value in values.items() if name != "ratio"}
    note = "; ".join(
        filter(None, (row["note"], ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in others.items())))
    )
    holds = "no: " + ", ".join(row["missed"]) if row["missed"] else "yes"
    return _line(cells, holds) + (f"\n    {note}" if note else "")


def number(value: float, unit: str) -> str:
    """A figure with its unit, to three digits or so."""
    return f"{_plain(value)}{unit if unit.startswith('/') else ' ' + unit}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _line(cells: tuple[Any, ...], last: str) -> str:
    padded = (str(cell).ljust(width) for cell, width in zip(cells, COLUMNS, strict=False))
    return ("  ".join(padded) + "  " + last).rstrip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((each.partition(":")[2].strip() for each in lines if each.startswith("model name")), platform.machine())


def _postgresql_version() -> str:
    if reachable.postgresql_missing():
        return "missing"
    with psycopg.connect(reachable.postgresql_url()) as connection:
        found = connection.execute("SHOW server_version").fetchone()
    return str(found[0]).split()[0] if found else "unknown"


def _redis_version() -> str:
    if reachable.redis_missing():
        return "missing"
    with redis.Redis.from_url(reachable.redis_url()) as client:
        info: dict[str, Any] = client.info("server")
    return str(info["redis_version"])
