"""The REST API of a person's own inbox."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries
from uuid_utils.compat import uuid7

from notifications import services
from notifications.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from notifications.api.parsers import MAX_BYTES
from notifications.models import Delivery, Notification, Status
from notifications.realtime import protocol
from project.accounts.models import User
from tests.app.notifications import Everywhere, Inbox, UnlessSeen

pytestmark = pytest.mark.django_db

INBOX = "/api/v1/notifications/"


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha", phone="+14155552671")


@pytest.fixture
def ravi() -> User:
    return User.objects.create_user("ravi")


@pytest.fixture
def api(client: Client, asha: User) -> Client:
    client.force_login(asha)
    return client


def inbox(user: User, number: int = 1) -> list[Notification]:
    """Notifications in a person's inbox, the newest last."""
    return [services.notify(Inbox(text=f"Text {index}"), to=user)[0] for index in range(number)]


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(INBOX + path, json.dumps({} if body is None else body), content_type="application/json")


def titles(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [each["title"] for each in response.json()["results"]]


def test_an_item_has_the_shape_that_the_websocket_sends(api: Client, asha: User) -> None:
    (notification,) = inbox(asha)
    (item,) = api.get(INBOX).json()["results"]
    assert item == dict(protocol.item(notification))
    assert list(item) == list(protocol.Item.__annotations__)


def test_the_newest_stand_first_and_pages_follow_each_other_without_gap_or_double(api: Client, asha: User) -> None:
    inbox(asha, 7)
    first = api.get(INBOX, {"limit": 3})
    inbox(asha, 1)  # what comes in between does not shift the pages
    second = api.get(first.json()["next"])
    third = api.get(second.json()["next"])
    assert titles(first) + titles(second) + titles(third) == [f"Text {index}" for index in range(6, -1, -1)]
    assert third.json()["next"] is None


def test_the_filters_are_kept_in_the_address_of_the_next_page(api: Client, asha: User) -> None:
    inbox(asha, 3)
    following = api.get(f"{INBOX}?limit=1&type=tests.inbox&unread=true").json()["next"]
    assert "type=tests.inbox" in following
    assert "unread=true" in following
    assert titles(api.get(following)) == ["Text 1"]


def test_a_page_costs_two_queries_of_the_inbox(
    api: Client, asha: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    inbox(asha, 15)
    services.mark_all_read(asha)
    inbox(asha, 15)
    with django_assert_num_queries(4):  # session, user, page, mark
        api.get(INBOX)
    with django_assert_num_queries(5):  # and the mark once more, for the filter
        api.get(INBOX, {"unread": "true"})


def test_a_page_size_beyond_the_limit_is_capped(api: Client, asha: User) -> None:
    Notification.objects.bulk_create(
        Notification(recipient=asha, type="tests.inbox", category="general", position=uuid7())
        for _ in range(MAX_LIMIT + 5)
    )
    assert len(api.get(INBOX, {"limit": "9" * 5000}).json()["results"]) == MAX_LIMIT
    assert len(api.get(INBOX).json()["results"]) == DEFAULT_LIMIT


def test_only_ones_own_are_listed_and_those_of_others_are_not_found(api: Client, asha: User, ravi: User) -> None:
    (others,) = inbox(ravi)
    (own,) = inbox(asha)
    assert [each["id"] for each in api.get(INBOX).json()["results"]] == [str(own.pk)]
    for response in (
        api.get(f"{INBOX}{others.pk}/"),
        post(api, f"{others.pk}/read/"),
        api.get(f"{INBOX}{uuid4()}/"),
    ):
        assert response.status_code == 404
        assert response.json()["detail"].startswith("No notification ")
    assert post(api, "read/", {"ids": [str(others.pk)]}).json() == {"marked": 0}
    others.refresh_from_db()
    assert others.read_at is None


def test_what_is_archived_or_not_yet_in_the_inbox_is_not_shown(api: Client, asha: User) -> None:
    archived, scheduled = inbox(asha, 2)
    Notification.objects.filter(pk=archived.pk).update(archived_at=archived.created_at)
    Notification.objects.filter(pk=scheduled.pk).update(position=None)
    assert titles(api.get(INBOX)) == []
    assert api.get(f"{INBOX}{archived.pk}/").status_code == 404


def test_filters_by_type_and_category(api: Client, asha: User) -> None:
    inbox(asha)
    services.notify(Everywhere(text="visit"), to=asha)
    assert titles(api.get(INBOX, {"type": "tests.inbox"})) == ["Text 0"]
    assert titles(api.get(INBOX, {"category": "visits"})) == ["visit"]


def test_the_mark_of_read_all_counts_in_lists_filters_and_counts(api: Client, asha: User) -> None:
    inbox(asha, 2)
    assert api.get(f"{INBOX}counts/").json() == {"unread": 2, "unseen": 2}
    answer = post(api, "read-all/")
    newest = Notification.objects.inbox(asha).first()
    assert newest
    assert answer.json() == {"read_through": str(newest.position)}
    inbox(asha, 1)
    states = [(bool(each["read_at"]), bool(each["seen_at"])) for each in api.get(INBOX).json()["results"]]
    assert states == [(False, False), (True, True), (True, True)]
    assert len(titles(api.get(INBOX, {"unread": "true"}))) == 1
    assert len(titles(api.get(INBOX, {"unread": "false"}))) == 2
    assert api.get(f"{INBOX}{newest.pk}/").json()["read_at"]
    assert api.get(f"{INBOX}counts/").json() == {"unread": 1, "unseen": 1}
    assert Notification.objects.filter(read_at__isnull=False).count() == 0  # one small write, not one per row


def test_read_all_of_an_empty_inbox_sets_no_mark(api: Client) -> None:
    assert post(api, "read-all/").json() == {"read_through": None}


def test_marking_read_counts_what_is_new(api: Client, asha: User) -> None:
    first, second, _ = inbox(asha, 3)
    body = {"ids": [str(first.pk), str(second.pk)]}
    assert post(api, "read/", body).json() == {"marked": 2}
    assert post(api, "read/", body).json() == {"marked": 0}
    assert len(titles(api.get(INBOX, {"unread": "true"}))) == 1
    assert len(titles(api.get(INBOX, {"unread": "false"}))) == 2


def test_opening_one_answers_with_it_as_it_is_now(api: Client, asha: User) -> None:
    (notification,) = inbox(asha)
    answer = post(api, f"{notification.pk}/read/")
    assert (answer.status_code, answer.json()["id"]) == (200, str(notification.pk))
    assert answer.json()["read_at"]


def test_seeing_stops_the_fallback(api: Client, asha: User) -> None:
    services.notify(UnlessSeen(text="look"), to=asha)
    assert post(api, "seen/").json() == {"marked": 1}
    assert Delivery.objects.get(channel="sms").status == Status.SKIPPED
    assert post(api, "seen/", {"ids": []}).json() == {"marked": 0}


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ({"cursor": "zzz"}, "cursor", "'zzz' is no cursor. Valid: one of “next”, or the “position”"),
        ({"cursor": str(UUID(int=4))}, "cursor", "is no cursor"),
        ({"cursor": "\x00"}, "cursor", "is no cursor"),
        ({"limit": "many"}, "limit", "'many' is no page size. Valid: a whole number from 1 to 100."),
        ({"limit": "0"}, "limit", "is no page size"),
        ({"limit": "²"}, "limit", "is no page size"),
        ({"unread": "maybe"}, "unread", "Unknown unread 'maybe'. Known: 0, 1, false, true."),
        ({"type": "tests.nonsense"}, "type", "Unknown type 'tests.nonsense'. Known: "),
        ({"category": "\x00"}, "category", "Known: "),
        ({"catgory": "x"}, "catgory", "Known: category, cursor, limit, type, unread."),
    ],
)
def test_a_wrong_query_is_told_what_is_valid(api: Client, query: dict[str, str], field: str, text: str) -> None:
    response = api.get(INBOX, query)
    assert response.status_code == 400
    assert text in response.json()[field][0]


