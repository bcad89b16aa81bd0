"""Many workers at once, and one that comes too late: each delivery has one owner, and the fence keeps others out."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from datetime import timedelta

import pytest

from notifications.messages import Receipt
from notifications.models import Delivery, Event, Status, outbox
from notifications.pipeline import dispatch, starting
from notifications.pipeline.request import Request, Unrecorded, call, finish
from notifications.pipeline.settle import settle
from notifications.pipeline.starting import start
from notifications.pipeline.work import Work, claim, prepare
from notifications.services import notify
from tests.faults import ledger, sites
from tests.faults.app.notifications import NeitherOnce, ViaLookUp
from tests.faults.caller import claim as claim_all
from tests.faults.sites import Caller, Site, in_threads

PEOPLE, CALLS = 250, 12


def test_eight_threads_and_three_processes_claim_each_delivery_once(any_site: Site) -> None:
    """Issue: 8 threads and 3 processes claim concurrently with no double."""
    users = sites.people(PEOPLE)
    for _ in range(CALLS):
        notify(NeitherOnce(text="a"), to=users)
    callers = [Caller(any_site, "claim") for _ in range(3)]
    for each in callers:
        each.go()
    by_threads = in_threads(8, claim_all)
    by_processes = [each.result() for each in callers]
    claimed = Counter(itertools.chain(*by_threads, *by_processes))
    assert max(claimed.values()) == 1
    assert set(claimed) == {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}
    assert any(by_processes), "the processes came too late to compete"
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def taken_up(site: Site) -> Work:
    """A delivery whose request is about to open, in a worker whose lease then ends."""
    notify(ViaLookUp(text="a"), to=sites.people(1))
    works = claim("default", 10)
    prepare(works)
    (work,) = start(works)
    return work


@pytest.fixture
def short_lease(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Requests that are given up, and leases that end, within half a second."""
    any_site.configure(options={"timeout_seconds": 0.2, "reconcile_seconds": 0})
    monkeypatch.setattr(starting, "SETTLE_GRACE_SECONDS", 0.3)
    return any_site


def test_a_late_settle_is_refused_with_its_event(short_lease: Site) -> None:
    """FAULTS: a worker outlives its lease and settles late: its write is refused by the fence."""
    work = taken_up(short_lease)
    (answer,), latency = call(Request([work]), Unrecorded())
    assert isinstance(answer, Receipt)
    time.sleep(0.6)
    dispatch.run("default", until=time.monotonic() + 5)  # another worker, which finds the lease ended
    events = list(Event.objects.values_list("kind", flat=True))
    assert events == ["unknown", "reconciled"]
    late = finish(work, answer, latency)
    assert late.outcome is not None
    assert settle([(late.delivery, late.outcome)]) == 0
    assert list(Event.objects.values_list("kind", flat=True)) == events
    assert Delivery.objects.get().status == Status.SENT
    assert sum(short_lease.provider.counts().values()) == 1


def test_a_worker_that_was_held_up_before_its_request_does_not_open_it_late(short_lease: Site) -> None:
    """FAULTS: a worker outlives its lease. Another one was told that the provider had never heard of the message."""
    work = taken_up(short_lease)
    time.sleep(0.6)
    dispatch.run("default", until=time.monotonic() + 5)
    call(Request([work]), Unrecorded())
    assert Delivery.objects.get().status == Status.SENT
    assert sum(short_lease.provider.counts().values()) == 1


def test_a_lease_that_ended_before_the_request_forbids_it(any_site: Site) -> None:
    """FAULTS: a worker outlives its lease: what it claimed is another's now, and it opens no request."""
    notify(ViaLookUp(text="a"), to=sites.people(1))
    ids, fence = outbox.claim((2,), 10, timedelta(seconds=0.1))
    late = [Work(each, fence) for each in Delivery.objects.filter(pk__in=ids).select_related("notification__recipient")]
    prepare(late)
    time.sleep(0.2)
    dispatch.run("default", until=time.monotonic() + 5)
    assert start(late) == []
    assert sum(any_site.provider.counts().values()) == 1


@pytest.mark.slow
def test_a_worker_stopped_in_mid_request_changes_nothing_when_it_wakes_up(any_site: Site) -> None:
    """FAULTS: a worker outlives its lease, as on a host that was suspended."""
    any_site.configure(options={"timeout_seconds": 2, "reconcile_seconds": 1})
    any_site.provider.behave(after=1)
    notify(ViaLookUp(text="a"), to=sites.people(10))
    with any_site.crew(FAULTS_GRACE="2") as crew:
        crew.hire("drain")
        assert crew.until(lambda: sum(any_site.provider.counts().values()) == 10, 20), crew.logs()
        crew.members[0].suspend()
        crew.hire("drain")
        assert crew.until(lambda: not ledger.open_deliveries(), 40), ledger.tell_open({})
        before = ledger.by_status(Delivery.objects.all())
        crew.members[0].resume()
        assert crew.until(lambda: "late results were refused" in crew.logs(), 20), crew.logs()
    assert before == ledger.by_status(Delivery.objects.all()) == {("sent", ""): 10}
    assert set(any_site.provider.counts().values()) == {1}
    ledger.check_each_ended_once()
