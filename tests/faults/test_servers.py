"""The servers that fault tests break: they start, die and come back as real ones do."""

import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager

import psycopg
import pytest
import redis

from tests.faults.servers import Server, private_postgresql, private_redis


def processes_of(server: Server) -> list[str]:
    """The command lines of processes that name the server's port."""
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if re.search(rf"\b{server.port}\b", line)]


def test_postgresql_keeps_committed_rows_over_a_restart(postgresql_server: Server) -> None:
    with psycopg.connect(postgresql_server.url) as connection:
        connection.execute("CREATE TABLE letter AS SELECT 7 AS number")
    postgresql_server.restart()
    with psycopg.connect(postgresql_server.url) as connection:
        assert connection.execute("SELECT number FROM letter").fetchall() == [(7,)]


def test_postgresql_killed_drops_its_sessions_and_recovers(postgresql_server: Server) -> None:
    with psycopg.connect(postgresql_server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE letter AS SELECT 7 AS number")
        postgresql_server.kill()
        assert not postgresql_server.running
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(5)")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(postgresql_server.url, connect_timeout=2)
    postgresql_server.start()
    with psycopg.connect(postgresql_server.url) as connection:
        assert connection.execute("SELECT number FROM letter").fetchall() == [(7,)]


def test_redis_stopped_refuses_and_comes_back_empty(redis_server: Server) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("letter", "7")
        redis_server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("letter")
        redis_server.start()
        assert client.get("letter") is None


def test_redis_killed_comes_back_at_the_same_address(redis_server: Server) -> None:
    redis_server.kill()
    redis_server.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


def test_a_server_that_runs_is_not_started_twice(redis_server: Server) -> None:
    with pytest.raises(RuntimeError, match=re.escape(f"{redis_server.url} runs already")):
        redis_server.start()


@pytest.mark.parametrize("private", [private_postgresql, private_redis])
def test_nothing_is_left_behind_also_after_an_error(
    private: Callable[[], AbstractContextManager[Server]],
) -> None:
    started: list[Server] = []

    def fail_in_mid_run() -> None:
        with private() as server:
            assert processes_of(server)
            started.append(server)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_mid_run()
    (server,) = started
    assert not server.running
    assert not server.folder.exists()
    assert not processes_of(server)


def test_two_servers_stand_side_by_side(redis_server: Server) -> None:
    with private_redis() as other:
        assert other.port != redis_server.port
        with redis.Redis.from_url(other.url) as client, redis.Redis.from_url(redis_server.url) as first:
            client.set("letter", "7")
            assert first.get("letter") is None
