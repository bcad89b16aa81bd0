"""Fault: a Django Q cluster is dead, or alive and deaf. The liveness command says so, for a supervisor to act on."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django_q.models import OrmQ

from notifications.models import Delivery
from notifications.pipeline import queue
from notifications.services import notify
from tests.faults import ledger, sites, steps
from tests.faults.app.notifications import ViaLookUp
from tests.faults.crew import Crew
from tests.faults.sites import Site

MAX_AGE = 3
IDLE_AFTER = 2
HOST = "host-of-the-cluster"


def is_alive() -> bool:
    """What `manage.py cluster_alive` says with its exit code."""
    try:
        call_command("cluster_alive", "--lane=default", "--any-host", stdout=io.StringIO())
    except SystemExit as end:
        if end.code != 1:
            raise
        return False
    return True


def wake_until(crew: Crew, alive: bool, seconds: float) -> bool:
    """Ask for work, as an application that is in use does, until the command says so."""
    return crew.until(lambda: is_alive() is alive, seconds, tend=lambda: queue.wake("default"), replace=False)


def die(site: Site, crew: Crew) -> None:
    crew.members[0].kill()


def go_deaf(site: Site, crew: Crew) -> None:
    """An idle worker that is killed takes the lock of the queue with it: those that replace it wait for ever."""
    for pid in steps.worker_ids(site.tokens.folder):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [die, go_deaf])
def test_a_cluster_that_does_no_rounds_is_found_out_and_a_restart_heals_it(
    sqlite_site: Site, fault: Callable[[Site, Crew], None]
) -> None:
    """FAULTS: Django Q cluster dead or hung: the liveness command fails within HEARTBEAT_MAX_AGE_SECONDS."""
    sqlite_site.configure(HEARTBEAT_MAX_AGE_SECONDS=MAX_AGE)
    with sqlite_site.crew() as crew:
        assert not is_alive()
        crew.hire("cluster", FAULTS_HOST=HOST)
        assert wake_until(crew, alive=True, seconds=20), crew.logs()
        # Only a worker that waits for a task holds the lock of the queue.
        assert crew.until(lambda: not OrmQ.objects.exists(), 30, replace=False), crew.logs()
        time.sleep(IDLE_AFTER)
        fault(sqlite_site, crew)
        notify(ViaLookUp(text="a"), to=sites.people(3))
        assert wake_until(crew, alive=False, seconds=MAX_AGE), crew.logs()
        assert ledger.open_deliveries() == 3
        crew.members[0].kill()
        crew.replace_dead()
        assert wake_until(crew, alive=True, seconds=20), crew.logs()
        assert crew.until(lambda: not ledger.open_deliveries(), 20), crew.logs()
    assert ledger.by_status(Delivery.objects.all()) == {("sent", ""): 3}
