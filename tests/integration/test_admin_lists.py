"""The admin's long lists: what they find, and that their cost does not grow with the tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from notifications import clock
from notifications.admin import bounded
from notifications.models import Delivery, Notification, Reason, Status
from notifications.services import notify
from project.accounts.models import User
from tests.app.notifications import Everywhere, Inbox, Note, UrgentNote

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/notification/"
DELIVERIES = "/admin/notify/delivery/"


@pytest.fixture
def admin(client: Client) -> Client:
    """Signed in as a superuser in Kolkata."""
    client.force_login(User.objects.create_superuser("root", time_zone="Asia/Kolkata"))
    return client


def found(admin: Client, address: str = LIST, **query: str) -> list[Any]:
    """The primary keys on the page, as they stand there."""
    response = admin.get(address, query)
    assert response.status_code == 200, response
    return [each.pk for each in response.context["cl"].result_list]


def text(admin: Client, address: str = LIST, **query: str) -> str:
    content = admin.get(address, query).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", content).split())


def sent(person: Any, number: int) -> list[Notification]:
    return [notify(Everywhere(text=str(index)), to=person)[0] for index in range(number)]


# Cost


def queries(admin: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        admin.get(address)
    return [each["sql"] for each in captured]


@pytest.mark.parametrize(
    "address",
    [
        LIST,
        f"{LIST}?q=person",
        f"{LIST}?status=pending&channel=sms",
        f"{LIST}?type=tests.everywhere&created_from=2026-01-01",
        DELIVERIES,
        f"{DELIVERIES}?q=person",
        f"{DELIVERIES}?status=pending&reason=scheduled",
        f"{DELIVERIES}?due=any",
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    admin: Client, make_person: Callable[..., Any], address: str
) -> None:
    sent(make_person(), 2)
    few = queries(admin, address)
    for _ in range(5):
        sent(make_person(), 2)
    many = queries(admin, address)
    assert len(few) == len(many) <= 15
    assert not [each for each in many if "COUNT(" in each]


def test_the_order_is_by_primary_key_whatever_the_address_says(admin: Client, person: Any) -> None:
    newest_first = sorted((each.pk for each in sent(person, 3)), reverse=True)
    for order in ("", "1", "2", "-3.1", "4", "x"):
        assert found(admin, o=order) == newest_first
    assert found(admin, DELIVERIES, o="3") == sorted(Delivery.objects.values_list("pk", flat=True), reverse=True)


def test_the_number_of_rows_is_counted_up_to_a_limit(
    admin: Client, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "CAP", 2)
    sent(person, 2)
    assert "2 notifications" in text(admin)
    sent(person, 1)
    assert "More than 2 notifications: search, or choose dates, to see others." in text(admin)


def test_a_filter_without_index_looks_at_the_newest_rows_and_says_so(
    admin: Client, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "WINDOW", 2)
    (old,) = notify(Inbox(text="old"), to=person)
    assert found(admin, type="tests.inbox") == [old.pk]
    sent(person, 3)
    assert found(admin, type="tests.inbox") == []
    note = "The filters looked at the newest 2 notifications. Choose dates to look at older ones."
    assert note in text(admin, type="tests.inbox")
    for unbounded in ({}, {"q": person.username}, {"created_from": "2026-01-01"}):
        assert "The filters looked at" not in text(admin, **unbounded)
        assert old.pk in found(admin, **unbounded)


def test_what_failed_is_found_however_old_it_is(admin: Client, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "WINDOW", 2)
    (old,) = notify(Note(text="old"), to=person)
    Delivery.objects.update(status=Status.FAILED, reason=Reason.REFUSED, due_at=None)
    sent(person, 3)
    (delivery,) = old.deliveries.all()
    assert found(admin, DELIVERIES, status="failed") == [delivery.pk]
    assert found(admin, DELIVERIES, status="failed", reason="refused", channel="sms") == [delivery.pk]
    assert found(admin, DELIVERIES, reason="refused") == []


# Filters


def test_state_and_channel_are_those_of_one_delivery(admin: Client, person: Any) -> None:
    (notification,) = sent(person, 1)
    notification.deliveries.filter(channel="sms").update(status=Status.FAILED, due_at=None)
    assert found(admin, status="failed", channel="sms") == [notification.pk]
    assert found(admin, status="failed", channel="email") == []
    assert found(admin, status="pending", channel="email") == [notification.pk]
    assert found(admin, status="nonsense") == []


def test_by_type_category_and_priority(admin: Client, person: Any) -> None:
    (everywhere,) = sent(person, 1)
    (urgent,) = notify(UrgentNote(text="x"), to=person)
    assert found(admin, type="tests.urgent_note") == [urgent.pk]
    assert found(admin, category="visits") == [everywhere.pk]
    assert found(admin, priority="1") == [urgent.pk]


def test_days_begin_where_the_reader_lives(admin: Client, person: Any) -> None:
    at = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)  # 5 March, half past midnight, in Kolkata
    milliseconds = int(at.timestamp() * 1000)
    pk = UUID(int=(milliseconds << 80) | (uuid7().int & (1 << 80) - 1))
    Notification.objects.create(pk=pk, recipient=person, type="tests.note", category="general", created_at=at)
    assert found(admin, created_from="2026-03-05", created_until="2026-03-05") == [pk]
    assert found(admin, created_until="2026-03-04") == []
    assert found(admin, created_from="2026-03-06") == []
    assert found(admin, created_until="2026-03-05", type="tests.note") == [pk]
    for nonsense in ("2026-02-31", "yesterday", "0001-01-01", "9999-12-31", "\x00"):
        assert found(admin, created_from=nonsense) == [pk]


def test_the_dates_keep_the_other_filters(admin: Client, person: Any) -> None:
    sent(person, 1)
    html = admin.get(LIST, {"status": "pending", "created_from": "2026-01-01"}).content.decode()
    assert '<input type="hidden" name="status" value="pending">' in html
    assert '<input type="date" name="created_from" value="2026-01-01">' in html
    assert 'href="?created_from=2026-01-01&amp;status=failed"' in html


def test_deliveries_by_what_is_still_to_be_done(admin: Client, person: Any) -> None:
    now = clock.now()
    (overdue,) = notify(Note(text="overdue"), to=person)
    (soon,) = notify(UrgentNote(text="soon"), to=person, at=now + timedelta(minutes=30))
    (later,) = notify(Note(text="later"), to=person, at=now + timedelta(days=1))
    (done,) = notify(Inbox(text="done"), to=person)
    Delivery.objects.filter(notification=overdue).update(due_at=now - timedelta(minutes=2))

    def ids(*notifications: Notification) -> list[UUID]:
        rows = Delivery.objects.filter(notification__in=notifications).order_by("-pk")
        return list(rows.values_list("pk", flat=True))

    assert found(admin, DELIVERIES, due="overdue") == ids(overdue)
    assert found(admin, DELIVERIES, due="hour") == ids(overdue, soon)
    assert found(admin, DELIVERIES, due="any") == ids(overdue, soon, later)
    assert found(admin, DELIVERIES, due="any", priority="1") == ids(soon)
    assert found(admin, DELIVERIES) == ids(overdue, soon, later, done)


def test_deliveries_by_provider_and_channel(admin: Client, person: Any) -> None:
    sent(person, 1)
    Delivery.objects.filter(channel="sms").update(provider="sandbox")
    (sms,) = Delivery.objects.filter(channel="sms")
    assert found(admin, DELIVERIES, provider="sandbox") == [sms.pk]
    assert found(admin, DELIVERIES, channel="sms") == [sms.pk]


# Search


def test_search_by_what_an_index_serves(admin: Client, make_person: Callable[..., Any]) -> None:
    asha = make_person(username="asha.menon", email="menon@example.org")
    ravi = make_person(username="ravi")
    (hers,) = notify(Note(text="x"), to=asha, key="reminder:7", subject=ravi)
    (his,) = notify(Note(text="x"), to=ravi)
    (delivery,) = hers.deliveries.all()
    for term in (
        str(hers.pk), hers.pk.hex, str(delivery.pk), "reminder:7", f"user:{ravi.pk}", f"accounts.user:{ravi.pk}",
        "asha", "asha.menon", "menon@", " asha ",
    ):  # fmt: skip
        assert found(admin, q=term) == [hers.pk], term
        assert found(admin, DELIVERIES, q=term) == [delivery.pk], term
    for term in (str(uuid4()), "menon.", "reminder", "user:0", "nothing:7", "%", "_", "\x00", "x" * 500):
        assert found(admin, q=term) in ([], [his.pk, hers.pk])
        assert (found(admin, q=term) == []) == (term != "\x00"), term


def test_search_goes_together_with_filters(admin: Client, person: Any) -> None:
    (note,) = notify(Note(text="x"), to=person)
    notify(Inbox(text="x"), to=person)
    assert found(admin, q=person.username, type="tests.note") == [note.pk]


def test_search_finds_the_newest_when_there_are_too_many(
    admin: Client, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.admin.search.LIMIT", 3)
    monkeypatch.setattr(bounded, "CAP", 2)
    newest_first = [notify(Inbox(text="x"), to=person)[0].pk for _ in range(5)][::-1]
    assert found(admin, q=person.username) == newest_first[:3]
    assert "More than 2 notifications" in text(admin, q=person.username)
