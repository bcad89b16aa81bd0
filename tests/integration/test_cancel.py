"""Cancel, reschedule, replay: what is stopped, moved or repeated, and what had already gone (C6, C7, C14)."""

import time
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from notifications import clock
from notifications.exceptions import NotificationError, ScheduleError
from notifications.messages import Message, Receipt, SmsMessage
from notifications.models import Delivery, Event, Notification, Reason, SandboxFault, SandboxMessage, Status
from notifications.models.outbox import claim
from notifications.pipeline import dispatch
from notifications.pipeline.starting import start
from notifications.pipeline.work import claim as claim_work
from notifications.pipeline.work import prepare
from notifications.providers.sandbox import SandboxProvider
from notifications.services import Cancellation, Rescheduling, cancel, notify, replay, reschedule, timeline
from tests.app.models import Visit
from tests.app.notifications import Everywhere, Expiring, Inbox, Note, VisitReminder, WithFallback

pytestmark = pytest.mark.django_db(transaction=True)

TOMORROW = timedelta(days=1)


def work() -> int:
    return dispatch.run("default", until=time.monotonic() + 20)


def test_what_is_pending_is_cancelled_with_its_fallbacks(person):
    notify(WithFallback(text="a"), to=person, key="k", at=clock.now() + TOMORROW)
    assert cancel(key="k") == Cancellation(cancelled=4)
    assert set(Delivery.objects.values_list("status", "reason", "due_at")) == {("cancelled", "cancelled", None)}
    assert Event.objects.filter(kind="cancelled").count() == 4
    assert not Notification.objects.inbox(person).exists()


def test_what_had_gone_is_said_and_left_alone(person):
    notify(Everywhere(text="a"), to=person, key="k")
    work()
    assert cancel(key="k") == Cancellation(already_sent=4)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent", "delivered"}


def test_all_that_is_about_an_object_is_cancelled_and_nothing_else(person):
    first, second = (Visit.objects.create(visitor=person, starts_at=clock.now()) for _ in range(2))
    for visit in (first, second):
        notify(VisitReminder(visit_id=visit.pk), to=person, at=clock.now() + TOMORROW)
    assert cancel(subject=first) == Cancellation(cancelled=1)
    assert Delivery.objects.get(notification__subject_id=str(second.pk)).status == Status.PENDING


def test_type_and_recipient_narrow_it(person, make_person):
    other = make_person()
    for type_ in (Note, Expiring):
        notify(type_(text="a"), to=[person, other], key="k")
    assert cancel(key="k", type=Note, recipient=other) == Cancellation(cancelled=1)
    assert Delivery.objects.filter(status=Status.PENDING).count() == 3


def test_the_timeline_says_who_cancelled(person):
    (notification,) = notify(Note(text="a"), to=person)
    cancel(ids=[notification.pk], by=person)
    assert timeline(notification)[-1].text == f"Cancelled — cancelled by a caller — by {person}"


def test_cancel_wants_to_know_what_is_meant(person):
    notify(Note(text="a"), to=person)
    with pytest.raises(NotificationError, match="Say what is meant: key=…, subject=… or ids=…"):
        cancel(recipient=person)


def test_a_cancel_that_is_rolled_back_cancels_nothing(person):
    notify(Note(text="a"), to=person, key="k")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cancel(key="k")
        raise ZeroDivisionError
    assert work() == 1


def test_a_claimed_delivery_can_still_be_cancelled(person):
    (notification,) = notify(Note(text="a"), to=person)
    works = claim_work("default", 10)
    prepare(works)
    assert cancel(ids=[notification.pk]) == Cancellation(cancelled=1)
    assert start(works) == []  # the request may not open any more
    assert not SandboxMessage.objects.exists()


def test_a_request_that_is_open_is_said_to_be_in_flight_and_not_repeated(person, monkeypatch):
    (notification,) = notify(Note(text="a"), to=person)
    answers = []

    def send(provider: SandboxProvider, message: Message) -> Receipt:
        answers.append(cancel(ids=[notification.pk]))
        raise TimeoutError

    monkeypatch.setattr(SandboxProvider, "send", send)
    work()
    assert answers == [Cancellation(in_flight=1)]
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    work()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.CANCELLED, Reason.CANCELLED)
    assert len(answers) == 1


def test_a_replaced_one_in_flight_is_not_repeated_either(person, monkeypatch):
    notify(Note(text="old"), to=person, key="k")
    sent = []

    def send(provider: SandboxProvider, message: SmsMessage) -> Receipt:
        sent.append(message.text)
        if message.text == "old":
            notify(Note(text="new"), to=person, key="k", replace=True)
            raise TimeoutError
        return Receipt(delivery_id=message.delivery_id)

    monkeypatch.setattr(SandboxProvider, "send", send)
    work()
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    work()
    assert sent == ["old", "new"]


# Reschedule


def test_what_is_pending_moves_and_its_expiry_moves_along(person):
    at = clock.now() + TOMORROW
    (notification,) = notify(Expiring(text="a"), to=person, at=at, key="k")
    later = at + timedelta(hours=5)
    assert reschedule(key="k", at=later) == Rescheduling(moved=1)
    notification.refresh_from_db()
    assert Delivery.objects.get().due_at == notification.send_at == later
    assert notification.expires_at == later + timedelta(hours=1)


def test_what_was_sent_cannot_be_moved(person):
    notify(Note(text="a"), to=person, key="k")
    work()
    assert reschedule(key="k", at=clock.now() + TOMORROW) == Rescheduling(already_sent=1)
    assert Delivery.objects.get().due_at is None


@pytest.mark.parametrize(
    ("at", "message"),
    [(datetime(2030, 1, 1), "naive"), (datetime.fromisoformat("2020-01-01T00:00:00+00:00"), "in the past")],
)
def test_a_wrong_time_moves_nothing(person, at, message):
    notify(Note(text="a"), to=person, key="k", at=clock.now() + TOMORROW)
    with pytest.raises(ScheduleError, match=message):
        reschedule(key="k", at=at)
    assert not Event.objects.exists()


# Replay


def failed(person, type_=Note):
    SandboxFault.objects.create(fault="refuse")
    (notification,) = notify(type_(text="a"), to=person)
    work()
    return notification.deliveries.get()


def test_a_failed_delivery_is_sent_again_once(person):
    delivery = failed(person)
    assert replay([delivery.pk], dry_run=True).replayed == 1
    assert work() == 0
    assert replay([delivery.pk], by=person).replayed == 1
    assert replay([delivery.pk]).refused == {"is pending": 1}
    work()
    assert SandboxMessage.objects.count() == 1
    assert Event.objects.get(kind="replayed").data["by"] == str(person)


def test_what_has_not_failed_was_cancelled_or_has_expired_is_not_sent_again(person):
    expired, cancelled = failed(person, Expiring), failed(person)
    Notification.objects.filter(pk=expired.notification_id).update(expires_at=clock.now())
    Notification.objects.filter(pk=cancelled.notification_id).update(cancelled_at=clock.now())
    (shown,) = notify(Inbox(text="a"), to=person)
    ids = [expired.pk, cancelled.pk, shown.deliveries.get().pk]
    assert replay(ids).refused == {"has expired": 1, "was cancelled": 1, "is delivered": 1}
    assert work() == 0


def test_a_lease_is_its_owners_until_it_ends(person):
    notify(Note(text="a"), to=person)
    lease = timedelta(seconds=60)
    ids, deadline = claim((2,), 10, lease)
    assert len(ids) == 1
    assert claim((2,), 10, lease)[0] == []
    assert Delivery.objects.get().due_at == deadline
