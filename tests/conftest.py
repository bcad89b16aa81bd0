"""Services by marker, their fixtures, and the folder of this run."""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.services import reachable
from tests.services.databases import temporary_database


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test marked for a service that is missing, before its fixtures are made."""
    for marker, missing in reachable.MISSING.items():
        if item.get_closest_marker(marker) and (reason := missing()):
            reachable.give_up(reason)


def pytest_unconfigure() -> None:
    """Remove the files of this run; a folder that the environment named is left alone."""
    if settings.configured and settings.VAR_DIR.name == f"test-{os.getpid()}":
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def _forget_provider_health() -> None:
    """What a process remembers of providers, prices and budgets is of the test before."""
    from notifications.pipeline import failover, spending  # the apps are not loaded yet when this file is

    failover.forget()
    spending.forget()


@pytest.fixture
def postgresql_database() -> Iterator[str]:
    """The URL of an empty database of the test's own on the PostgreSQL server; mark the test `postgresql`."""
    with temporary_database(reachable.postgresql_url()) as url:
        yield url


@pytest.fixture
def redis_url() -> str:
    """The URL of the Redis server, which others may use too; mark the test `redis`."""
    return reachable.redis_url()


@pytest.fixture
def chromium() -> str:
    """The path of Chromium; mark the test `chromium`."""
    path = reachable.chromium_path()
    assert path, "a test that uses this fixture is marked chromium"
    return path
