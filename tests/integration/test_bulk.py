"""Rows stored in bulk are those that `bulk_create` would have stored, by each way into each database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Event, Kind, Notification, Reason, Status, bulk
from notifications.types import Priority

WEST = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-7)))
TEXTS = ["", "plain", "tab\tand\nline", "back\\slash \\N \\.", "quotes \"' {}", "नमस्ते 😀 ﷺ", "x" * 5000]
SIZES = [1, bulk.COPY_FROM_ROWS - 1, bulk.COPY_FROM_ROWS]


def notifications(person: Any, number: int) -> list[Notification]:
    """With and without a value in each column that may be empty."""
    return [
        Notification(
            recipient=person,
            type="tests.note",
            category="general",
            priority=Priority.HIGH,
            payload={"text": TEXTS[n % len(TEXTS)], "list": [1, 2.5, None, True], "nested": {"ключ": "значение"}},
            key=f"key {n}" if n % 2 else None,
            title=TEXTS[n % len(TEXTS)][:200],
            body=TEXTS[n % len(TEXTS)],
            send_at=WEST,
            expires_at=datetime(2026, 10, 25, tzinfo=UTC) if n % 3 else None,
        )
        for n in range(number)
    ]


def deliveries(parents: Sequence[Notification]) -> list[Delivery]:
    """Of every state that needs other columns."""
    return [
        Delivery(
            notification=parent,
            channel="sms",
            status=Status.SENT if n % 2 else Status.PENDING,
            reason=Reason.NONE,
            detail=TEXTS[n % len(TEXTS)],
            due_at=None if n % 2 else WEST,
            cost=Decimal("0.007500") if n % 2 else None,
        )
        for n, parent in enumerate(parents)
    ]


def as_stored(rows: Sequence[models.Model]) -> list[dict[str, Any]]:
    """Their columns as the database has them, keys apart."""
    model = type(rows[0])
    names = [each.attname for each in model._meta.concrete_fields if not each.primary_key]
    found = model._default_manager.in_bulk([each.pk for each in rows])
    return [{name: getattr(found[each.pk], name) for name in names} for each in rows]


@pytest.mark.parametrize("number", SIZES)
def test_they_are_the_rows_of_bulk_create(person: Any, number: int) -> None:
    ours, theirs = notifications(person, number), notifications(person, number)
    for left, right in zip(ours, theirs, strict=True):
        right.created_at, left.key, right.key = left.created_at, None, None
    bulk.insert(ours)
    Notification.objects.bulk_create(theirs)
    assert as_stored(ours) == as_stored(theirs)

    mine, other = deliveries(ours), deliveries(ours)
    for one, two in zip(mine, other, strict=True):
        two.created_at = one.created_at
    bulk.insert(mine)
    Delivery.objects.bulk_create(other)
    assert as_stored(mine) == as_stored(other)


def test_what_an_event_tells_keeps_its_form(person: Any) -> None:
    (parent,) = notifications(person, 1)
    bulk.insert([parent])
    data = {"due_at": WEST, "cost": Decimal("1.50"), "text": "😀", "none": None}
    ours, theirs = (Event(notification=parent, kind=Kind.ACCEPTED, at=WEST, data=data) for _ in range(2))
    bulk.insert([ours])
    Event.objects.bulk_create([theirs])
    assert as_stored([ours]) == as_stored([theirs])


def test_rows_count_as_stored_afterwards(person: Any) -> None:
    (row,) = notifications(person, 1)
    bulk.insert([row])
    assert not row._state.adding
    row.title = "changed"
    row.save(update_fields=["title"])
    assert Notification.objects.get(pk=row.pk).title == "changed"


def test_nothing_is_asked_of_the_database_for_no_rows(db: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        bulk.insert([])
        assert bulk.insert_new([]) == set()
    assert len(captured) == 0


@pytest.mark.parametrize("number", SIZES)
def test_a_row_that_breaks_a_constraint_stores_none_of_them(person: Any, number: int) -> None:
    rows = notifications(person, number)
    bulk.insert(rows)
    bad = deliveries(rows)
    bad[-1].status, bad[-1].due_at = Status.SENT, WEST  # closed, and yet due
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(bad)
    assert not Delivery.objects.exists()


def test_only_rows_that_no_other_forbids_are_new(person: Any) -> None:
    first, same = notifications(person, 2), notifications(person, 3)
    assert bulk.insert_new(first) == {each.pk for each in first}
    assert bulk.insert_new(same) == {same[0].pk, same[2].pk}  # the keys of the odd ones are taken
    assert [each._state.adding for each in same] == [False, True, False]
