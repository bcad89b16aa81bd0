"""Ten thousand posts at once, to a real server while workers apply them (FAULTS: 10,000 at once)."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from django.db import connections

from notifications.models import Delivery, Event, Notification, Status, WebhookEvent
from notifications.services import apply_waiting
from project.accounts.models import User
from tests.integration.webhooks.sendgrid_posts import URL, Signer, event
from tests.services.web import HOST, WebServer, web_server

NAMES = ("processed", "delivered", "open", "bounce")
POSTS = 10_000
EMAILS = POSTS // len(NAMES)
SENDERS, WORKERS = 50, 2
PATIENCE_SECONDS = 180

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sendgrid() -> Signer:
    """SendGrid."""
    return Signer()


@pytest.fixture
def server(sendgrid: Signer, transactional_db: None) -> Iterator[WebServer]:
    """The project's server, which knows SendGrid's key."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.services.webhook_settings", "LOG_LEVEL": "ERROR"}
    with web_server(WEBHOOK_PUBLIC_KEY=sendgrid.public_key, **settings) as server:
        yield server


@pytest.fixture
def emails(transactional_db: None) -> list[Delivery]:
    """Emails that SendGrid has taken."""
    user = User.objects.create_user("ada", email="ada@example.org")
    notifications = [
        Notification(recipient=user, type="tests.everywhere", payload={"text": "a"}) for _ in range(EMAILS)
    ]
    Notification.objects.bulk_create(notifications, batch_size=500)
    made = [
        Delivery(
            notification=each, channel="email", status=Status.SENT, address=f"ada{n}@example.org", provider="sendgrid"
        )
        for n, each in enumerate(notifications)
    ]
    return Delivery.objects.bulk_create(made, batch_size=500)


def post_all(server: WebServer, sendgrid: Signer, told: Sequence[dict[str, Any]]) -> Counter[int]:
    """Post each event by itself, over one connection. Returns the statuses of the answers."""
    statuses: Counter[int] = Counter()
    with closing(HTTPConnection(HOST, server.port, timeout=60)) as connection:
        for each in told:
            body = json.dumps([each]).encode()
            connection.request("POST", URL, body, {**sendgrid.headers(body), "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
    return statuses


def test_all_are_stored_none_is_lost_and_each_has_one_transition(server, sendgrid, emails):
    told = [event(name, each) for each in emails for name in NAMES]
    random.shuffle(told)
    all_posted = threading.Event()

    def work(_: int) -> int:
        applied = 0
        try:
            while not all_posted.is_set():
                applied += apply_waiting()
                time.sleep(0.2)
        finally:
            connections.close_all()
        return applied

    with ThreadPoolExecutor(SENDERS) as senders, ThreadPoolExecutor(WORKERS) as workers:
        working = [workers.submit(work, number) for number in range(WORKERS)]
        try:
            lots = [told[number::SENDERS] for number in range(SENDERS)]
            statuses = sum(senders.map(lambda lot: post_all(server, sendgrid, lot), lots), Counter())
        finally:
            all_posted.set()
        applied = sum(each.result() for each in working)
    assert statuses == {200: POSTS}
    assert WebhookEvent.objects.count() == POSTS
    assert applied + rest() == POSTS
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.BOUNCED}
    for kind in ("bounced", "opened"):
        assert once_each(kind) == EMAILS
    assert once_each("delivered") > 0


def rest() -> int:
    """Apply what is left, also what waits for its next look. Returns how many."""
    applied, until = 0, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and WebhookEvent.objects.filter(applied_at=None).exists():
        applied += apply_waiting()
        time.sleep(0.1)
    return applied


def once_each(kind: str) -> int:
    """How many deliveries have this event; none has it twice."""
    found = list(Event.objects.filter(kind=kind).values_list("delivery_id", flat=True))
    assert len(found) == len(set(found))
    return len(found)
