"""Fault: a STOP comes while messages to its number are queued, claimed and being sent. None leaves after it."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client

from notifications.models import Delivery, Event, InboundMessage, Reason, Status, Suppression
from notifications.pipeline import request, work
from notifications.pipeline.settle import settle
from notifications.pipeline.starting import start
from notifications.services import apply_inbound, notify
from tests.faults import ledger, sites
from tests.faults.app.notifications import ByText
from tests.faults.short_times import LOOPBACK, SMS
from tests.faults.sites import Site, run_round
from tests.integration.webhooks.twilio_posts import BASE_URL, inbound, post, twilio

QUEUED = 500
OTHERS = 100


@pytest.fixture
def phones(any_site: Site, settings: Any) -> Site:
    """A site whose text messages go through the counting provider, and which Twilio tells what people write."""
    settings.ALLOWED_HOSTS = ["*"]
    options = {"url": any_site.provider.url, "timeout_seconds": 3, "reconcile_seconds": 5, "mode": "look_up"}
    any_site.configure(
        BASE_URL=BASE_URL,
        CHANNELS={"sms": {"BACKEND": SMS, "PROVIDERS": ["counted"]}},
        PROVIDERS={"counted": {"BACKEND": LOOPBACK, "OPTIONS": options}, "twilio": twilio()},
    )
    return any_site


def stop(number: str) -> set[UUID]:
    """Have a person answer STOP. Returns the deliveries whose requests were open when it was committed."""
    answer = post(Client(), inbound("STOP", number))
    assert answer.status_code == 200, answer.content
    return started(number)


def started(number: str) -> set[UUID]:
    return set(Delivery.objects.filter(address=number, started_at__isnull=False).values_list("pk", flat=True))


def test_none_of_500_queued_messages_leaves_after_the_stop_while_workers_send(phones: Site) -> None:
    """FAULTS: STOP while a send is queued or claimed: not sent, reason recorded."""
    phones.provider.behave(before=0.03, after=0.03)
    person, *others = sites.people(1 + OTHERS)
    for number in range(QUEUED):
        notify(ByText(text=f"message {number}"), to=person)
    notify(ByText(text="to others"), to=others)
    with phones.crew() as crew:
        crew.hire("drain", 2)
        sent = Delivery.objects.filter(address=person.phone, status=Status.SENT)
        assert crew.until(lambda: sent.count() >= 5, 60), crew.logs()
        were_open = stop(person.phone)
        assert crew.until(lambda: not ledger.open_deliveries(), 60), ledger.tell_open({})
        assert crew.until(lambda: not InboundMessage.objects.filter(applied_at=None).exists(), 30), crew.logs()
    counts = phones.provider.counts()
    rows = list(Delivery.objects.filter(address=person.phone))
    assert len(rows) == QUEUED
    assert started(person.phone) <= were_open, "a request was opened after the STOP was committed"
    for row in rows:
        ended, taken = (row.status, row.reason), counts[str(row.pk)]
        right: dict[tuple[str, str], bool] = {
            (Status.SENT, ""): taken == 1 and row.pk in were_open,
            (Status.SKIPPED, "suppressed"): taken == 0,
        }
        assert right.get(ended), ledger.tell([row], counts)
    assert sum(row.status == Status.SKIPPED for row in rows) > 100, "the STOP came too late to race anybody"
    assert Delivery.objects.exclude(address=person.phone).filter(status=Status.SENT).count() == OTHERS
    ledger.check_each_ended_once()


def test_what_is_claimed_is_not_sent_and_what_is_open_is_not_called_back(phones: Site) -> None:
    """FAULTS: STOP while a send is claimed: the atomic recheck refuses it, whatever the gate has said before."""
    (person,) = sites.people(1)
    for number in range(20):
        notify(ByText(text=f"message {number}"), to=person)
    open_ = work.claim("default", 2)
    claimed = work.claim("default", 5)
    work.prepare([*open_, *claimed])
    assert all(each.message is not None for each in (*open_, *claimed))
    assert len(start(open_)) == 2
    stop(person.phone)
    assert start(claimed) == []
    for each in open_:
        (answer,), latency = request.call(request.Request([each]), request.Unrecorded())
        request.finish(each, answer, latency)
        assert each.outcome is not None
    settle([(each.delivery, each.outcome) for each in open_ if each.outcome])
    run_round()
    assert sum(phones.provider.counts().values()) == 2
    ends = list(Delivery.objects.values_list("status", "reason"))
    assert sorted(set(ends)) == [(Status.SENT, ""), (Status.SKIPPED, Reason.SUPPRESSED)]
    assert Event.objects.filter(kind="skipped").count() == 18


def test_messages_that_are_made_while_the_stop_is_on_its_way_do_not_leave(phones: Site) -> None:
    """FAULTS: STOP, with callers that notify at the same moment."""
    (person,) = sites.people(1)
    over = threading.Event()
    errors: list[BaseException] = []

    def call() -> None:
        try:
            while not over.is_set():
                notify(ByText(text="again"), to=person)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    def send() -> None:
        while not over.is_set():
            run_round(1)

    threads = [*(threading.Thread(target=call) for _ in range(2)), threading.Thread(target=send)]
    for each in threads:
        each.start()
    while sum(phones.provider.counts().values()) < 10:
        over.wait(0.05)
    were_open = stop(person.phone)
    over.wait(1)
    over.set()
    for each in threads:
        each.join()
    run_round()
    apply_inbound()
    assert not errors
    assert started(person.phone) <= were_open
    counts = phones.provider.counts()
    assert {UUID(each) for each in counts} <= were_open
    assert set(counts.values()) == {1}
    assert ledger.open_deliveries() == 0


def test_of_stops_that_come_at_once_one_is_kept_and_none_fails(phones: Site) -> None:
    """FAULTS: STOP posted by several processes at once."""
    (person,) = sites.people(1)
    notify(ByText(text="a"), to=person)
    answers = sites.in_threads(6, lambda: post(Client(), inbound("STOP", person.phone)).status_code)
    assert answers == [200] * 6
    assert Suppression.objects.filter(address=person.phone, lifted_at=None).count() == 1
    assert InboundMessage.objects.count() == 6
    run_round()
    assert phones.provider.counts() == {}
