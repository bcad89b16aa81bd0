"""Topics for roles: the phones of a group's members get what its topic is sent, and no others do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from pytest_django import Settings

from notifications import clock, tasks
from notifications.devices import Device
from notifications.models import ContactPoint, Delivery, PollMark, Status, TopicSubscription
from notifications.providers.fcm import FcmProvider
from notifications.services import notify, planned_changes, sync_topics, sync_topics_in_turn, topics
from notifications.services.devices import register_device, unregister_device
from notifications.testing import deliver_all, frozen_clock, registered
from notifications.types import NotificationType
from tests.contract.fcm_server import FcmServer, refusal
from tests.integration.push_services import push_services
from tests.integration.test_commands import run, run_json

pytestmark = pytest.mark.django_db(transaction=True)


class WardRound(NotificationType):
    """Calls the doctors of a ward together."""

    key = "tests.ward_round"
    channels = ("push",)

    ward: int


class Finding(NotificationType):
    """A finding, that only its readers may know."""

    key = "tests.finding"
    channels = ("push",)
    sensitive = True

    ward: int


TEMPLATES = {"push.title.txt": "Ward {{ ward }}", "push.txt": "The round begins in ward {{ ward }}."}


@pytest.fixture
def fcm(settings: Settings) -> Iterator[FcmServer]:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PUSH_TOPICS": {"doctors": "role.doctor"}}
    with push_services() as services:
        yield services.fcm


@pytest.fixture
def doctors(fcm: FcmServer) -> Group:
    return Group.objects.create(name="doctors")


@pytest.fixture
def doctor(make_person: Any, doctors: Group) -> Any:
    """Make a doctor with a phone of that name."""

    def make(phone: str = "phone", **values: Any) -> Any:
        person = make_person(device="", **values)
        person.groups.add(doctors)
        if phone:
            register_device(person, Device("fcm", phone))
        return person

    return make


def subscribed(fcm: FcmServer, topic: str = "role.doctor") -> set[str]:
    return set(fcm.subscribed[topic])


def asked(fcm: FcmServer) -> int:
    """How many requests came since the last look."""
    number = len(fcm.requests)
    fcm.requests.clear()
    return number


def stand_for_the_role(make_person: Any) -> Any:
    role = make_person(device="", username="role-doctors")
    ContactPoint.objects.create(user=role, channel="push", address="topic:role.doctor")
    return role


# Who is subscribed.


def test_the_phones_of_a_groups_active_members_are_subscribed_and_no_others(
    fcm: FcmServer, doctor: Any, make_person: Any
) -> None:
    ada = doctor("ada")
    register_device(ada, Device("fcm", "tablet"))
    ContactPoint.objects.create(user=ada, channel="push", address="webpush:{}")
    doctor("retired", is_active=False)
    register_device(make_person(device=""), Device("fcm", "patient"))
    [changes] = sync_topics()
    assert subscribed(fcm) == {"ada", "tablet"}
    assert (changes.topic, changes.subscribed, changes.unsubscribed, changes.failed) == ("role.doctor", 2, 0, 0)


def test_a_run_without_changes_makes_no_request(fcm: FcmServer, doctor: Any) -> None:
    doctor()
    sync_topics()
    assert asked(fcm) == 1
    assert [each.done for each in sync_topics()] == [0]
    assert asked(fcm) == 0


def leaves_the_group(person: Any) -> None:
    person.groups.clear()


def loses_the_account(person: Any) -> None:
    person.is_active = False
    person.save()


def is_deleted(person: Any) -> None:
    person.delete()


def signs_out(person: Any) -> None:
    assert unregister_device(person, Device("fcm", "phone"))


def switches_it_off(person: Any) -> None:
    ContactPoint.objects.filter(user=person).update(disabled_at=clock.now())


@pytest.mark.parametrize("happens", [leaves_the_group, loses_the_account, is_deleted, signs_out, switches_it_off])
def test_the_phone_of_one_who_has_the_role_no_more_is_unsubscribed(fcm: FcmServer, doctor: Any, happens: Any) -> None:
    person = doctor("phone")
    doctor("other")
    sync_topics()
    happens(person)
    [changes] = sync_topics()
    assert (changes.unsubscribed, subscribed(fcm)) == (1, {"other"})
    assert TopicSubscription.objects.count() == 1


def test_a_phone_that_is_handed_on_gets_the_roles_messages_no_more(
    fcm: FcmServer, doctor: Any, make_person: Any
) -> None:
    doctor("phone")
    sync_topics()
    register_device(make_person(device=""), Device("fcm", "phone"))
    sync_topics()
    assert subscribed(fcm) == set()


def test_a_phone_that_is_handed_on_to_a_colleague_stays_subscribed(fcm: FcmServer, doctor: Any) -> None:
    doctor("phone")
    sync_topics()
    register_device(doctor(""), Device("fcm", "phone"))
    asked(fcm)
    sync_topics()
    assert (subscribed(fcm), asked(fcm)) == ({"phone"}, 0)


def test_a_phone_with_a_new_token_is_subscribed_under_it(fcm: FcmServer, doctor: Any) -> None:
    person = doctor("old")
    sync_topics()
    register_device(person, Device("fcm", "new"), replaces=Device("fcm", "old"))
    sync_topics()
    assert subscribed(fcm) == {"new"}


def test_one_who_comes_back_is_subscribed_again(fcm: FcmServer, doctor: Any, doctors: Group) -> None:
    person = doctor()
    for _ in range(2):
        person.groups.add(doctors)
        sync_topics()
        assert subscribed(fcm) == {"phone"}
        person.groups.clear()
        sync_topics()
        assert subscribed(fcm) == set()


def test_another_topic_for_a_group_takes_the_place_of_the_first(
    fcm: FcmServer, doctor: Any, settings: Settings
) -> None:
    doctor()
    sync_topics()
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PUSH_TOPICS": {"doctors": "medics"}}
    sync_topics()
    assert (subscribed(fcm), subscribed(fcm, "medics")) == (set(), {"phone"})
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PUSH_TOPICS": {}}
    sync_topics()
    assert subscribed(fcm, "medics") == set()


def test_two_groups_may_share_a_topic(
    fcm: FcmServer, doctor: Any, doctors: Group, make_person: Any, settings: Settings
) -> None:
    shared = {"doctors": "staff", "nurses": "staff"}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PUSH_TOPICS": shared}
    both, nurse, nurses = doctor("both"), make_person(device=""), Group.objects.create(name="nurses")
    register_device(nurse, Device("fcm", "nurse"))
    nurses.user_set.add(nurse, both)
    sync_topics()
    assert subscribed(fcm, "staff") == {"both", "nurse"}
    both.groups.remove(doctors)
    assert [each.done for each in sync_topics()] == [0]


def test_many_phones_are_changed_in_chunks(fcm: FcmServer, doctor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "CHUNK", 3)
    people = [doctor(f"phone{number}") for number in range(10)]
    [changes] = sync_topics()
    assert (changes.subscribed, len(subscribed(fcm))) == (10, 10)
    for each in people[:7]:
        each.groups.clear()
    [changes] = sync_topics()
    assert (changes.unsubscribed, len(subscribed(fcm))) == (7, 3)


# What goes wrong.


def test_a_phone_that_is_gone_is_given_up_and_not_asked_for_again(fcm: FcmServer, doctor: Any) -> None:
    person = doctor("gone")
    doctor("other")
    fcm.gone = {"gone"}
    [changes] = sync_topics()
    assert (changes.subscribed, changes.given_up, changes.failed) == (1, 1, 0)
    point = ContactPoint.objects.get(user=person)
    assert point.disabled_at is not None
    assert "FCM" in point.disabled_reason
    assert list(TopicSubscription.objects.values_list("address", flat=True)) == ["fcm:other"]
    asked(fcm)
    sync_topics()
    assert asked(fcm) == 0


def test_a_phone_that_is_gone_when_it_is_unsubscribed_leaves_nothing_behind(fcm: FcmServer, doctor: Any) -> None:
    person = doctor("gone")
    sync_topics()
    leaves_the_group(person)
    fcm.gone = {"gone"}
    [changes] = sync_topics()
    assert changes.given_up == 1
    assert not TopicSubscription.objects.exists()


def test_what_fcm_could_not_do_is_done_by_the_next_run(
    fcm: FcmServer, doctor: Any, caplog: pytest.LogCaptureFixture
) -> None:
    leaver = doctor("leaver")
    sync_topics()
    leaves_the_group(leaver)
    doctor("joiner")
    fcm.scripted = refusal(503, "UNAVAILABLE")
    [changes] = sync_topics()
    assert (changes.done, changes.failed) == (0, 2)
    assert "2 devices could not be subscribed to their topics, or unsubscribed" in caplog.text
    assert not ContactPoint.objects.filter(disabled_at__isnull=False).exists()
    fcm.scripted = None
    [changes] = sync_topics()
    assert (changes.subscribed, changes.unsubscribed, subscribed(fcm)) == (1, 1, {"joiner"})


def test_while_fcm_can_change_none_the_rest_of_a_topic_is_left_in_peace(
    fcm: FcmServer, doctor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "CHUNK", 2)
    for number in range(6):
        doctor(f"phone{number}")
    fcm.scripted = refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
    sync_topics()
    assert asked(fcm) == 2


def dies_after_asking(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """The worker dies when FCM has done it, before that is written down."""
    change = getattr(FcmProvider, verb)

    def die(*args: Any) -> None:
        change(*args)
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(FcmProvider, verb, die)
        sync_topics()


def test_after_a_crash_in_the_middle_of_a_subscription_one_who_left_meanwhile_is_unsubscribed(
    fcm: FcmServer, doctor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = doctor("leaver")
    doctor("stayer")
    dies_after_asking(monkeypatch, "subscribe")
    assert subscribed(fcm) == {"leaver", "stayer"}
    leaves_the_group(leaver)
    sync_topics()
    assert subscribed(fcm) == {"stayer"}
    asked(fcm)
    sync_topics()
    assert asked(fcm) == 0


def test_after_a_crash_in_the_middle_of_unsubscribing_one_who_came_back_is_subscribed(
    fcm: FcmServer, doctor: Any, doctors: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = doctor("phone")
    sync_topics()
    leaves_the_group(person)
    dies_after_asking(monkeypatch, "unsubscribe")
    person.groups.add(doctors)
    sync_topics()
    assert subscribed(fcm) == {"phone"}


# Who runs it.


def test_the_minutes_round_of_the_bulk_lane_does_it_at_most_once_in_ten_minutes(fcm: FcmServer, doctor: Any) -> None:
    doctor("first")
    with frozen_clock() as frozen:
        tasks.sweep("default")
        assert subscribed(fcm) == set()
        tasks.sweep("bulk")
        assert subscribed(fcm) == {"first"}
        doctor("second")
        frozen.advance("9 minutes")
        tasks.sweep("bulk")
        assert subscribed(fcm) == {"first"}
        frozen.advance("61 seconds")
        tasks.sweep("bulk")
        assert subscribed(fcm) == {"first", "second"}


def test_when_the_time_is_up_the_next_minute_goes_on(fcm: FcmServer, doctor: Any) -> None:
    doctor()
    with frozen_clock() as frozen:
        sync_topics_in_turn(seconds=0)
        assert asked(fcm) == 0
        frozen.advance("1 minute")
        sync_topics_in_turn()
        assert subscribed(fcm) == {"phone"}


def test_what_a_worker_left_when_it_died_is_taken_over_after_its_lease(
    fcm: FcmServer, doctor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor()
    with frozen_clock() as frozen:
        dies_after_asking(monkeypatch, "subscribe")
        frozen.advance("14 minutes")
        assert sync_topics_in_turn() == []
        frozen.advance("61 seconds")
        assert [each.subscribed for each in sync_topics_in_turn()] == [1]


def test_without_topics_the_round_looks_at_nothing(
    fcm: FcmServer, settings: Settings, django_assert_num_queries: Any
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PUSH_TOPICS": {}}
    with django_assert_num_queries(0):
        assert sync_topics_in_turn() == []


def test_a_round_between_two_runs_costs_a_look_at_the_mark(
    fcm: FcmServer, doctor: Any, django_assert_num_queries: Any
) -> None:
    doctor()
    sync_topics_in_turn()
    assert PollMark.objects.get().due_at > clock.now() + timedelta(minutes=9)
    with django_assert_num_queries(2):
        sync_topics_in_turn()


def test_where_nothing_goes_through_fcm_the_round_says_so_and_goes_on(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PUSH_TOPICS": {"doctors": "role.doctor"}}
    tasks.sweep("bulk")
    assert "No provider of the channel push is an FcmProvider" in caplog.text


def test_the_command_counts_in_a_dry_run_and_then_does_it(fcm: FcmServer, doctor: Any) -> None:
    leaver = doctor("leaver")
    sync_topics()
    leaves_the_group(leaver)
    doctor("joiner")
    asked(fcm)
    expected = {"topic": "role.doctor", "subscribed": 1, "unsubscribed": 1, "given_up": 0, "failed": 0}
    assert run_json("push_topics", "--dry-run") == (0, [expected])
    assert (asked(fcm), [each.done for each in planned_changes()]) == (0, [2])
    assert run_json("push_topics") == (0, [expected])
    assert subscribed(fcm) == {"joiner"}
    assert run_json("push_topics") == (1, [{**expected, "subscribed": 0, "unsubscribed": 0}])


def test_the_commands_table_and_exit_codes(fcm: FcmServer, doctor: Any, settings: Settings) -> None:
    doctor()
    fcm.scripted = refusal(503, "UNAVAILABLE")
    code, out = run("push_topics")
    assert (code, " ".join(out.splitlines()[0].split())) == (1, "topic subscribed unsubscribed given up failed")
    assert out.splitlines()[2].split() == ["role.doctor", "0", "0", "0", "1"]
    push = {**settings.NOTIFICATIONS["CHANNELS"]["push"], "PROVIDERS": ["sandbox"]}
    channels = {**settings.NOTIFICATIONS["CHANNELS"], "push": push}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": channels}
    assert run("push_topics") == (2, "No provider of the channel push is an FcmProvider, so there are no topics.")


# A role's messages.


def test_a_message_to_a_role_is_one_request_however_many_have_it(fcm: FcmServer, doctor: Any, make_person: Any) -> None:
    for number in range(5):
        doctor(f"phone{number}")
    sync_topics()
    asked(fcm)
    with registered(WardRound, templates=TEMPLATES):
        notify(WardRound(ward=7), to=stand_for_the_role(make_person))
        deliver_all()
    [sent] = fcm.messages
    assert asked(fcm) == 1
    assert (sent["topic"], sent["notification"]["body"]) == ("role.doctor", "The round begins in ward 7.")
    assert "token" not in sent
    assert len(subscribed(fcm, sent["topic"])) == 5
    assert Delivery.objects.get().status == Status.SENT


def test_what_is_sensitive_tells_a_topic_no_more_than_that_there_is_a_message(
    fcm: FcmServer, make_person: Any, doctors: Group
) -> None:
    with registered(Finding, templates=TEMPLATES):
        notify(Finding(ward=7), to=stand_for_the_role(make_person))
        deliver_all()
    [sent] = fcm.messages
    assert sent["notification"] == {"title": "New message · localhost:8000", "body": "Sign in to read it."}
    assert "ard 7" not in str(sent)
