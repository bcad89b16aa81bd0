"""Fault: a cancel comes while workers claim and send. What it says is true, and what it stopped never leaves."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections, transaction

from notifications import clock
from notifications.models import Delivery, Event, Notification, Status
from notifications.services import Cancellation, cancel, notify
from tests.faults import ledger, sites
from tests.faults.app.notifications import NeitherOnce, ViaLookUp
from tests.faults.sites import Site, run_round

PEOPLE = 400


def test_each_is_either_stopped_or_sent_while_workers_race_a_cancel(any_site: Site) -> None:
    """FAULTS: cancel while a send is queued or claimed: not sent, reason recorded."""
    any_site.provider.behave(before=0.01, after=0.01)
    created = notify(ViaLookUp(text="a"), to=sites.people(PEOPLE), at=clock.now() + timedelta(seconds=4))
    with any_site.crew() as crew:
        crew.hire("drain", 2)
        assert crew.until(lambda: Delivery.objects.filter(status=Status.SENT).exists(), 30), crew.logs()
        answers = [cancel(ids=[each.pk]) for each in reversed(created)]
        assert crew.until(lambda: not ledger.open_deliveries(), 30), ledger.tell_open({})
    counts = any_site.provider.counts()
    rows = {each.notification_id: each for each in Delivery.objects.all()}
    ends: Counter[str] = Counter()
    for notification, answer in zip(reversed(created), answers, strict=True):
        row = rows[notification.pk]
        said = next(name for name in ("cancelled", "in_flight", "already_sent") if getattr(answer, name))
        ends[said] += 1
        right = {
            "cancelled": (row.status, row.reason, counts[str(row.pk)]) == ("cancelled", "cancelled", 0),
            "in_flight": (row.status, counts[str(row.pk)]) == ("sent", 1),
            "already_sent": (row.status, counts[str(row.pk)]) == ("sent", 1),
        }[said]
        assert right, ledger.tell([row], counts)
    assert ends["cancelled"], "the workers were too fast to be raced"
    assert ends["already_sent"], "the cancel was too fast to race anybody"
    ledger.check_each_ended_once()


def test_what_is_in_flight_may_arrive_but_is_not_sent_again(any_site: Site) -> None:
    """FAULTS: cancel while a send is under way: the request that is open fails, and no other is opened."""
    any_site.provider.behave({"before": 1, "status": 500})
    (notification,) = notify(ViaLookUp(text="a"), to=sites.people(1))
    worker = threading.Thread(target=run_round)
    worker.start()
    while not Delivery.objects.filter(started_at__isnull=False).exists():
        time.sleep(0.02)
    assert cancel(ids=[notification.pk]) == Cancellation(in_flight=1)
    worker.join()
    assert Delivery.objects.get().status == Status.PENDING  # the answer was a temporary error
    Delivery.objects.update(due_at=clock.now())
    run_round()
    assert (Delivery.objects.get().status, Delivery.objects.get().reason) == ("cancelled", "cancelled")
    assert any_site.provider.counts() == {}
    assert list(Event.objects.values_list("kind", flat=True)) == ["retrying", "cancelled"]


def test_a_cancel_that_is_rolled_back_stops_nothing(any_site: Site) -> None:
    """FAULTS: cancel: what the caller's transaction takes back was never said."""
    (notification,) = notify(ViaLookUp(text="a"), to=sites.people(1))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cancel(ids=[notification.pk])
        raise ZeroDivisionError
    run_round()
    assert sum(any_site.provider.counts().values()) == 1


def test_cancels_and_replacements_never_deadlock_with_workers(postgresql_site: Site) -> None:
    """FAULTS: cancel while a send is queued or claimed: callers and workers lock rows in one order."""
    users = sites.people(20)
    stop = threading.Event()
    errors: list[BaseException] = []

    def send() -> None:
        while not stop.is_set():
            run_round()

    def call(number: int) -> None:
        try:
            for turn in range(15):
                for user in users:
                    notify(NeitherOnce(text="a"), to=user, key=f"{turn % 2}", replace=bool(number % 2))
                cancel(key=f"{turn % 2}", recipient=users[turn])
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=send) for _ in range(2)]
    callers = [threading.Thread(target=call, args=[number]) for number in range(4)]
    for each in (*workers, *callers):
        each.start()
    for each in callers:
        each.join()
    stop.set()
    for each in workers:
        each.join()
    assert not errors
    assert not deadlocks(postgresql_site)
    run_round()
    assert ledger.open_deliveries() == 0
    assert Notification.objects.filter(deliveries__isnull=True).count() == 0
    ledger.check_each_ended_once()


def deadlocks(site: Site) -> int:
    """How many PostgreSQL has resolved in this database."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        (found,) = cursor.fetchone()
        return int(found)
