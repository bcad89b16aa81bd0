"""Providers that stay silent are asked: after ten minutes, twenty, forty, … through the real SDK (P6)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from notifications import clock, tasks
from notifications.models import Delivery, PollMark, Status
from notifications.pipeline import failover
from notifications.services import notify, poll_silent, polling
from notifications.testing import deliver_all, frozen_clock
from tests.app.notifications import Note
from tests.contract.twilio_server import ACCOUNT, NUMBER, TOKEN, TwilioServer, refusal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twilio():
    server = TwilioServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def configured(settings, twilio):
    """Text messages go through Twilio, which cannot reach us."""
    backend = "notifications.providers.twilio.TwilioProvider"
    account = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER, "api_url": twilio.url}
    sms = {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["twilio"]}
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], "sms": sms},
        "PROVIDERS": {**given["PROVIDERS"], "twilio": {"BACKEND": backend, "OPTIONS": account}},
    }
    failover.forget()


@pytest.fixture
def clock_of_test():
    with frozen_clock() as frozen:
        yield frozen


@pytest.fixture
def send(make_person, twilio, clock_of_test):
    """Send messages that Twilio takes and tells nothing of."""

    def sent(number: int = 1) -> list[Delivery]:
        notify(Note(text="a"), to=[make_person() for _ in range(number)])
        deliver_all()
        rows = list(Delivery.objects.filter(status=Status.SENT).order_by("settled_at", "pk"))
        twilio.requests.clear()
        return rows[-number:]

    return sent


def asked(twilio: TwilioServer) -> int:
    """How often Twilio was asked for a message since the last look."""
    number = sum(each.path.count("/Messages/") for each in twilio.requests)
    twilio.requests.clear()
    return number


def test_a_message_is_asked_for_after_ten_minutes_and_its_end_and_price_are_noted(send, twilio, clock_of_test):
    (sms,) = send()
    clock_of_test.advance("9 minutes")
    assert (poll_silent(), asked(twilio)) == (0, 0)
    twilio.report(sms.provider_id, "delivered", price="-0.00790", num_segments="1")
    clock_of_test.advance("61 seconds")
    assert (poll_silent(), asked(twilio)) == (1, 1)
    sms.refresh_from_db()
    assert (sms.status, sms.cost, sms.segments) == (Status.DELIVERED, Decimal("0.0079"), 1)
    clock_of_test.advance("1 day")
    assert (poll_silent(), asked(twilio)) == (0, 0)


def test_one_that_stays_silent_is_asked_for_at_doubling_intervals_for_a_day(send, twilio, clock_of_test):
    send()
    begun, moments = clock.now(), []
    for _ in range(30 * 12):
        clock_of_test.advance("5 minutes")
        poll_silent()
        moments += [clock.now() - begun] * asked(twilio)
    assert [round(each / timedelta(minutes=1)) for each in moments] == [10, 20, 40, 80, 160, 320, 640, 1280]


def test_a_failure_that_twilio_tells_when_asked_counts(send, twilio, clock_of_test):
    (sms,) = send()
    twilio.report(sms.provider_id, "undelivered", error_code=30005)
    clock_of_test.advance("10 minutes")
    assert poll_silent() == 1
    sms.refresh_from_db()
    assert sms.status == Status.BOUNCED


def test_what_was_told_meanwhile_is_not_asked_for(send, twilio, clock_of_test):
    (told, silent) = send(2)
    Delivery.objects.filter(pk=told.pk).update(status=Status.DELIVERED)
    clock_of_test.advance("10 minutes")
    poll_silent()
    assert [each.path.endswith(f"{silent.provider_id}.json") for each in twilio.requests] == [True]


def test_more_than_a_batch_are_all_asked_for_once_also_those_of_one_moment(send, twilio, clock_of_test, monkeypatch):
    monkeypatch.setattr(polling, "BATCH", 3)
    send(10)
    clock_of_test.advance("10 minutes")
    poll_silent()
    paths = [each.path for each in twilio.requests]
    assert len(paths) == len(set(paths)) == 10


def test_when_the_time_is_up_the_rest_is_left_to_the_next_round(send, twilio, clock_of_test, monkeypatch):
    monkeypatch.setattr(polling, "BATCH", 3)
    send(5)
    clock_of_test.advance("10 minutes")
    poll_silent(seconds=0)
    assert asked(twilio) == 0
    poll_silent()
    assert asked(twilio) == 5


def test_while_twilio_cannot_say_nothing_is_passed_over(send, twilio, clock_of_test, caplog):
    (sms,) = send()
    clock_of_test.advance("10 minutes")
    twilio.scripted = refusal(503, 20503, "Service unavailable")
    assert poll_silent() == 0
    assert "twilio could not be asked" in caplog.text
    twilio.scripted = None
    twilio.report(sms.provider_id, "delivered")
    clock_of_test.advance("4 minutes")
    assert poll_silent() == 0  # it is left in peace
    clock_of_test.advance("61 seconds")
    assert poll_silent() == 1


def test_a_message_that_twilio_does_not_know_holds_up_no_other(send, twilio, clock_of_test):
    (lost, sms) = send(2)
    del twilio.messages[lost.provider_id]
    twilio.report(sms.provider_id, "delivered")
    clock_of_test.advance("10 minutes")
    assert poll_silent() == 1


def test_of_many_workers_each_message_is_asked_for_by_one(send, twilio, clock_of_test):
    send(8)
    poll_silent()
    clock_of_test.advance("10 minutes")
    together = threading.Barrier(4)

    def work(_: int) -> int:
        try:
            together.wait()
            return poll_silent()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    paths = [each.path for each in twilio.requests]
    assert len(paths) == len(set(paths)) == 8


def test_a_worker_that_died_while_asking_leaves_its_share_to_others(send, twilio, clock_of_test, monkeypatch):
    send()
    clock_of_test.advance("10 minutes")

    monkeypatch.setattr(polling, "LEASE", timedelta(minutes=5))  # before the next wait is over

    def die(*args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(polling, "_ask", die)
        poll_silent()
    assert (poll_silent(), asked(twilio)) == (0, 0)
    clock_of_test.advance(polling.LEASE)
    poll_silent()
    assert asked(twilio) == 1


def test_a_round_with_nothing_to_ask_costs_a_look_at_the_marks(send, clock_of_test):
    send(3)
    poll_silent()
    with CaptureQueriesContext(connection) as captured:
        poll_silent()
    assert len(captured) == 2


def test_what_is_silent_is_found_by_an_index(send, clock_of_test):
    (sms,) = send()
    mark = PollMark(alias="twilio", wait_seconds=600, through=clock.now() - timedelta(days=1))
    with CaptureQueriesContext(connection) as captured:
        assert [each[0] for each in polling._silent(mark, clock.now())] == [sms.pk]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        assert "notify_delivery_sms_sent" in str(cursor.fetchall())


def test_the_minutes_round_of_the_bulk_lane_asks(send, twilio, clock_of_test, settings):
    send()
    clock_of_test.advance("10 minutes")
    tasks.sweep("default")
    assert asked(twilio) == 0
    tasks.sweep("bulk")
    assert asked(twilio) == 1


def test_another_first_wait_makes_other_marks(settings, clock_of_test):
    poll_silent()
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "POLL_AFTER_SECONDS": 3600}
    poll_silent()
    assert list(PollMark.objects.order_by("wait_seconds").values_list("wait_seconds", flat=True)) == [
        3600 * 2**each for each in range(5)
    ]
