"""Servers of a test's own, and sites, as fixtures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from tests.faults.counting import CountingServer, counting_server
from tests.faults.databases import copied_postgresql, copy_sqlite, migrated_postgresql, migrated_sqlite
from tests.faults.servers import Server, private_postgresql, private_redis
from tests.faults.sites import Site, site


@pytest.fixture
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL server that the test may stop, kill and restart."""
    with private_postgresql() as server:
        yield server


@pytest.fixture
def redis_server() -> Iterator[Server]:
    """A Redis server that the test may stop, kill and restart."""
    with private_redis() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_server(django_db_blocker: DjangoDbBlocker) -> Iterator[Server]:
    """A PostgreSQL server with a migrated database to copy; a test may break it, and it is started again."""
    with private_postgresql() as server, django_db_blocker.unblock():
        migrated_postgresql(server.url)
        yield server


@pytest.fixture(scope="session")
def migrated_file(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("migrated") / "template.sqlite3"
    with django_db_blocker.unblock():
        migrated_sqlite(file)
    return file


@pytest.fixture
def provider() -> Iterator[CountingServer]:
    """The provider's side."""
    with counting_server() as server:
        yield server


@pytest.fixture
def sqlite_site(
    migrated_file: Path,
    tmp_path: Path,
    provider: CountingServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """On a SQLite file, with Django Q's ORM broker."""
    url = copy_sqlite(migrated_file, tmp_path / "site.sqlite3")
    with django_db_blocker.unblock(), site(tmp_path, url, provider, settings, monkeypatch) as here:
        yield here


@pytest.fixture
def postgresql_url(migrated_server: Server) -> Iterator[str]:
    """A migrated database of the test's own."""
    if not migrated_server.running:
        migrated_server.start()
    with copied_postgresql(migrated_server.url) as url:
        yield url
        if not migrated_server.running:
            migrated_server.start()


@pytest.fixture
def postgresql_site(
    postgresql_url: str,
    tmp_path: Path,
    provider: CountingServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """On PostgreSQL, with Django Q's ORM broker."""
    with django_db_blocker.unblock(), site(tmp_path, postgresql_url, provider, settings, monkeypatch) as here:
        yield here


@pytest.fixture
def full_site(
    postgresql_url: str,
    redis_server: Server,
    tmp_path: Path,
    provider: CountingServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """On PostgreSQL and Redis, as in production."""
    with (
        django_db_blocker.unblock(),
        site(tmp_path, postgresql_url, provider, settings, monkeypatch, redis_server.url) as here,
    ):
        yield here


@pytest.fixture(params=["sqlite_site", "postgresql_site"])
def any_site(request: pytest.FixtureRequest) -> Site:
    """On each database in turn."""
    here: Site = request.getfixturevalue(request.param)
    return here
