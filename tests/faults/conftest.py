"""Servers of a test's own as fixtures."""

from collections.abc import Iterator

import pytest

from tests.faults.servers import Server, private_postgresql, private_redis


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
