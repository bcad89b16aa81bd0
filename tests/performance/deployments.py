"""The two deployments that are measured: PostgreSQL with Redis, and SQLite with nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.servers import private_redis
from tests.performance.processes import ROOT
from tests.services.databases import temporary_database
from tests.services.reachable import postgresql_missing, postgresql_url

REPORTS = ROOT / "var" / "bench"


def missing(database: str) -> str:
    """Why a deployment cannot be measured here, or nothing."""
    if database == "sqlite":
        return ""
    redis = "" if shutil.which("redis-server") else "redis-server is not on PATH. Install Redis."
    return postgresql_missing() or redis


@contextmanager
def deployment(database: str) -> Iterator[dict[str, str]]:
    """The environment of its processes. Database, Redis and files are its own, and gone afterwards."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{database}-", dir=REPORTS)))
        url = f"sqlite:///{folder / 'bench.sqlite3'}"
        redis_url = ""
        if database == "postgresql":
            url = stack.enter_context(temporary_database(postgresql_url()))
            redis_url = stack.enter_context(private_redis()).url
        yield {
            "DJANGO_SETTINGS_MODULE": "tests.performance.settings",
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "VAR_DIR": str(folder),
            "LOG_LEVEL": "WARNING",
        }
