"""Where a fault test happens: a database, perhaps a Redis, a counting server, and processes that share them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django_q.conf import Conf

from notifications.pipeline import dispatch, queue
from tests.faults.app import notifications as types
from tests.faults.counting import CountingServer
from tests.faults.crew import ROOT, Crew, crew
from tests.faults.databases import default_database
from tests.faults.short_times import notifications
from tests.faults.steps import Tokens
from tests.services.databases import process_environment

TEMPLATES = Path(types.__file__).with_name("templates")
Result = TypeVar("Result")
ROUND_SECONDS = 10


@dataclass
class Site:
    """A running test's surroundings. This process and those it starts see the same database and settings."""

    folder: Path
    provider: CountingServer
    settings: Any
    redis_url: str = ""
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "tokens").mkdir()
        self.tokens = Tokens(self.folder / "tokens")

    def configure(self, **overrides: Any) -> None:
        """Set `NOTIFICATIONS`, for this process and for those that start from now on."""
        self.settings.NOTIFICATIONS = notifications(self.provider.url, **overrides)

    def environment(self, **extra: str) -> dict[str, str]:
        """The environment of a process of this site."""
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "FAULTS_NOTIFICATIONS": json.dumps(self.settings.NOTIFICATIONS),
            "FAULTS_TOKENS": str(self.tokens.folder),
            "FAULTS_GRACE": "3",
        }
        return process_environment(self.redis_url, **{**own, **extra})

    def crew(self, **extra: str) -> AbstractContextManager[Crew]:
        """Workers for this site."""
        return crew(self.folder, self.environment(**extra))


@contextmanager
def site(
    folder: Path,
    database_url: str,
    provider: CountingServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    redis_url: str = "",
) -> Iterator[Site]:
    """Work there until the context ends."""
    with default_database(database_url):
        if redis_url:
            # Django Q reads its settings once, at import.
            monkeypatch.setattr(Conf, "ORM", None)
            monkeypatch.setattr(Conf, "REDIS", redis_url)
        queue._quiet_until.clear()
        types.declare()
        (engine,) = settings.TEMPLATES
        settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], TEMPLATES]}]
        here = Site(folder, provider, settings, redis_url)
        here.configure()
        try:
            yield here
        finally:
            types.withdraw()
            queue._quiet_until.clear()


def people(number: int) -> Sequence[Any]:
    """So many users with a phone."""
    model = get_user_model()
    rows = [model(username=f"person{each}", phone=f"+9198470{each:05d}") for each in range(number)]
    return model._default_manager.bulk_create(rows)


def run_round(seconds: float = ROUND_SECONDS) -> int:
    """A worker's round in this process, in any thread: how many deliveries were settled."""
    try:
        return dispatch.run("default", until=time.monotonic() + seconds)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()


def reconnect() -> None:
    """Leave a connection that broke when its server went away."""
    connections.close_all()


class Caller:
    """Another process of the application, ready to do one errand of `tests.faults.caller`."""

    def __init__(self, here: Site, errand: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.caller", errand, *arguments],
            cwd=ROOT,
            env=here.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(self.process.communicate()[1])

    def go(self) -> None:
        """Have it begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self) -> Any:
        """What came of it, once it has ended."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return json.loads(out)


def in_threads(number: int, errand: Callable[[], Result]) -> list[Result]:
    """Run an errand in so many threads at once, each with a database connection of its own."""
    together = threading.Barrier(number)

    def run() -> Result:
        together.wait()
        try:
            return errand()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return [each.result(60) for each in [pool.submit(run) for _ in range(number)]]
