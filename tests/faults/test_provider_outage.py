"""Fault: the first of two email providers goes down in the middle of 1,000 emails, and comes back.

SendGrid comes first, a mail server is the backup; both are real servers on loopback. SendGrid is set up to tell of each
message it takes (`receipts`), so what may have been taken is decided: told of, it was; else it is sent again.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, islice
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from pytest_django import Settings

from notifications import clock, conf
from notifications.channels.registry import get_channel
from notifications.messages import Receipt
from notifications.models import Breaker, Delivery, Event, Kind, ProviderChange, ProviderHealth, Status
from notifications.pipeline import breaker, dispatch, failover, health
from notifications.preferences.locale import zone_of
from notifications.services import notify, record_receipts
from notifications.testing import registered
from notifications.testing.providers import Scenario
from notifications.types import NotificationType
from tests.contract.sendgrid_server import API_KEY, SendGridServer, refusal
from tests.contract.smtp_server import SmtpServer, smtp_server
from tests.faults import ledger

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EMAILS = 1000
WORKERS = 2
PATIENCE_SECONDS = 60
PROVIDERS = "notifications.providers"
TEMPLATES = {"email.subject.txt": "Number {{ number }}", "email.html": "<p>Number {{ number }}</p>"}


class Numbered(NotificationType):
    """An email with a number."""

    key = "tests.numbered"
    channels = ("email",)

    number: int


@dataclass
class Clinic:
    """Two servers, people, and how many emails they were sent."""

    primary: SendGridServer
    backup: SmtpServer
    people: Sequence[Any]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(EMAILS)))
    told: set[UUID] = field(default_factory=set)

    def send(self, emails: int) -> list[Any]:
        """Send so many of the 1,000; fewer if no more are left."""
        numbers = list(islice(self.numbers, emails))
        people = islice(cycle(self.people), len(numbers))
        return [notify(Numbered(number=each), to=person)[0] for each, person in zip(numbers, people, strict=True)]

    def taken(self) -> Counter[UUID]:
        """Delivery → how often the two servers took it."""
        return Counter([*self.primary.taken(), *self.backup.taken()])

    def tell(self) -> None:
        """Tell of what SendGrid took since the last time, as its webhook does."""
        news = set(self.primary.taken()) - self.told
        record_receipts(Receipt(delivery_id=each, provider="sendgrid", state="delivered") for each in news)
        self.told |= news


@pytest.fixture
def clinic(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    for name, seconds in {"COOL_DOWN": 1, "MAX_COOL_DOWN": 2, "PROBE_TIME": 2, "RAMP": 0.5}.items():
        monkeypatch.setattr(breaker, name, timedelta(seconds=seconds))
    monkeypatch.setattr(health, "LOOK_AGAIN_SECONDS", 0.1)
    model = get_user_model()
    names = [f"person{number}" for number in range(100)]
    rows = [model(username=each, email=f"{each}@example.org") for each in names]
    primary = SendGridServer()
    with smtp_server() as backup:
        sendgrid = {"api_key": API_KEY, "api_url": f"{primary.url}v3/", "timeout_seconds": 0.7}
        mail = {"host": "127.0.0.1", "port": backup.port, "use_tls": False, "timeout_seconds": 20}
        settings.NOTIFICATIONS = {
            **settings.NOTIFICATIONS,
            "CHANNELS": {
                "email": {"BACKEND": "notifications.channels.email.EmailChannel", "PROVIDERS": ["sendgrid", "smtp"]},
            },
            "PROVIDERS": {
                "sendgrid": {
                    "BACKEND": f"{PROVIDERS}.sendgrid.SendGridProvider",
                    "OPTIONS": {**sendgrid, "receipts": True, "reconcile_seconds": 3},
                },
                "smtp": {"BACKEND": f"{PROVIDERS}.smtp.SmtpProvider", "OPTIONS": mail},
            },
            "FROM_EMAIL": "Clinic <mail@clinic.example>",
        }
        with registered(Numbered, templates=TEMPLATES):
            yield Clinic(primary, backup, model._default_manager.bulk_create(rows))
    primary.close()


@contextmanager
def at_work(clinic: Clinic) -> Iterator[None]:
    """Workers deliver, and SendGrid's webhook tells, until the block ends."""
    over = threading.Event()

    def repeat(errand: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                errand()
                over.wait(0.05)
        finally:
            connections.close_all()

    errands = [lambda: dispatch.run("default", until=time.monotonic() + 2)] * WORKERS
    threads = [threading.Thread(target=repeat, args=[each]) for each in (*errands, clinic.tell)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


def wait_for(what: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        changes = [f"{each}: {each.reason} {each.evidence}" for each in ProviderChange.objects.all()]
        assert time.monotonic() < until, "\n".join([*changes, ledger.tell_open({})])
        meanwhile()
        time.sleep(0.1)


def state() -> str:
    return ProviderHealth.objects.filter(alias="sendgrid").values_list("breaker", flat=True).first() or Breaker.CLOSED


def shown(client: Client, address: str) -> str:
    """The text of a page."""
    content = client.get(f"/admin/notify/providerhealth/{address}").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", content).split())


def refuse(server: SendGridServer) -> None:
    server.show(Scenario.REFUSED)


def answer_500(server: SendGridServer) -> None:
    server.scripted = refusal(500, "internal server error")


def take_nothing_in_time(server: SendGridServer) -> None:
    server.show(Scenario.SILENT)


def take_and_say_nothing_in_time(server: SendGridServer) -> None:
    server.show(Scenario.SILENT_AFTER_TAKING)


@pytest.mark.parametrize("go_down", [refuse, answer_500, take_nothing_in_time, take_and_say_nothing_in_time])
def test_when_the_first_provider_goes_down_every_email_still_arrives_once(
    clinic: Clinic, admin_client: Client, admin_user: Any, go_down: Callable[[SendGridServer], None]
) -> None:
    """FAULTS: typed outcome; the breaker opens, the backup takes over, a probe closes it again."""
    primary, backup = clinic.primary, clinic.backup
    with at_work(clinic):
        clinic.send(300)
        wait_for(lambda: len(primary.taken()) > 150)
        go_down(primary)
        clinic.send(400)
        wait_for(lambda: len(backup.taken()) > 250)
        down = shown(admin_client, "")
        primary.scripted = None
        primary.drop_connections()
        primary.show(Scenario.SUCCESS)
        wait_for(lambda: state() == Breaker.CLOSED, meanwhile=lambda: clinic.send(5))
        wait_for(lambda: failover.shares(get_channel("email"), clock.now()) == {"sendgrid": 1, "smtp": 0})
        wait_for(lambda: not ledger.open_deliveries())
        last = clinic.send(EMAILS)
        wait_for(lambda: not ledger.open_deliveries())

    deliveries = list(Delivery.objects.all())
    assert clinic.taken() == Counter({each.pk: 1 for each in deliveries}), ledger.tell_open({})
    assert len(deliveries) == EMAILS
    assert {each.status for each in deliveries} <= {Status.SENT, Status.DELIVERED}

    opened, *_, probed, closed = ProviderChange.objects.filter(alias="sendgrid").order_by("pk")
    assert (opened.to, probed.to, closed.to) == (Breaker.OPEN, Breaker.HALF_OPEN, Breaker.CLOSED)
    assert breaker.FAILED_IN_A_ROW <= opened.evidence["failed"] <= 20
    assert opened.evidence["succeeded"] > opened.evidence["failed"] * 5  # in mid-run
    assert not ProviderChange.objects.filter(alias="smtp").exists()
    in_vain = Event.objects.filter(kind__in=(Kind.RETRYING, Kind.UNKNOWN), data__provider="sendgrid").count()
    assert in_vain <= 20 + 3 * breaker.PROBES + WORKERS * conf.get().CONCURRENCY  # with what was open when it went down
    taken_back = set(Delivery.objects.filter(notification__in=last).values_list("provider", flat=True))
    assert len(last) > 100 and taken_back == {"sendgrid"}

    assert "sendgrid email out of use" in down or "sendgrid email being probed" in down
    assert "smtp email in use – – 100%" in down
    story = shown(admin_client, "sendgrid/change/")
    failed, succeeded = opened.evidence["failed"], opened.evidence["succeeded"]
    for change, words in {
        opened: f"out of use: it failed too often {opened.evidence['failed_in_a_row']} requests in a row failed.",
        probed: "being probed",
        closed: "in use 3 probes succeeded.",
    }.items():
        assert f"{change.at.astimezone(zone_of(admin_user)):%Y-%m-%d %H:%M:%S} {words}" in story
    assert f"{failed} failed and {succeeded} succeeded in the last minute; last error: " in story
