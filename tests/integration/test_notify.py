"""`notify`: what is stored, when, for whom (C2, C6, C9, C11, P4, S6)."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from notifications import clock
from notifications.exceptions import (
    KeyTooLongError,
    RecipientError,
    ScheduleError,
    UnknownChannelError,
    UnknownTypeError,
)
from notifications.models import Delivery, Event, Notification, Reason, Status
from notifications.services import notify
from notifications.testing import registered
from notifications.types import NotificationType
from tests.app.models import Visit
from tests.app.notifications import Everywhere, Expiring, Inbox, Note, UnlessSeen, VisitReminder, WithFallback

pytestmark = pytest.mark.django_db


def states(notification: Notification) -> dict[str, tuple[str, str]]:
    return {each.channel: (each.status, each.reason) for each in notification.deliveries.all()}


def test_each_channel_gets_a_delivery_and_the_inbox_is_complete_at_once(person):
    (notification,) = notify(Everywhere(text="hello"), to=person)
    notification.refresh_from_db()
    assert states(notification) == {
        "email": (Status.PENDING, ""),
        "sms": (Status.PENDING, ""),
        "push": (Status.PENDING, ""),
        "in_app": (Status.DELIVERED, ""),
    }
    assert (notification.title, notification.body) == ("hello", "In app: hello")
    assert notification.link == "http://localhost:8000/visits/"
    assert list(Notification.objects.inbox(person)) == [notification]
    assert Notification.objects.counts(person) == {"unread": 1, "unseen": 1}


def test_a_channel_without_an_address_is_skipped_with_its_reason(make_person):
    (notification,) = notify(Everywhere(text="hello"), to=make_person(phone="", device=""))
    assert states(notification) == {
        "email": (Status.PENDING, ""),
        "sms": (Status.SKIPPED, Reason.NO_ADDRESS),
        "push": (Status.SKIPPED, Reason.NO_ADDRESS),
        "in_app": (Status.DELIVERED, ""),
    }


def test_a_disabled_address_is_skipped_with_its_reason(person):
    person.contact_points.update(disabled_at=clock.now())
    (notification,) = notify(Everywhere(text="hello"), to=person)
    assert states(notification)["push"] == (Status.SKIPPED, Reason.ADDRESS_DISABLED)


def test_push_goes_to_every_device_and_sms_to_the_primary_number(person):
    person.contact_points.create(channel="push", address="tablet")
    person.contact_points.create(channel="sms", address="+447700900001")
    person.contact_points.create(channel="sms", address="+447700900002", is_primary=True)
    (notification,) = notify(Everywhere(text="hello"), to=person)
    addresses = list(notification.deliveries.values_list("channel", "address").order_by("channel"))
    assert [address for channel, address in addresses if channel == "sms"] == ["+447700900002"]
    assert len([address for channel, address in addresses if channel == "push"]) == 2


def test_fallbacks_stand_by(person):
    (notification,) = notify(WithFallback(text="hello"), to=person)
    assert states(notification) == {
        "sms": (Status.PENDING, ""),
        "in_app": (Status.DELIVERED, ""),
        "email": (Status.STANDBY, Reason.FALLBACK),
        "push": (Status.STANDBY, Reason.FALLBACK),
    }


def test_the_first_fallback_goes_at_once_when_nothing_before_it_can(make_person):
    (notification,) = notify(WithFallback(text="hello"), to=make_person(phone=""))
    assert states(notification) == {
        "sms": (Status.SKIPPED, Reason.NO_ADDRESS),
        "in_app": (Status.DELIVERED, ""),
        "email": (Status.PENDING, ""),
        "push": (Status.STANDBY, Reason.FALLBACK),
    }


def test_a_fallback_for_the_unseen_waits_its_time(person):
    (notification,) = notify(UnlessSeen(text="hello"), to=person)
    sms = notification.deliveries.get(channel="sms")
    assert (sms.status, sms.due_at) == (Status.STANDBY, notification.send_at + timedelta(minutes=10))


def test_an_inactive_person_gets_nothing_and_it_says_why(make_person, person):
    (gone, _) = notify(Everywhere(text="hello"), to=[make_person(is_active=False), person])
    assert set(states(gone).values()) == {(Status.SKIPPED, Reason.RECIPIENT_INACTIVE)}
    assert Notification.objects.counts(gone.recipient)["unread"] == 0


# Recipients


def test_recipients_are_users_groups_and_querysets_each_person_once(make_person):
    ann, bob, eve = make_person(), make_person(), make_person()
    group = Group.objects.create(name="nurses")
    group.user_set.add(ann, bob)
    users = get_user_model()._default_manager
    assert {each.recipient for each in notify(Note(text="a"), to=group)} == {ann, bob}
    assert {each.recipient for each in notify(Note(text="b"), to=users.filter(pk=eve.pk))} == {eve}
    everyone = notify(Note(text="c"), to=[ann, group, users.all(), eve])
    assert sorted(each.recipient_id for each in everyone) == sorted([ann.pk, bob.pk, eve.pk])


def test_nobody_is_no_error(person):
    assert notify(Note(text="a"), to=[]) == []


def test_more_people_than_a_chunk_get_theirs(db):
    users = get_user_model()
    made = users._default_manager.bulk_create(
        users(username=f"crowd{n}", email=f"crowd{n}@example.org", phone="+447700900000") for n in range(2100)
    )
    assert len(notify(Note(text="a"), to=made)) == 2100
    assert Delivery.objects.filter(status=Status.PENDING).count() == 2100


@pytest.mark.parametrize("to", ["ann", 3, {"a": 1}, [None], [["x"]]])
def test_what_is_no_recipient_is_refused_with_what_is_valid(person, to):
    with pytest.raises(RecipientError, match=r"is no recipient.*Valid: a user, a group, a queryset of users"):
        notify(Note(text="a"), to=to)
    assert not Notification.objects.exists()


def test_a_wrong_recipient_behind_a_thousand_good_ones_leaves_nothing_and_the_caller_may_go_on(db):
    users = get_user_model()
    made = users._default_manager.bulk_create(users(username=f"c{n}", phone="+447700900000") for n in range(1001))
    with transaction.atomic():
        with pytest.raises(RecipientError):
            notify(Note(text="a"), to=[*made, "ann"])
        Visit.objects.create(visitor=made[0], starts_at=clock.now())
    assert (Notification.objects.count(), Visit.objects.count()) == (0, 1)


def test_a_person_without_an_address_on_any_channel_is_refused(make_person):
    nobody = make_person(phone="")
    with pytest.raises(
        RecipientError, match=r"cannot be reached by tests\.note\. Tried: sms \(the recipient has no add"
    ):
        notify(Note(text="a"), to=nobody)
    assert not Notification.objects.exists()


def test_among_many_the_unreachable_one_is_stored_as_skipped(person, make_person):
    notify(Note(text="a"), to=[person, make_person(phone="")])
    assert sorted(Delivery.objects.values_list("status", flat=True)) == [Status.PENDING, Status.SKIPPED]


def test_a_type_without_recipients_asks_for_them(person):
    with pytest.raises(RecipientError, match=r"tests\.note: no recipients\. Pass to=…, or define recipients\(\)"):
        notify(Note(text="a"))


def test_an_unknown_type_is_refused(person):
    class Unregistered(NotificationType):
        key = "tests.unregistered"

    with pytest.raises(UnknownTypeError, match=r"Unknown notification type 'tests\.unregistered'\. Known: "):
        notify(Unregistered(), to=person)
    with pytest.raises(UnknownTypeError, match="takes an instance of a registered NotificationType"):
        notify(Note, to=person)  # type: ignore[arg-type]


def test_an_unknown_channel_is_refused_with_the_known_ones(person):
    class Wrong(NotificationType):
        key = "tests.wrong"
        channels = ("smss",)

    with registered(Wrong), pytest.raises(UnknownChannelError) as caught:
        notify(Wrong(), to=person)
    assert str(caught.value) == "Unknown channel 'smss'. Known: email, in_app, push, sms."
    assert not Notification.objects.exists()


# Time


def test_a_scheduled_one_waits_everywhere_also_in_the_inbox(person):
    at = clock.now() + timedelta(hours=3)
    (notification,) = notify(Everywhere(text="hello"), to=person, at=at)
    assert set(states(notification).values()) == {(Status.PENDING, Reason.SCHEDULED)}
    assert set(notification.deliveries.values_list("due_at", flat=True)) == {at}
    assert not Notification.objects.inbox(person).exists()


def test_a_time_of_day_is_in_each_recipients_own_zone(make_person):
    delhi, berlin = make_person(time_zone="Asia/Kolkata"), make_person(time_zone="Europe/Berlin")
    created = notify(Note(text="a"), to=[delhi, berlin], at=time(9, 30))
    for notification, zone in zip(created, ("Asia/Kolkata", "Europe/Berlin"), strict=True):
        local = notification.send_at.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (9, 30)
        assert timedelta() < notification.send_at - clock.now() <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (datetime(2030, 1, 1), "is naive. Give it a time zone"),
        (datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC")), "is in the past"),
        (time(9, tzinfo=ZoneInfo("UTC")), "has a time zone"),
        ("tomorrow", "Valid: an aware datetime, or a datetime.time"),
    ],
)
def test_a_wrong_time_is_refused(person, at, message):
    with pytest.raises(ScheduleError, match=message):
        notify(Note(text="a"), to=person, at=at)
    assert not Notification.objects.exists()


def test_a_time_that_has_only_just_passed_means_now(person):
    (notification,) = notify(Note(text="a"), to=person, at=clock.now() - timedelta(seconds=20))
    assert notification.deliveries.get().reason == Reason.NONE


def test_expiry_counts_from_the_time_of_sending(person):
    at = clock.now() + timedelta(hours=5)
    (notification,) = notify(Expiring(text="a"), to=person, at=at)
    assert notification.expires_at == at + timedelta(hours=1)


# Keys


def test_a_key_makes_a_repeat_a_no_op_for_the_same_type_and_person_only(person, make_person):
    other = make_person()
    assert len(notify(Note(text="a"), to=person, key="k")) == 1
    assert notify(Note(text="b"), to=person, key="k") == []
    assert len(notify(Note(text="c"), to=[person, other], key="k")) == 1
    assert len(notify(Expiring(text="d"), to=person, key="k")) == 1
    assert Delivery.objects.count() == Notification.objects.count() == 3


def test_replace_lets_the_newest_win_and_tells_so(person):
    (first,) = notify(Note(text="a"), to=person, key="k", at=clock.now() + timedelta(hours=1))
    (second,) = notify(Note(text="b"), to=person, key="k", at=clock.now() + timedelta(hours=2), replace=True)
    assert states(first) == {"sms": (Status.CANCELLED, Reason.REPLACED)}
    assert states(second) == {"sms": (Status.PENDING, Reason.SCHEDULED)}
    assert [event.data["reason"] for event in Event.objects.filter(notification=first)] == [Reason.REPLACED]
    first.refresh_from_db()
    assert (first.key, second.key) == (None, "k")


def test_replace_leaves_what_was_sent_alone(person):
    (first,) = notify(Inbox(text="a"), to=person, key="k")
    (second,) = notify(Inbox(text="b"), to=person, key="k", replace=True)
    first.refresh_from_db()
    assert states(first) == {"in_app": (Status.DELIVERED, "")}
    assert (first.cancelled_at, list(Notification.objects.inbox(person))) == (None, [second, first])


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_of_wrong_length_is_refused(person, key):
    with pytest.raises(KeyTooLongError, match="A key has 1 to 200 characters"):
        notify(Note(text="a"), to=person, key=key)
    assert not Notification.objects.exists()


def test_replace_without_a_key_is_refused(person):
    with pytest.raises(KeyTooLongError, match="needs a key"):
        notify(Note(text="a"), to=person, replace=True)


# The caller's transaction


def test_a_rollback_leaves_nothing(person):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify(Everywhere(text="hello"), to=person)
        raise ZeroDivisionError
    assert not (Notification.objects.exists() or Delivery.objects.exists())


def test_the_subject_is_stored_and_found(person):
    visit = Visit.objects.create(visitor=person, starts_at=clock.now())
    (notification,) = notify(VisitReminder(visit_id=visit.pk), to=person)
    assert Notification.objects.get(pk=notification.pk).subject == visit


def test_a_query_that_fails_while_the_inbox_text_is_made_harms_nobody(person):
    class Broken(Inbox):
        key = "tests.inbox"

        def context(self, recipient):
            return {"text": Visit.objects.extra(where=["no_such_column = 1"]).count()}

    with transaction.atomic():
        (notification,) = notify(Broken(text="a"), to=person)
        Visit.objects.create(visitor=person, starts_at=clock.now())
    delivery = notification.deliveries.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.TEMPLATE_ERROR)
    assert "no_such_column" in delivery.detail
    assert Visit.objects.count() == 1
