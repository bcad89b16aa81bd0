"""Fault: Redis or PostgreSQL goes away in the middle of it all. Sending goes on, without a gap and without a double."""

from __future__ import annotations

import signal
import time

import pytest
import redis
from django.db import connection

from tests.faults.campaign import CALLS, send_through
from tests.faults.servers import Server
from tests.faults.sites import Site

pytestmark = pytest.mark.slow
AWAY_SECONDS = 2


def test_redis_flushed_killed_and_back_costs_no_message(full_site: Site, redis_server: Server) -> None:
    """FAULTS: Redis flushed or down. It stays down until the last is notified: only the minute's round finds those."""

    def break_redis(number: int) -> bool:
        if number in (10, 20, 30):
            with redis.Redis.from_url(redis_server.url) as client:
                client.flushall()
        elif number == 50:
            redis_server.kill()
        elif number == CALLS - 1:
            redis_server.start()
        return False

    with full_site.crew() as crew:
        crew.hire("cluster", 3)
        send_through(full_site, crew, break_redis, wakes=False)
        assert crew.deaths == 0, crew.logs()


def test_postgresql_restarted_twice_leaves_no_gap_and_no_double(full_site: Site, migrated_server: Server) -> None:
    """FAULTS: database restarts in mid-batch. Once by an immediate shutdown, once by a crash."""

    def break_postgresql(number: int) -> bool:
        if number == 25:
            migrated_server.stop_signal, usual = signal.SIGQUIT, migrated_server.stop_signal
            migrated_server.stop()
            migrated_server.stop_signal = usual
        elif number == 55:
            migrated_server.kill()
        else:
            return False
        time.sleep(AWAY_SECONDS)
        migrated_server.start()
        connection.close()  # the caller's own, which has broken too
        return False

    with full_site.crew() as crew:
        crew.hire("cluster", 3)
        send_through(full_site, crew, break_postgresql)
        assert crew.deaths == 0, crew.logs()
