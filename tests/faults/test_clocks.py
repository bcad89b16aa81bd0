"""Fault: the clocks of two hosts disagree, or the database that tells the time is away for a moment."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from notifications import clock
from notifications.models import Delivery, Event, Heartbeat
from notifications.services import notify
from tests.faults import ledger, sites
from tests.faults.app.notifications import ViaLookUp
from tests.faults.crew import Crew
from tests.faults.servers import Server
from tests.faults.sites import Site, run_round

PEOPLE = 20
HOUR = timedelta(hours=1)


def beliefs(crew: Crew) -> list[datetime]:
    found = [re.search(r"believes that it is (\S+)", each.log.read_text()) for each in crew.members]
    return [datetime.fromisoformat(each[1]) for each in found if each]


def test_hosts_whose_clocks_disagree_share_leases_and_due_times(postgresql_site: Site) -> None:
    """FAULTS: clock skew between hosts: leases and due times use the database's clock."""
    postgresql_site.configure(CONCURRENCY=5)
    postgresql_site.provider.behave(after=1)  # held for four seconds in all, while the other host looks for work
    people = sites.people(2 * PEOPLE)
    now, later = people[:PEOPLE], people[PEOPLE:]
    notify(ViaLookUp(text="now"), to=now)
    notify(ViaLookUp(text="later"), to=later, at=clock.now() + HOUR)
    with postgresql_site.crew() as crew:
        crew.hire("drain", FAULTS_HOST="fast", FAULTS_CLOCK=str(2 * HOUR.total_seconds()))
        crew.hire("drain", FAULTS_HOST="slow", FAULTS_CLOCK=str(-2 * HOUR.total_seconds()))
        sent = Delivery.objects.filter(status="sent")
        assert crew.until(lambda: sent.count() == PEOPLE, 30), ledger.tell_open({}) + crew.logs()
        assert crew.until(lambda: Heartbeat.objects.count() == 2, 10), crew.logs()
        fast, slow = beliefs(crew)
    assert fast - datetime.now(UTC) > HOUR < datetime.now(UTC) - slow, "the clocks were right after all"
    assert set(postgresql_site.provider.counts().values()) == {1}
    assert Delivery.objects.filter(status="pending", attempts=0, notification__recipient__in=later).count() == PEOPLE
    assert all(Heartbeat.objects.alive("default", timedelta(seconds=10), host=each) for each in ("fast", "slow"))


def test_an_answer_is_kept_while_the_database_that_tells_the_time_is_away(
    postgresql_site: Site, migrated_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS: database restarts in mid-batch, in the second in which a worker asks it for the time."""
    postgresql_site.provider.behave(after=1.5)
    notify(ViaLookUp(text="a"), to=sites.people(1))
    worker = threading.Thread(target=run_round, args=[0.3])
    worker.start()
    time.sleep(0.7)  # it looks for no more work, and waits for the answer
    assert postgresql_site.provider.counts()
    monkeypatch.setattr(clock, "RESYNC_SECONDS", 0)
    migrated_server.kill()
    time.sleep(2)
    migrated_server.start()
    worker.join()
    monkeypatch.undo()
    sites.reconnect()
    assert ledger.by_status(Delivery.objects.all()) == {("sent", ""): 1}
    assert list(Event.objects.values_list("kind", flat=True)) == ["accepted"]
    assert sum(postgresql_site.provider.counts().values()) == 1


def test_the_time_goes_on_while_the_database_is_away(postgresql_site: Site, migrated_server: Server) -> None:
    """FAULTS: database restarts: what the process knows of the time is good for longer than that."""
    before = clock.now()
    sites.reconnect()
    migrated_server.kill()
    try:
        clock._synced = (before, time.monotonic() - 2 * clock.RESYNC_SECONDS)
        assert clock.now() - before >= timedelta(seconds=2 * clock.RESYNC_SECONDS)
    finally:
        migrated_server.start()
    sites.reconnect()
    clock.forget()
    assert abs((clock.now() - before).total_seconds()) < 30
