"""Fault: workers are killed while many emails share requests. None is lost, and none is sent twice."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model

from notifications.messages import Receipt
from notifications.models import Delivery, Event
from notifications.services import notify, record_receipts
from tests.contract.sendgrid_server import API_KEY, SendGridServer
from tests.faults import ledger, steps
from tests.faults.app.notifications import Newsletter
from tests.faults.sites import Site

pytestmark = pytest.mark.slow

PEOPLE = 1000
EACH_STEP = 2
PATIENCE_SECONDS = 120


def configure(site: Site, server: SendGridServer) -> None:
    sendgrid = {"api_key": API_KEY, "api_url": f"{server.url}v3/", "batch_size": 25, "timeout_seconds": 3}
    site.configure(
        CHANNELS={"email": {"BACKEND": "notifications.channels.email.EmailChannel", "PROVIDERS": ["sendgrid"]}},
        PROVIDERS={
            "sendgrid": {
                "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
                "OPTIONS": {**sendgrid, "receipts": True, "reconcile_seconds": 5},
            },
        },
        FROM_EMAIL="Clinic <mail@clinic.example>",
        MAX_CRASHES=100,
    )


def test_workers_killed_amid_shared_requests_lose_no_email_and_send_none_twice(any_site: Site) -> None:
    """FAULTS: worker killed before claim, after claim, while the request is open, after the provider accepted, after
    settle: exactly one at the provider, which tells of each message that it took."""
    turns = iter(range(EACH_STEP))
    told: set[UUID] = set()
    with closing(SendGridServer()) as server:
        configure(any_site, server)

        def tend() -> None:
            news = set(server.taken()) - told
            record_receipts(Receipt(delivery_id=each, provider="sendgrid", state="delivered") for each in news)
            told.update(news)
            if not any_site.tokens.lie() and next(turns, None) is not None:
                for step in steps.STEPS:
                    any_site.tokens.lay(step)

        model = get_user_model()
        people = model._default_manager.bulk_create(
            model(username=f"person{each}", first_name=f"Ann{each}", email=f"person{each}@example.org")
            for each in range(PEOPLE)
        )
        notify(Newsletter(text="Spring has come"), to=people)
        tend()
        with any_site.crew() as crew:
            crew.hire("drain", 2, lane="bulk")
            finished = crew.until(lambda: not ledger.open_deliveries(), PATIENCE_SECONDS, tend=tend)
            assert finished, f"{ledger.tell_open({})}\n{crew.logs()}"
        tend()
        taken = Counter(server.taken())
        sizes = [len(each["personalizations"]) for each in server.mails]

    assert set(any_site.tokens.deaths()) == set(steps.STEPS)
    deliveries = list(Delivery.objects.all())
    wrong = [each for each in deliveries if taken[each.pk] != 1]
    assert not wrong, ledger.tell(wrong, {str(pk): number for pk, number in taken.items()})
    assert len(deliveries) == len(taken) == PEOPLE
    assert {each.status for each in deliveries} == {"delivered"}
    ledger.check_each_ended_once()
    assert sizes.count(25) >= PEOPLE / 25 / 2
    assert Event.objects.filter(kind="unknown").count() >= 25
