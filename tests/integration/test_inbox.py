"""The inbox: what stands in it, what counts as unread and unseen (P4, A2)."""

from datetime import timedelta

import pytest

from notifications import clock
from notifications.models import Event, Notification
from notifications.services import mark_all_read, mark_read, mark_seen, notify
from tests.app.notifications import Inbox, Note

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(person):
    return [notify(Inbox(text=text), to=person)[0] for text in "abc"]


def counts(user):
    return tuple(Notification.objects.counts(user).values())


def test_the_newest_is_first_and_what_is_not_for_the_inbox_is_not_in_it(person, three):
    notify(Note(text="by sms"), to=person)
    notify(Inbox(text="later"), to=person, at=clock.now() + timedelta(hours=1))
    assert list(Notification.objects.inbox(person)) == three[::-1]


def test_seen_and_read_are_told_once(person, three):
    assert counts(person) == (3, 3)
    assert mark_seen(person, [each.pk for each in three]) == 3
    assert counts(person) == (3, 0)
    assert mark_read(person, [three[0].pk]) == 1
    assert mark_read(person, [three[0].pk]) == 0
    assert counts(person) == (2, 0)
    assert Event.objects.filter(kind="read").count() == 1


def test_another_persons_notification_cannot_be_marked(make_person, three):
    assert mark_read(make_person(), [three[0].pk]) == 0
    assert counts(three[0].recipient) == (3, 3)


def test_all_read_is_a_mark_and_what_comes_after_is_unread(person, three, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        assert mark_all_read(person) == three[-1].position
    assert counts(person) == (0, 0)
    assert Notification.objects.filter(read_at__isnull=False).count() == 0
    notify(Inbox(text="d"), to=person)
    assert counts(person) == (1, 1)


def test_all_read_never_goes_back(person, three):
    mark = mark_all_read(person)
    Notification.objects.filter(pk=three[-1].pk).update(archived_at=clock.now())
    assert mark_all_read(person) == mark


def test_all_read_of_an_empty_inbox_does_nothing(person):
    assert mark_all_read(person) is None


def test_counts_stop_at_a_hundred(person):
    notify(Inbox(text="x"), to=person)
    (first,) = Notification.objects.all()
    Notification.objects.bulk_create(
        Notification(recipient=person, type=first.type, category="c", position=Notification().pk) for _ in range(120)
    )
    assert counts(person) == (100, 100)
