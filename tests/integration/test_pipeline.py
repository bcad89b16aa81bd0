"""The walk from claim to settled, with the sandbox provider (C1, C3, C4, C5, C6, C9, P10)."""

import time
from datetime import timedelta

import pytest

from notifications import clock, conf, tasks
from notifications.exceptions import PermanentError
from notifications.models import (
    ContactPoint,
    Delivery,
    Event,
    Kind,
    Notification,
    ProviderHealth,
    Reason,
    SandboxFault,
    SandboxMessage,
    Status,
)
from notifications.pipeline import dispatch, failover
from notifications.providers.sandbox import SandboxProvider
from notifications.services import mark_all_read, mark_seen, notify, timeline
from notifications.signals import delivery_settled
from tests.app.models import Visit
from tests.app.notifications import (
    Everywhere,
    Expiring,
    Note,
    UnlessSeen,
    UrgentNote,
    VisitReminder,
    WithFallback,
)

pytestmark = pytest.mark.django_db(transaction=True)


def work(lane: str = "default") -> int:
    """What a worker does with what is due now."""
    return dispatch.run(lane, until=time.monotonic() + 20)


def make_due(**values: object) -> None:
    """Let the time pass until all open deliveries are due."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now() - timedelta(seconds=1), **values)


def fault(kind: str, **values: object) -> None:
    SandboxFault.objects.create(fault=kind, **values)


def reasons() -> dict[str, tuple[str, str]]:
    return {each.channel: (each.status, each.reason) for each in Delivery.objects.all()}


def test_each_channel_gets_its_message_in_its_own_form(person):
    notify(Everywhere(text="Hello & welcome"), to=person)
    assert work() == 3
    captured = {each.channel: each for each in SandboxMessage.objects.all()}
    assert captured["sms"].content["text"] == "Hello & welcome"
    assert captured["sms"].to == person.phone
    assert captured["push"].content["title"] == "Hello & welcome"
    assert captured["push"].content["link"] == "http://localhost:8000/visits/"
    email = captured["email"].content
    assert email["subject"] == "Subject: Hello & welcome"
    assert '<p style="color: #036;">Hello &amp; welcome</p>' in email["html"]
    assert "Hello & welcome" in email["text"]
    assert email["headers"]["Auto-Submitted"] == "auto-generated"
    assert reasons() == {"email": ("sent", ""), "sms": ("sent", ""), "push": ("sent", ""), "in_app": ("delivered", "")}
    assert not Delivery.objects.filter(due_at__isnull=False).exists()


def test_a_person_reads_it_in_the_own_language(make_person):
    notify(Note(text="hola"), to=make_person(language="es"))
    notify(Note(text="hello"), to=make_person(language="hi"))
    work()
    assert sorted(each.content["text"] for each in SandboxMessage.objects.all()) == ["Nota: hola", "hello"]


def test_a_receipt_that_is_fetched_makes_it_delivered(person):
    notify(Note(text="a"), to=person)
    work()
    SandboxMessage.objects.update(captured_at=clock.now() - timedelta(seconds=5))
    assert tasks.fetch_receipts() == 1
    assert reasons() == {"sms": (Status.DELIVERED, "")}
    assert tasks.fetch_receipts() == 0


def test_a_temporary_error_is_retried_later_and_later_until_the_attempts_are_used_up(person):
    fault("error", times=100)
    notify(Note(text="a"), to=person)
    waits = []
    for _ in range(conf.get().MAX_ATTEMPTS):
        work()
        delivery = Delivery.objects.get()
        if delivery.due_at:
            waits.append((delivery.due_at - clock.now()).total_seconds())
        make_due()
        ProviderHealth.objects.all().delete()  # it would be held until the provider is back
        failover.forget()
    assert reasons() == {"sms": (Status.FAILED, Reason.OUT_OF_ATTEMPTS)}
    assert "The sandbox was told to answer with an error" in Delivery.objects.get().detail
    assert len(waits) == conf.get().MAX_ATTEMPTS - 1
    assert all(15 * 2**n / 2 - 2 < wait < 15 * 2**n + 1 for n, wait in enumerate(waits))
    assert not SandboxMessage.objects.exists()


def test_retry_after_is_obeyed_and_burns_no_attempt(person):
    fault("rate_limit", seconds=40, times=20)
    notify(Note(text="a"), to=person)
    for _ in range(20):
        make_due()
        work()
        delivery = Delivery.objects.get()
        assert (delivery.status, delivery.reason, delivery.attempts) == (Status.PENDING, Reason.RETRY_AFTER, 0)
        assert delivery.due_at is not None
        assert 38 < (delivery.due_at - clock.now()).total_seconds() <= 40
    make_due()
    work()
    assert reasons() == {"sms": (Status.SENT, "")}


def test_a_permanent_error_is_not_retried(person):
    fault("refuse")
    notify(Note(text="a"), to=person)
    work()
    assert reasons() == {"sms": (Status.FAILED, Reason.REFUSED)}
    assert Delivery.objects.get().attempts == 1


def test_a_bad_address_is_not_used_again(person):
    point = ContactPoint.objects.get(user=person, channel="push")
    fault("bad_address", channel="push")
    notify(Everywhere(text="a"), to=person)
    work()
    point.refresh_from_db()
    assert point.disabled_at is not None
    assert "bad" in point.disabled_reason
    (second,) = notify(Everywhere(text="b"), to=person)
    assert second.deliveries.get(channel="push").reason == Reason.ADDRESS_DISABLED


def test_an_address_that_is_disabled_after_routing_is_not_used(person):
    notify(Everywhere(text="a"), to=person)
    ContactPoint.objects.update(disabled_at=clock.now())
    work()
    assert reasons()["push"] == (Status.SKIPPED, Reason.ADDRESS_DISABLED)


# Fallback


def test_a_fallback_is_sent_when_what_was_before_it_failed_for_good(person):
    fault("refuse", channel="sms")
    (notification,) = notify(WithFallback(text="a"), to=person)
    work()
    assert reasons() == {
        "sms": (Status.FAILED, Reason.REFUSED),
        "in_app": (Status.DELIVERED, ""),
        "email": (Status.SENT, Reason.NONE),
        "push": (Status.STANDBY, Reason.FALLBACK),
    }
    assert "fell_back" in [entry.kind for entry in timeline(notification)]


def test_fallbacks_go_on_in_order_to_the_last(person):
    fault("refuse", channel="sms")
    fault("refuse", channel="email")
    notify(WithFallback(text="a"), to=person)
    work()
    assert {channel: status for channel, (status, _) in reasons().items()} == {
        "sms": Status.FAILED,
        "in_app": Status.DELIVERED,
        "email": Status.FAILED,
        "push": Status.SENT,
    }


def test_a_fallback_is_not_needed_once_a_message_was_delivered(person):
    notify(WithFallback(text="a"), to=person)
    work()
    assert Delivery.objects.get(channel="email").due_at is not None  # a receipt is still to come
    SandboxMessage.objects.update(captured_at=clock.now() - timedelta(seconds=5))
    tasks.fetch_receipts()
    assert reasons()["email"] == reasons()["push"] == (Status.SKIPPED, Reason.NOT_NEEDED)
    assert not Delivery.objects.filter(due_at__isnull=False).exists()


def test_a_fallback_whose_receipt_never_came_ends_when_the_wait_is_over(person):
    notify(WithFallback(text="a"), to=person)
    work()
    make_due()
    work()
    assert reasons()["email"] == reasons()["push"] == (Status.SKIPPED, Reason.NOT_NEEDED)


def test_what_was_not_seen_in_time_goes_to_the_next_channel(person):
    notify(UnlessSeen(text="a"), to=person)
    assert work() == 0
    make_due()
    work()
    assert reasons()["sms"] == (Status.SENT, "")


def test_a_fallback_for_the_unseen_does_not_hurry_when_the_notification_was_scheduled(person):
    notify(UnlessSeen(text="a"), to=person, at=clock.now() + timedelta(hours=1))
    Delivery.objects.filter(channel="in_app").update(due_at=clock.now())
    assert work() == 1
    assert reasons() == {"in_app": (Status.DELIVERED, ""), "sms": (Status.STANDBY, Reason.FALLBACK)}


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_a_link_that_is_no_web_address_is_refused(person, link, monkeypatch):
    monkeypatch.setattr(Everywhere, "link", lambda instance, recipient: link)
    (notification,) = notify(Everywhere(text="a"), to=person)
    work()
    assert {status for status, _ in reasons().values()} == {Status.FAILED}
    assert "a link starts with / or with https or http:" in Delivery.objects.filter(channel="in_app").get().detail
    assert [str(entry.kind) for entry in timeline(notification)].count("failed") == 4


def test_control_characters_are_taken_out_of_texts(person):
    notify(Everywhere(text="a\x07b\x1bc\td"), to=person)
    work()
    assert SandboxMessage.objects.get(channel="push").content["title"] == "abc d"
    assert SandboxMessage.objects.get(channel="sms").content["text"] == "abc\td"


def test_an_answer_that_the_database_cannot_hold_is_stored_without_it(person, monkeypatch):
    def send(provider, message):
        raise PermanentError("no\x00 such \ud83d user", code="5\x0050")

    monkeypatch.setattr(SandboxProvider, "send", send)
    notify(Note(text="a"), to=person)
    work()
    assert Delivery.objects.get().detail == "PermanentError: no such  user"


def test_markup_in_values_is_escaped_in_html_alone(person):
    notify(Everywhere(text="<b onload=x>"), to=person)
    work()
    assert "<b onload" not in SandboxMessage.objects.get(channel="email").content["html"]
    assert SandboxMessage.objects.get(channel="sms").content["text"] == "<b onload=x>"


@pytest.mark.parametrize("way", ["seen", "all_read"])
def test_what_was_seen_in_time_goes_nowhere_else(person, way):
    (notification,) = notify(UnlessSeen(text="a"), to=person)
    if way == "seen":
        mark_seen(person, [notification.pk])
    else:
        mark_all_read(person)
        make_due()
        work()
    assert reasons()["sms"] == (Status.SKIPPED, Reason.SEEN)
    assert not SandboxMessage.objects.exists()


# The gate


def test_what_has_expired_is_never_sent(person):
    notify(Expiring(text="a"), to=person)
    Notification.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    work()
    assert reasons() == {"sms": (Status.EXPIRED, Reason.EXPIRED)}
    assert not SandboxMessage.objects.exists()


def test_what_is_no_longer_true_is_not_sent(person):
    visit = Visit.objects.create(visitor=person, starts_at=clock.now())
    notify(VisitReminder(visit_id=visit.pk), to=person)
    Visit.objects.update(state="cancelled")
    work()
    assert reasons() == {"sms": (Status.SKIPPED, Reason.NO_LONGER_VALID)}


def test_what_it_is_about_must_still_exist(person):
    visit = Visit.objects.create(visitor=person, starts_at=clock.now())
    notify(VisitReminder(visit_id=visit.pk), to=person)
    visit.delete()
    work()
    assert reasons() == {"sms": (Status.SKIPPED, Reason.SUBJECT_GONE)}


def test_an_account_that_was_closed_meanwhile_gets_nothing(person):
    notify(Note(text="a"), to=person)
    type(person).objects.update(is_active=False)
    work()
    assert reasons() == {"sms": (Status.SKIPPED, Reason.RECIPIENT_INACTIVE)}


def test_a_batch_is_gated_with_a_fixed_number_of_queries(person, django_assert_max_num_queries):
    from notifications.pipeline import gate
    from notifications.pipeline.gate import Candidate

    for number in range(100):
        visit = Visit.objects.create(visitor=person, starts_at=clock.now())
        notify(VisitReminder(visit_id=visit.pk), to=person, key=str(number))
    rows = list(Delivery.objects.select_related("notification__recipient", "contact_point"))
    candidates = [Candidate(each, each.notification.instance()) for each in rows]
    with django_assert_max_num_queries(8):
        gate.prime(candidates)
        assert [gate.check(each, clock.now()) for each in candidates] == [None] * 100


# What may have been sent


@pytest.mark.parametrize("kind", ["timeout_after_accept", "malformed"])
def test_a_message_that_may_have_been_taken_is_asked_for_and_not_sent_again(person, kind):
    fault(kind)
    notify(Note(text="a"), to=person)
    work()
    assert reasons() == {"sms": (Status.UNKNOWN, Reason.OUTCOME_UNKNOWN)}
    make_due()
    work()
    assert reasons() == {"sms": (Status.SENT, "")}
    assert SandboxMessage.objects.count() == 1
    assert Kind.RECONCILED in Event.objects.values_list("kind", flat=True)


def test_a_message_that_was_never_taken_is_sent_again(person):
    fault("timeout")
    notify(Note(text="a"), to=person)
    work()
    make_due()
    work()
    assert reasons() == {"sms": (Status.SENT, "")}
    assert SandboxMessage.objects.count() == 1


@pytest.fixture
def silent_provider(settings):
    """A provider that gives no receipts and cannot be asked."""
    sandbox = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "PROVIDERS": {"sandbox": {**sandbox, "OPTIONS": {"receipts": False, "look_ups": False}}},
    }


def test_when_nobody_can_tell_an_urgent_type_is_sent_again(person, silent_provider):
    fault("timeout_after_accept")
    notify(UrgentNote(text="a"), to=person)
    work("urgent")
    make_due()
    work("urgent")
    assert reasons() == {"sms": (Status.SENT, "")}
    assert SandboxMessage.objects.count() == 2


def test_when_nobody_can_tell_other_types_are_not_sent_twice_and_it_shows(person, silent_provider):
    fault("timeout_after_accept")
    notify(Note(text="a"), to=person)
    work()
    make_due()
    work()
    assert reasons() == {"sms": (Status.FAILED, Reason.NOT_RESENT)}
    assert SandboxMessage.objects.count() == 1


def test_when_nobody_can_tell_the_fallback_takes_over(person, silent_provider):
    fault("timeout", channel="sms")
    notify(WithFallback(text="a"), to=person)
    work()
    make_due()
    work()
    assert reasons()["sms"] == (Status.FAILED, Reason.NOT_RESENT)
    assert reasons()["email"][0] == Status.SENT


# Others


def test_workers_of_a_lane_leave_the_other_lanes_alone(person):
    notify(Note(text="a"), to=person)
    notify(UrgentNote(text="b"), to=person)
    assert work("urgent") == 1
    assert [each.content["text"] for each in SandboxMessage.objects.all()] == ["b"]
    assert work("bulk") == 0
    assert work("default") == 1


def test_listeners_hear_of_each_settled_delivery_and_their_errors_harm_nobody(person):
    heard = []

    def listen(sender, **kwargs):
        heard.append((kwargs["status"], kwargs["reason"]))
        raise RuntimeError

    delivery_settled.connect(listen)
    try:
        notify(Note(text="a"), to=person)
        work()
    finally:
        delivery_settled.disconnect(listen)
    assert heard == [(Status.SENT, "")]


def test_the_timeline_tells_the_whole_story_in_order(make_person):
    person = make_person(device="")
    fault("error", channel="sms")
    (notification,) = notify(Everywhere(text="a"), to=person)
    work()
    make_due()
    work()
    story = [(str(entry.kind), entry.channel) for entry in timeline(notification)]
    assert story[:5] == [
        ("created", ""),
        ("routed", "email"),
        ("routed", "sms"),
        ("routed", "push"),
        ("routed", "in_app"),
    ]
    assert story.index(("retrying", "sms")) < story.index(("accepted", "sms"))
    texts = [entry.text for entry in timeline(notification)]
    assert "Skipped: the recipient has no address on this channel" in texts
    assert any("attempt 2" in text for text in texts)
