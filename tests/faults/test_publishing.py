"""Fault: a text is published, and rolled back, while messages of it are worded, claimed and being sent.

T6: nothing that leaves after the call has returned has the old text. Counted at the provider's side.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction

from notifications import clock
from notifications.exceptions import TemplateStateError
from notifications.models import (
    Delivery,
    Event,
    Kind,
    Notification,
    Status,
    TemplateChange,
    TemplateStamp,
    TemplateVersion,
    VersionState,
)
from notifications.pipeline import work
from notifications.pipeline.dispatch import Round
from notifications.pipeline.settle import settle
from notifications.pipeline.starting import start
from notifications.services import notify
from notifications.services import templates as staff
from notifications.services.templates.editing import locked_version
from notifications.services.templates.publishing import put_in_force
from notifications.templating import texts
from notifications.testing import registered
from notifications.types import NotificationType
from tests.contract.sendgrid_server import API_KEY, SendGridServer
from tests.faults import ledger, sites
from tests.faults.app.notifications import ByText, Newsletter
from tests.faults.short_times import LOOPBACK, SMS
from tests.faults.sites import Site, run_round

WORKERS = 4
PEOPLE = 250
EACH = 20
PUBLICATIONS = 6


@pytest.fixture
def phones(any_site: Site) -> Site:
    """A site whose text messages go through the counting provider."""
    return with_phones(any_site)


def with_phones(site: Site) -> Site:
    options = {"url": site.provider.url, "timeout_seconds": 3, "reconcile_seconds": 5, "mode": "look_up"}
    site.configure(
        CHANNELS={"sms": {"BACKEND": SMS, "PROVIDERS": ["counted"]}},
        PROVIDERS={"counted": {"BACKEND": LOOPBACK, "OPTIONS": options}},
    )
    return site


def draft(number: int) -> TemplateVersion:
    return staff.begin(ByText.key, "sms", by=None, parts={"sms.txt": f"wording {number}: {{{{ text }}}}"})


def wordings(arrivals: list[tuple[str, int]]) -> list[tuple[int, int]]:
    """(number of the wording, marks before it) of each arrival; the file's is number 0."""
    return [(int(text.split()[1].strip(":")) if text.startswith("wording") else 0, marks) for text, marks in arrivals]


@pytest.mark.slow
def test_none_of_5000_messages_has_the_old_text_once_a_publication_has_returned(phones: Site) -> None:
    """FAULTS: publish under load: four processes send, and the text changes six times meanwhile."""
    phones.provider.behave(before=0.02, after=0.02)
    people = sites.people(PEOPLE)
    for number in range(EACH):
        notify(ByText(text=f"message {number}"), to=people)
    sent = Delivery.objects.filter(status=Status.SENT)
    in_flight = []
    with phones.crew() as crew:
        crew.hire("drain", WORKERS)
        for number in range(1, PUBLICATIONS + 1):
            enough = 100 + (number - 1) * PEOPLE * EACH // (PUBLICATIONS + 1)
            assert crew.until(lambda enough=enough: sent.count() >= enough, 120), crew.logs()  # type: ignore[misc]
            publication = staff.publish(draft(number), by=None)
            phones.provider.mark()
            in_flight.append(publication.in_flight)
        assert crew.until(lambda: not ledger.open_deliveries(), 180), ledger.tell_open({}) + crew.logs()
        assert crew.deaths == 0
    assert in_flight == [0] * PUBLICATIONS, "a publication did not wait for the requests that were open"
    arrived = wordings(phones.provider.arrivals())
    late = [(wording, marks) for wording, marks in arrived if wording < marks]
    assert not late, f"{len(late)} messages with an older wording arrived after a publication had returned: {late[:5]}"
    assert {marks for _, marks in arrived} == set(range(PUBLICATIONS + 1)), "no messages between two publications"
    assert set(phones.provider.counts().values()) == {1}
    assert len(arrived) == PEOPLE * EACH == sent.count()
    stored = dict(TemplateVersion.objects.values_list("pk", "number"))
    told = [stored[pk] if pk else 0 for pk in sent.values_list("version_id", flat=True)]
    assert sorted(told) == sorted(wording for wording, _ in arrived), "deliveries tell of another version than was sent"
    ledger.check_each_ended_once()


