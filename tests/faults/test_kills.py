"""Fault: a worker is killed at any step of the walk. Nothing is lost, and nothing is sent blindly twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults import steps
from tests.faults.campaign import EACH_STEP, kills, send_through
from tests.faults.sites import Site

pytestmark = pytest.mark.slow
NEVER_QUARANTINED = 100


def check_all_steps_were_met(site: Site) -> None:
    """A worker that is killed at any moment may take a token with it, so one death at each step may be missing."""
    deaths = Counter(site.tokens.deaths())
    assert all(EACH_STEP - 1 <= deaths[step] <= EACH_STEP for step in steps.STEPS), deaths


def test_workers_killed_at_every_step_lose_nothing_on_sqlite(sqlite_site: Site) -> None:
    """FAULTS: worker killed before claim, after claim, while the request is open, after the provider accepted, after
    settle. Two workers that call the rounds themselves, and a Django Q cluster over the ORM broker."""
    sqlite_site.configure(MAX_CRASHES=NEVER_QUARANTINED)
    with sqlite_site.crew() as crew:
        crew.hire("drain", 2)
        crew.hire("cluster")
        send_through(sqlite_site, crew, kills(sqlite_site, crew))
    check_all_steps_were_met(sqlite_site)


def test_clusters_killed_at_every_step_lose_nothing_on_postgresql_and_redis(full_site: Site) -> None:
    """FAULTS: the same, with three Django Q clusters over Redis: workers die, and now and then a whole cluster."""
    full_site.configure(MAX_CRASHES=NEVER_QUARANTINED)
    with full_site.crew() as crew:
        crew.hire("cluster", 3)
        send_through(full_site, crew, kills(full_site, crew))
    check_all_steps_were_met(full_site)
