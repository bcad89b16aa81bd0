"""How often `notify` asks the database: a fixed number of times, whatever the number of recipients."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Notification
from notifications.services import notify
from notifications.types import NotificationType
from tests.app.notifications import Everywhere, Inbox, Note

TYPES = [Note(text="hello"), Inbox(text="hello"), Everywhere(text="hello")]
MOST = 8


def queries(instance: NotificationType, to: Any, **options: Any) -> int:
    """How many statements one call takes; BEGIN, COMMIT and savepoints count as well."""
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        notify(instance, to=to, **options)
    return len(captured)


@pytest.fixture(autouse=True)
def warm(make_person: Callable[..., Any]) -> None:
    """What is asked once in a process is asked before."""
    for instance in TYPES:
        notify(instance, to=make_person())


@pytest.mark.parametrize("instance", TYPES, ids=lambda instance: instance.key)
def test_notify_to_a_hundred_takes_eight_queries_at_most(
    instance: NotificationType, make_person: Callable[..., Any]
) -> None:
    people = [make_person() for _ in range(100)]
    before = Notification.objects.count(), Delivery.objects.count()
    assert queries(instance, people) <= MOST
    assert Notification.objects.count() == before[0] + 100
    assert Delivery.objects.count() == before[1] + 100 * len(type(instance).channels)


@pytest.mark.parametrize("instance", TYPES, ids=lambda instance: instance.key)
def test_notify_to_one_takes_as_few(instance: NotificationType, person: Any) -> None:
    assert queries(instance, person) <= MOST


def test_a_key_costs_no_query_of_its_own(make_person: Callable[..., Any]) -> None:
    first, second = make_person(), make_person()
    assert queries(Note(text="hello"), first, key="once") == queries(Note(text="hello"), second)