def test_what_was_worded_before_a_publication_is_worded_again_and_not_dropped(phones: Site) -> None:
    people = sites.people(3)
    notify(ByText(text="a"), to=people)
    claimed = work.claim("default", 3)
    work.prepare(claimed)
    staff.publish(draft(1), by=None)
    assert start(claimed) == [], "a message with the old text was started"
    assert {each.delivery.started_at for each in claimed} == {None}
    assert work.outdated(claimed) == claimed
    work.give_back(claimed)
    Delivery.objects.update(due_at=Delivery.objects.values("created_at")[:1])
    assert run_round() == 3
    assert {text for text, _ in phones.provider.arrivals()} == {"wording 1: a"}
    assert ledger.by_status(Delivery.objects.all()) == {("sent", ""): 3}


def test_a_publication_waits_for_the_requests_that_are_open_and_tells_of_those_that_last(phones: Site) -> None:
    phones.provider.behave(before=1.0)
    (person,) = sites.people(1)
    notify(ByText(text="a"), to=person)
    round_ = threading.Thread(target=run_round)
    round_.start()
    try:
        while not Delivery.objects.filter(started_at__isnull=False).exists():
            pass
        impatient = staff.publish(draft(1), by=None, wait=0.05)
        assert impatient.in_flight == 1
        patient = staff.roll_back(impatient.template, by=None, wait=10)
        assert patient.in_flight == 0
        assert Delivery.objects.get().status == Status.SENT
    finally:
        round_.join()


def test_who_starts_messages_while_a_publication_commits_waits_for_it_and_sends_nothing_old(phones: Site) -> None:
    """Without the lock on the stamp the start would see the world before, and send after the publication."""
    notify(ByText(text="a"), to=sites.people(3))
    claimed = work.claim("default", 3)
    work.prepare(claimed)
    renewed, commit = threading.Event(), threading.Event()

    def publish() -> None:
        with transaction.atomic():
            TemplateStamp.renew()
            renewed.set()
            commit.wait(10)

    with ThreadPoolExecutor(2) as threads:
        publication = threads.submit(closing, publish)
        assert renewed.wait(10)
        starting = threads.submit(closing, lambda: start(claimed))
        with pytest.raises(TimeoutError):
            starting.result(timeout=0.5)
        commit.set()
        publication.result(10)
        assert starting.result(10) == []


def test_a_rollback_takes_nothing_back_that_was_published_while_it_looked(phones: Site) -> None:
    staff.publish(draft(1), by=None)
    template = staff.publish(draft(2), by=None).template
    third, locked = draft(3), threading.Event()

    def publish() -> None:
        with transaction.atomic():
            put_in_force(locked_version(third), by=None, note="", action=TemplateChange.Action.PUBLISHED)
            locked.set()
            time.sleep(0.5)

    with ThreadPoolExecutor(1) as threads:
        publication = threads.submit(closing, publish)
        assert locked.wait(10)
        with pytest.raises(TemplateStateError, match=r"Version 2 is no longer published: version 3 is\."):
            staff.roll_back(template, by=None)
        publication.result(10)
    assert template.versions.get(state=VersionState.PUBLISHED) == third