def test_a_forged_cursor_shows_nothing_of_others(api: Client, asha: User, ravi: User) -> None:
    inbox(asha)
    (others,) = inbox(ravi)
    assert titles(api.get(INBOX, {"cursor": str(others.position)})) == ["Text 0"]


@pytest.mark.parametrize(
    ("path", "body", "field", "text"),
    [
        ("read/", {}, "ids", "This field is required."),
        ("read/", {"ids": "all"}, "ids", "Expected a list"),
        ("read/", {"ids": ["nonsense"]}, "ids", "Must be a valid UUID."),
        ("read/", {"ids": [str(UUID(int=1))] * 101}, "ids", "no more than 100 elements"),
        ("read/", {"ids": [], "recipient": 1}, "recipient", "Unknown field. Known: ids."),
        ("read/", ["ids"], "non_field_errors", "Expected a dictionary"),
        ("seen/", {"id": "x"}, "id", "Unknown field. Known: ids."),
        ("read-all/", {"status": "read"}, "status", "Unknown field. Known: none."),
    ],
)
def test_a_wrong_body_is_told_what_is_valid(api: Client, path: str, body: object, field: str, text: str) -> None:
    response = post(api, path, body)
    assert response.status_code == 400
    assert text in json.dumps(response.json()[field])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[" * (MAX_BYTES - 1), 400),
        (" " * (MAX_BYTES + 1), 413),
        (" " * 3_000_000, 413),  # more than Django takes at all
        ('{"ids": NaN}', 400),
    ],
    ids=["broken", "deep", "large", "huge", "not a number"],
)
def test_a_hostile_body_is_refused(api: Client, body: str, status: int) -> None:
    response = api.post(f"{INBOX}read/", body, content_type="application/json")
    assert (response.status_code, list(response.json())) == (status, ["detail"])


def test_a_form_is_no_body(api: Client) -> None:
    assert api.post(f"{INBOX}read/", {"ids": "x"}).status_code == 415


@pytest.mark.parametrize("path", ["", "counts/", "read/", "seen/", "read-all/"])
def test_nobody_gets_in_without_a_session(client: Client, path: str) -> None:
    answer = client.get(INBOX + path) if path in ("", "counts/") else post(client, path)
    assert answer.status_code == 403


def test_a_session_alone_does_not_write_without_its_csrf_token(asha: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(asha)
    refused = post(strict, "read-all/")
    assert (refused.status_code, "CSRF" in refused.json()["detail"]) == (403, True)


def test_nothing_personal_stays_in_a_cache(api: Client) -> None:
    assert "no-store" in api.get(INBOX)["Cache-Control"]
