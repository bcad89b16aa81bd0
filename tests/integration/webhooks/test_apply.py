"""What becomes of events once they are stored (FAULTS: for an unknown id, before our commit; a worker that dies)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from notifications import clock, tasks
from notifications.models import (
    ContactPoint,
    Delivery,
    Event,
    Kind,
    Notification,
    Reason,
    Status,
    Suppression,
    WebhookEvent,
    bulk,
)
from notifications.pipeline import dispatch
from notifications.services import apply_waiting, notify, reports
from notifications.signals import delivery_settled
from notifications.testing import frozen_clock
from tests.app.notifications import Everywhere, WithFallback
from tests.integration.webhooks.sendgrid_posts import event

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(delivery_id: Any, kind: str = "delivered", **data: Any) -> WebhookEvent:
    """A stored event."""
    now = clock.now()
    return WebhookEvent.objects.create(
        alias="sendgrid",
        event_id=uuid4().hex,
        delivery_id=delivery_id,
        kind=kind,
        at=now,
        received_at=now,
        due_at=now,
        data=data,
    )


def test_an_event_for_an_unknown_delivery_waits_longer_each_time_and_is_given_up_after_three_days(poster, caplog):
    with frozen_clock() as frozen:
        told = waiting(uuid4())
        looks = []
        while told.due_at is not None:
            frozen.advance(max(told.due_at - clock.now(), timedelta()))
            assert apply_waiting() == 0
            assert told.received_at is not None
            looks.append(clock.now() - told.received_at)
            told.refresh_from_db()
        assert looks[:4] == [timedelta(seconds=seconds) for seconds in (0, 1, 2, 4)]
        assert timedelta(days=3) < looks[-1] <= timedelta(days=3, hours=1)
        assert len(looks) < 100
    assert told.applied_at is None
    assert "Gave up 1 events of sendgrid" in caplog.text


def test_an_event_that_waits_costs_nothing_until_its_time(poster):
    with frozen_clock():
        waiting(uuid4())
        apply_waiting()
        with CaptureQueriesContext(connection) as queries:
            apply_waiting()
    assert len(queries) == 1


@pytest.mark.postgresql
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="one writer at a time on SQLite: see the test below")
def test_an_event_that_is_faster_than_our_commit_is_applied_after_it_on_postgresql(poster, sendgrid, person):
    posted, committed = threading.Event(), threading.Event()
    made: list[Delivery] = []

    def caller() -> None:
        try:
            with transaction.atomic():
                (notification,) = notify(Everywhere(text="a"), to=person)
                made.append(notification.deliveries.get(channel="email"))
                posted.wait(20)
            committed.set()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool, frozen_clock() as frozen:
        running = pool.submit(caller)
        while not made and not running.done():
            time.sleep(0.01)
        assert sendgrid.post(poster, [event("delivered", made[0])]).status_code == 200
        assert apply_waiting() == 0
        posted.set()
        running.result()
        frozen.advance("1 second")
        assert apply_waiting() == 1
    made[0].refresh_from_db()
    assert made[0].status == Status.DELIVERED


def test_an_event_that_is_faster_than_our_commit_is_applied_after_it(poster, sendgrid, person):
    with frozen_clock() as frozen:
        (notification,) = notify(Everywhere(text="a"), to=person)
        delivery = notification.deliveries.get(channel="email")
        rows = list(Delivery.objects.filter(notification=notification))
        Delivery.objects.filter(notification=notification).delete()  # as another transaction sees it before the commit
        sendgrid.post(poster, [event("delivered", delivery)])
        assert apply_waiting() == 0
        bulk.insert(rows)
        frozen.advance("1 second")
        assert apply_waiting() == 1
        assert apply_waiting() == 0
    delivery.refresh_from_db()
    assert delivery.status == Status.DELIVERED


def test_a_worker_on_its_round_applies_them(poster, sendgrid, email, settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "LINGER_SECONDS": 0.1, "DRAIN_SECONDS": 5}
    sendgrid.post(poster, [event("delivered", email)])
    assert tasks.drain("default") == 1
    email.refresh_from_db()
    assert email.status == Status.DELIVERED


def test_what_cannot_be_applied_holds_up_no_other(email, make_email, caplog):
    other = make_email()
    poison = waiting(email.pk, "a_removed_kind")
    waiting(other.pk)
    waiting(email.pk)
    assert apply_waiting() == 2
    for each in (email, other):
        each.refresh_from_db()
        assert each.status == Status.DELIVERED
    poison.refresh_from_db()
    assert poison.applied_at is None
    assert poison.due_at is not None
    assert f"Event {poison.event_id} of sendgrid could not be applied" in caplog.text


def test_while_the_database_is_away_events_wait(email, monkeypatch, caplog):
    told = waiting(email.pk)
    with monkeypatch.context() as broken:
        broken.setattr(reports, "_move", lambda *args: (_ for _ in ()).throw(OperationalError("gone")))
        assert apply_waiting() == 0
    assert "The database is away" in caplog.text
    told.refresh_from_db()
    assert (told.applied_at, told.due_at) == (None, told.received_at)
    assert apply_waiting() == 1


def test_a_post_is_taken_whatever_would_go_wrong_when_it_is_applied(poster, sendgrid, email, monkeypatch):
    monkeypatch.setattr(reports, "_move", lambda *args: 1 / 0)
    assert sendgrid.post(poster, [event("delivered", email)]).status_code == 200
    assert apply_waiting() == 0
    assert WebhookEvent.objects.get().due_at is not None


def test_a_hard_bounce_brings_the_fallback_and_stops_what_is_queued_for_the_address(person, make_person):
    notify(WithFallback(text="a"), to=person)
    dispatch.run("default", until=time.monotonic() + 20)
    sms = Delivery.objects.get(channel="sms")
    sms_again = notify(WithFallback(text="b"), to=person)[0].deliveries.get(channel="sms")
    waiting(sms.pk, "bounced", suppress="hard_bounce")
    Delivery.objects.filter(pk=sms.pk).update(provider="sendgrid")
    assert apply_waiting() == 1
    assert Delivery.objects.get(notification=sms.notification, channel="email").status == Status.PENDING
    assert Suppression.objects.get().address == sms.address
    dispatch.run("default", until=time.monotonic() + 20)
    sms_again.refresh_from_db()
    assert (sms_again.status, sms_again.reason) == (Status.SKIPPED, Reason.SUPPRESSED)
    assert not ContactPoint.objects.filter(disabled_at__isnull=False).exists()


def test_evidence_settles_an_unknown_delivery(make_email):
    unknown = {"status": Status.UNKNOWN, "due_at": clock.now() + timedelta(minutes=2), "settled_at": None}
    deferred, opened = make_email(**unknown), make_email(**unknown)
    waiting(deferred.pk, "deferred")
    waiting(opened.pk, "opened")
    apply_waiting()
    for each, status in ((deferred, Status.SENT), (opened, Status.DELIVERED)):
        each.refresh_from_db()
        assert (each.status, each.due_at) == (status, None)


def test_a_failure_at_one_provider_says_nothing_once_another_has_the_message(make_email):
    email = make_email("ses")
    waiting(email.pk, "failed", detail="Spam Content")
    assert apply_waiting() == 1
    email.refresh_from_db()
    assert (email.status, email.provider) == (Status.SENT, "ses")
    waiting(email.pk, "delivered")
    apply_waiting()
    email.refresh_from_db()
    assert (email.status, email.provider) == (Status.DELIVERED, "sendgrid")


def test_who_listens_hears_of_each_delivery_once(email):
    heard = []

    def listen(**told: Any) -> None:
        heard.append((told["delivery_id"], told["status"]))

    delivery_settled.connect(listen)
    try:
        for kind in ("accepted", "delivered", "opened", "bounced"):
            waiting(email.pk, kind)
        apply_waiting()
    finally:
        delivery_settled.disconnect(listen)
    assert heard == [(email.pk, Status.BOUNCED)]


def test_a_batch_costs_a_fixed_number_of_statements(make_email):
    def statements(number: int) -> int:
        for _ in range(number):
            waiting(make_email().pk)
        with CaptureQueriesContext(connection) as queries:
            assert apply_waiting() == number
        return len(queries)

    assert statements(1) == statements(8)


def test_more_events_than_a_batch_are_all_applied(email, monkeypatch):
    monkeypatch.setattr("notifications.services.webhook_events.BATCH", 3)
    for _ in range(10):
        waiting(email.pk, "clicked")
    assert apply_waiting() == 10
    assert Event.objects.filter(kind="clicked").count() == 10


def test_the_time_that_a_worker_has_is_kept(email):
    waiting(email.pk)
    assert apply_waiting(until=time.monotonic()) == 0


def test_several_workers_apply_each_event_once(make_email):
    emails = [make_email() for _ in range(6)]
    for number in range(60):
        waiting(emails[number % 6].pk, "clicked")
    waiting(emails[0].pk, "bounced")

    def worker(_: int) -> int:
        try:
            applied = 0
            until = time.monotonic() + 20
            while time.monotonic() < until and WebhookEvent.objects.filter(applied_at=None).exists():
                applied += apply_waiting()
            return applied
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(worker, range(4))) == 61
    assert Event.objects.filter(kind="clicked").count() == 60
    assert Event.objects.filter(kind="bounced").count() == 1
    assert Event.objects.filter(kind="delivered").count() == 6


def test_every_kind_that_a_provider_tells_has_its_meaning():
    told = {Kind.ACCEPTED, Kind.DEFERRED, Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINED}
    told |= {Kind.UNSUBSCRIBED, Kind.FAILED, Kind.SOFT_BOUNCED, Kind.BOUNCED}
    assert set(reports._MEANS) == told
    assert Notification.objects.count() == 0
