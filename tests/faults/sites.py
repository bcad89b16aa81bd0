"""Where a fault test happens: a database, perhaps a Redis, a counting server, and processes that share them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import close_old_connections
from django_q.conf import Conf

from notifications.pipeline import queue
from tests.faults.app import notifications as types
from tests.faults.counting import CountingServer
from tests.faults.crew import Crew, crew
from tests.faults.databases import default_database
from tests.faults.short_times import notifications
from tests.faults.steps import Tokens
from tests.services.databases import process_environment


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
    rows = [model(username=f"person{each}", phone=f"+4477009{each:05d}") for each in range(number)]
    return model._default_manager.bulk_create(rows)


def leave_database() -> None:
    """Close the connection of a thread that a test has started; Django does so for requests alone."""
    close_old_connections()