def test_emails_that_share_requests_are_worded_again_and_still_share_them(any_site: Site) -> None:
    with contextlib.closing(SendGridServer()) as server:
        sendgrid = {"api_key": API_KEY, "api_url": f"{server.url}v3/", "batch_size": 25, "timeout_seconds": 3}
        any_site.configure(
            CHANNELS={"email": {"BACKEND": "notifications.channels.email.EmailChannel", "PROVIDERS": ["sendgrid"]}},
            PROVIDERS={
                "sendgrid": {"BACKEND": "notifications.providers.sendgrid.SendGridProvider", "OPTIONS": sendgrid}
            },
            FROM_EMAIL="Clinic <mail@clinic.example>",
        )
        model = get_user_model()
        readers = (model(username=f"reader{each}", email=f"reader{each}@example.org") for each in range(50))
        notify(Newsletter(text="Spring has come"), to=model._default_manager.bulk_create(readers))
        round_ = Round("bulk", time.monotonic() + 20)
        round_._take()
        assert [len(each.works) for each in round_.ready] == [25, 25]
        parts = {"email.subject.txt": "New {{ text }}", "email.html": "<p>{{ text }}</p>"}
        version = staff.publish(staff.begin(Newsletter.key, "email", by=None, parts=parts), by=None).version
        assert version is not None
        assert round_.run() == 50
        assert len(server.taken()) == len(set(server.taken())) == 50
        assert [mail["personalizations"][0]["subject"] for mail in server.mails] == ["New Spring has come"] * 2
    found = set(Delivery.objects.values_list("status", "version_id", "attempts", "crashes"))
    assert found == {(Status.SENT, version.pk, 1, 0)}, "worded twice, tried once"


class ForInbox(NotificationType):
    """In the inbox alone."""

    key = "faults.for_inbox"

    text: str


def test_what_a_worker_words_for_the_inbox_is_worded_again_if_another_text_is_published_meanwhile(
    any_site: Site,
) -> None:
    (person,) = sites.people(1)
    with registered(ForInbox, {"in_app.title.txt": "Title", "in_app.txt": "file: {{ text }}"}):
        notify(ForInbox(text="a"), to=person, at=clock.now() + timedelta(seconds=30))
        before = Delivery.objects.get()
        Delivery.objects.update(due_at=clock.now())
        claimed = work.claim("default", 1)
        work.prepare(claimed)
        parts = {"in_app.title.txt": "Title", "in_app.txt": "wording 1: {{ text }}"}
        version = staff.publish(staff.begin(ForInbox.key, "in_app", by=None, parts=parts), by=None).version
        assert settle([(each.delivery, each.outcome) for each in claimed if each.outcome]) == 0
        waiting = Delivery.objects.get()
        assert (waiting.status, waiting.reason, waiting.attempts, waiting.crashes, waiting.settled_at) == (
            before.status, before.reason, 0, 0, before.settled_at,
        )  # fmt: skip
        assert Notification.objects.get().position is None
        assert not Event.objects.filter(delivery_id=before.pk, kind=Kind.DELIVERED).exists()
        assert run_round() == 1
    assert Notification.objects.get().body == "wording 1: a"
    assert (Delivery.objects.get().status, Delivery.objects.get().version) == (Status.DELIVERED, version)


def test_a_thread_that_still_sees_the_database_of_before_takes_no_other_back_to_the_old_text(
    postgresql_site: Site,
) -> None:
    """In a long transaction with a snapshot of its own, while another words messages after the publication."""
    with_phones(postgresql_site)
    looked, published = threading.Event(), threading.Event()

    def chosen() -> int | None:
        return texts.choose(ByText.key, "sms", "en", 1).wording.version

    def in_a_snapshot() -> int | None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            texts.refresh()
            chosen()
            looked.set()
            assert published.wait(10)
            texts.refresh()
            return chosen()

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(closing, in_a_snapshot)
        assert looked.wait(10)
        version = staff.publish(draft(1), by=None).version
        texts.refresh()
        published.set()
        assert other.result(10) is None
    assert version is not None
    assert chosen() == version.pk


def closing(function: Callable[[], Any]) -> Any:
    try:
        return function()
    finally:
        connections.close_all()
