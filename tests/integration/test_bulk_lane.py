"""Emails of the bulk lane share requests to SendGrid: each person gets the own one, and nobody another's trouble."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from pytest_django import Settings

from notifications import clock
from notifications.messages import Receipt
from notifications.models import (
    Breaker,
    Cause,
    Delivery,
    Event,
    Kind,
    ProviderChange,
    ProviderHealth,
    ProviderOutcomes,
    Reason,
    Status,
)
from notifications.pipeline import breaker, dispatch, failover
from notifications.preferences.suppression import suppress
from notifications.services import notify, record_receipts
from notifications.testing import deliver_all, registered
from notifications.testing.providers import Scenario
from notifications.types import NotificationType, Priority
from tests.contract.http_server import Answer, Request
from tests.contract.sendgrid_server import API_KEY, SendGridServer, refusal

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 250
TEMPLATES = {
    "email.subject.txt": "For {{ recipient_name }}",
    "email.html": "<p>Dear {{ recipient_name }},</p><p>{{ text }}</p><p><a href='{{ unsubscribe_url }}'>No</a></p>",
}


class Newsletter(NotificationType):
    """Something for everybody, when there is time."""

    key = "tests.newsletter"
    channels = ("email",)
    priority = Priority.LOW

    text: str


class Letter(Newsletter):
    """The same for each alone."""

    key = "tests.letter"
    priority = Priority.NORMAL


class ChoosyServer(SendGridServer):
    """Refuses some addresses, and with them each request that names one."""

    refused: frozenset[str] = frozenset()

    def take(self, request: Request) -> Answer:
        for index, person in enumerate(request.json["personalizations"]):
            address = person["to"][0]["email"]
            if address in self.refused:
                return refusal(400, f"{address} is not a valid address.", f"personalizations.{index}.to.0.email")
        return super().take(request)


@pytest.fixture
def server(settings: Settings) -> Iterator[ChoosyServer]:
    server = ChoosyServer()
    options = {"api_key": API_KEY, "api_url": f"{server.url}v3/", "timeout_seconds": 2}
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "CHANNELS": {
            "email": {"BACKEND": "notifications.channels.email.EmailChannel", "PROVIDERS": ["sendgrid"]},
        },
        "PROVIDERS": {
            "sendgrid": {
                "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
                "OPTIONS": {**options, "receipts": True, "reconcile_seconds": 1},
            },
        },
        "FROM_EMAIL": "Clinic <mail@clinic.example>",
        "BACKOFF_BASE_SECONDS": 0.1,
    }
    with registered(Newsletter, templates=TEMPLATES), registered(Letter, templates=TEMPLATES):
        yield server
    server.close()


@pytest.fixture
def people() -> Sequence[Any]:
    model = get_user_model()
    names = [f"Person{number:03}" for number in range(PEOPLE)]
    return model._default_manager.bulk_create(
        model(username=each, first_name=each, email=f"{each.lower()}@example.org") for each in names
    )


def test_many_share_few_requests_and_each_gets_the_own_one(server: ChoosyServer, people: Sequence[Any]) -> None:
    notify(Newsletter(text="Spring has come"), to=people)
    deliver_all()
    assert len(server.mails) <= PEOPLE / 50
    got = {each.to["email"]: each for each in server.delivered()}
    assert got.keys() == {each.email for each in people}
    for person in people:
        mail = got[person.email]
        said = "".join([mail.subject, *mail.contents.values()])
        assert mail.subject == f"For {person.first_name}"
        assert said.count("Person") == said.count(person.first_name) == 3
    deliveries = Delivery.objects.all()
    assert {(each.status, each.attempts, each.provider_id in server.message_ids) for each in deliveries} == {
        (Status.SENT, 1, True)
    }
    links = [mail.headers["List-Unsubscribe"] for mail in got.values()]
    assert len(set(links)) == PEOPLE
    assert ProviderOutcomes.objects.by_alias(["sendgrid"], deliveries[0].created_at) == {
        "sendgrid": (len(server.mails), 0)  # a request counts once, whatever it carries
    }


def test_in_other_lanes_each_goes_alone(server: ChoosyServer, people: Sequence[Any]) -> None:
    notify(Letter(text="To you alone"), to=people[:20])
    deliver_all()
    assert [len(each["personalizations"]) for each in server.mails] == [1] * 20


def test_one_bad_address_fails_alone(server: ChoosyServer, people: Sequence[Any]) -> None:
    bad = people[7].email
    server.refused = frozenset({bad})
    notify(Newsletter(text="Spring has come"), to=people[:40])
    deliver_all()
    assert Counter(server.taken()) == Counter(Delivery.objects.exclude(address=bad).values_list("pk", flat=True))
    failed = Delivery.objects.get(address=bad)
    assert (failed.status, failed.reason) == (Status.FAILED, Reason.ADDRESS_REFUSED)
    others = Event.objects.exclude(delivery=failed)
    assert not [each.data for each in others if bad in str(each.data)]  # a refusal of all may name somebody
    together, alone = others.filter(delivery=Delivery.objects.exclude(address=bad)[0]).order_by("at")
    assert (together.data["provider"], together.data["attempt"]) == ("sendgrid", 1)
    assert together.data["error"] == "sendgrid refused a request for 40 messages: each goes alone now."
    assert (alone.kind, alone.data["attempt"]) == (Kind.ACCEPTED, 2)
    assert set(Delivery.objects.exclude(address=bad).values_list("status", flat=True)) == {Status.SENT}
    assert not ProviderHealth.objects.exclude(breaker=Breaker.CLOSED).exists()


def test_who_unsubscribes_meanwhile_is_left_out_of_the_request(server: ChoosyServer, people: Sequence[Any]) -> None:
    notify(Newsletter(text="Spring has come"), to=people[:10])
    suppress("email", people[3].email, Cause.COMPLAINT)
    deliver_all()
    assert {each.to["email"] for each in server.delivered()} == {
        each.email for each in people[:10] if each != people[3]
    }


def test_a_request_without_an_answer_leaves_all_it_carried_unknown_until_told_of(
    server: ChoosyServer, people: Sequence[Any]
) -> None:
    server.show(Scenario.SILENT_AFTER_TAKING)
    notify(Newsletter(text="Spring has come"), to=people[:30])
    dispatch.run("bulk", until=time.monotonic() + 30)
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.UNKNOWN}
    record_receipts(Receipt(delivery_id=each, provider="sendgrid", state="delivered") for each in server.taken())
    server.show(Scenario.SUCCESS)
    time.sleep(1)
    deliver_all()
    assert Counter(server.taken()) == Counter(Delivery.objects.values_list("pk", flat=True))
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.DELIVERED}
    assert ProviderOutcomes.objects.get().failed == 1


def test_probes_go_alone_so_that_a_newsletter_brings_a_provider_back(
    server: ChoosyServer, people: Sequence[Any]
) -> None:
    now = clock.now()
    failover.record([failover.Answered("sendgrid", False, now)] * breaker.FAILED_IN_A_ROW, now)
    ProviderHealth.objects.update(retry_at=clock.now())
    failover.forget()
    notify(Newsletter(text="Spring has come"), to=people[:50])
    dispatch.run("bulk", until=time.monotonic() + 30)
    assert ProviderHealth.objects.get().breaker == Breaker.CLOSED
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    deliver_all()
    assert Counter(server.taken()) == Counter(Delivery.objects.values_list("pk", flat=True))
    assert [len(each["personalizations"]) for each in server.mails] == [1] * breaker.PROBES + [50 - breaker.PROBES]


def test_a_service_that_is_silent_is_taken_out_after_one_time_out(
    server: ChoosyServer, people: Sequence[Any], settings: Settings
) -> None:
    """Were one request open at a time, failures would be too far apart to count together."""
    patient = 6
    options = settings.NOTIFICATIONS["PROVIDERS"]["sendgrid"]["OPTIONS"] | {"timeout_seconds": patient}
    sendgrid = {**settings.NOTIFICATIONS["PROVIDERS"]["sendgrid"], "OPTIONS": options}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PROVIDERS": {"sendgrid": sendgrid}}
    server.show(Scenario.SILENT)
    notify(Newsletter(text="Spring has come"), to=people)
    for number in range(3):
        notify(Newsletter(text=f"Number {number}"), to=people)
    dispatch.run("bulk", until=time.monotonic() + patient - 0.5)
    opened = ProviderChange.objects.get()
    assert opened.to == Breaker.OPEN
    assert opened.evidence["failed"] >= breaker.MIN_FAILURES
