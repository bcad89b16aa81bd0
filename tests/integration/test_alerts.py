"""All providers of a channel down: operators are told once, on other channels too, and once when it is up (O3)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pytest_django import Settings

from notifications import clock
from notifications.analytics import alerts, outages
from notifications.analytics.alerts import ChannelDown, ChannelUp
from notifications.analytics.outages import last_outage
from notifications.channels.registry import get_channel
from notifications.messages import EmailMessage, InAppMessage, SmsMessage
from notifications.models import (
    Breaker,
    Control,
    Delivery,
    Notification,
    ProviderChange,
    ProviderHealth,
    Reason,
    SandboxFault,
    SandboxMessage,
    Status,
)
from notifications.models.states import SUCCEEDED
from notifications.pipeline import breaker, failover, health
from notifications.services import notify, preview, recipients
from notifications.signals import provider_changed
from notifications.testing import assert_not_notified, assert_notified, deliver_all, frozen_clock, outbox, registered
from notifications.types import NotificationType
from project.accounts.models import User
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db(transaction=True)

SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}
FAULT = "The sandbox was told to answer with an error."
COOL_DOWN = breaker.COOL_DOWN + timedelta(seconds=1)


class Letter(NotificationType):
    """An email."""

    key = "tests.letter"
    channels = ("email",)


@pytest.fixture(autouse=True)
def _two_providers(settings: Settings) -> None:
    """The channels sms and email have two providers of their own each."""
    given = settings.NOTIFICATIONS
    channels = {
        "sms": {**given["CHANNELS"]["sms"], "PROVIDERS": ["first", "second"]},
        "email": {**given["CHANNELS"]["email"], "PROVIDERS": ["third", "fourth"]},
    }
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], **channels},
        "PROVIDERS": dict.fromkeys(("first", "second", "third", "fourth", "sandbox"), SANDBOX),
    }


@pytest.fixture
def operator() -> User:
    """A superuser who can be reached by email and phone."""
    return User.objects.create_superuser("ann", email="ann@example.org", phone="+447700900555")


def fail(*aliases: str) -> None:
    """From now on they answer with errors."""
    for alias in aliases:
        SandboxFault.objects.create(provider=alias, fault="error", times=1000)


def send(person: Any, number: int = 1) -> None:
    for _ in range(number):
        notify(Note(text="a"), to=person)
    deliver_all()


def retry() -> None:
    """What waits is due now."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    deliver_all()


def opened(*aliases: str) -> None:
    """Their breakers open."""
    for alias in aliases:
        failover.record([failover.Answered(alias, False, clock.now())] * 8, clock.now(), "TemporaryError: 503")


def closed(alias: str) -> None:
    """Its breaker, half open, closes."""
    assert not isinstance(failover.choose(get_channel("sms"), clock.now()), failover.Held)
    began = clock.now()
    failover.record([failover.Answered(alias, True, began)] * breaker.PROBES, began)
    assert ProviderHealth.objects.get(alias=alias).breaker == Breaker.CLOSED


def disable(*aliases: str, to: Control = Control.DISABLED) -> None:
    for alias in aliases:
        failover.control(alias, to, reason="an incident", by="bob")


def told() -> list[str]:
    """The alerts, the oldest first."""
    return list(Notification.objects.filter(type__startswith="notify.").order_by("pk").values_list("type", flat=True))


def test_when_the_last_provider_fails_operators_are_told_which_since_when_why_and_how_many_wait(
    operator: User, person: User
) -> None:
    fail("first", "second")
    send(person, 10)
    (alert,) = assert_notified(ChannelDown, times=1, channel="sms")
    assert alert.recipient == operator
    began = ProviderChange.objects.filter(to=Breaker.OPEN).order_by("-at", "-id")[0].at
    assert datetime.fromisoformat(alert.payload["since"]) == began
    assert [each["alias"] for each in alert.payload["providers"]] == ["first", "second"]
    for each in alert.payload["providers"]:
        assert each["state"] == "open"
        assert "requests" in each["reason"]
        assert FAULT in each["error"]
    (mail,) = outbox("email", to="ann@example.org")
    assert mail.content["subject"].startswith("Down: sms on localhost:8000, since ")
    text = mail.content["text"]
    assert f"{began:%H:%M:%S} UTC" in text
    assert "first: out of use" in text
    assert "Waiting" in text
    assert FAULT in text
    assert "http://localhost:8000/admin/notify/providerhealth/" in text
    assert alert.title == "Channel sms is down"


def test_while_another_provider_takes_over_nobody_is_told(operator: User, person: User) -> None:
    fail("first")
    send(person, 10)
    assert ProviderHealth.objects.get(alias="first").breaker == Breaker.OPEN
    assert told() == []


def test_it_is_told_once_while_probes_fail_and_once_when_one_provider_is_back(operator: User, person: User) -> None:
    fail("first", "second")
    with frozen_clock() as time:
        send(person, 10)
        for _ in range(3):
            time.advance(breaker.MAX_COOL_DOWN)
            failover.forget()
            retry()
        assert ProviderChange.objects.filter(to=Breaker.OPEN).count() > 4
        assert told() == [ChannelDown.key]
        SandboxFault.objects.filter(provider="second").delete()
        for _ in range(3):
            time.advance(breaker.MAX_COOL_DOWN)
            failover.forget()
            retry()
        assert ProviderHealth.objects.get(alias="second").breaker == Breaker.CLOSED
        assert told() == [ChannelDown.key, ChannelUp.key]
        (alert,) = assert_notified(ChannelUp, to=operator)
        assert alert.payload["providers"] == ["second"]
        SandboxFault.objects.all().delete()
        for _ in range(3):
            time.advance(breaker.MAX_COOL_DOWN)
            failover.forget()
            send(person, 10)
        assert ProviderHealth.objects.get(alias="first").breaker == Breaker.CLOSED
    assert told() == [ChannelDown.key, ChannelUp.key]
    assert (
        not Delivery.objects.filter(channel="sms", notification__type=Note.key).exclude(status__in=SUCCEEDED).exists()
    )


def test_the_next_outage_is_told_again(operator: User) -> None:
    for _ in range(2):
        disable("first", "second")
        disable("first", to=Control.AUTOMATIC)
    assert told() == [ChannelDown.key, ChannelUp.key] * 2


@pytest.mark.parametrize("word", [Control.DISABLED, Control.DRAINING])
def test_an_operators_word_can_take_the_last_provider_out_and_bring_one_back(operator: User, word: Control) -> None:
    opened("first")
    disable("second", to=word)
    (alert,) = assert_notified(ChannelDown, to=operator, times=1)
    assert alert.payload["providers"][1] == {
        "alias": "second",
        "state": word,
        "by": "bob",
        "reason": "an incident",
        "error": "",
    }
    disable("second", to=Control.DRAINING)  # still out, in other words
    assert told() == [ChannelDown.key]
    disable("first", to=Control.PINNED)  # all messages go there, whatever its breaker says
    assert told() == [ChannelDown.key, ChannelUp.key]
    disable("first", to=Control.AUTOMATIC)
    assert told() == [ChannelDown.key, ChannelUp.key, ChannelDown.key]


def test_an_outage_that_is_cut_into_pieces_by_its_causes_is_one(operator: User) -> None:
    with frozen_clock() as time:
        disable("first", "second")
        (began,) = [each.since for each in [last_outage("sms")] if each]
        time.advance("1 minute")
        opened("first", "second")
        time.advance("1 minute")
        disable("first", to=Control.AUTOMATIC)  # its breaker is open
        found = last_outage("sms")
        assert found is not None
        assert (found.since, found.until) == (began, None)
        assert told() == [ChannelDown.key]
        time.advance(COOL_DOWN)
        failover.forget()
        closed("first")
    assert told() == [ChannelDown.key, ChannelUp.key]


def test_a_provider_of_two_channels_takes_both_down(operator: User, settings: Settings) -> None:
    given = settings.NOTIFICATIONS
    email = {**given["CHANNELS"]["email"], "PROVIDERS": ["first"]}
    settings.NOTIFICATIONS = {**given, "CHANNELS": {**given["CHANNELS"], "email": email}}
    disable("first")
    assert_notified(ChannelDown, times=1, channel="email")
    disable("second")
    assert sorted(each.payload["channel"] for each in assert_notified(ChannelDown)) == ["email", "sms"]


def test_an_alert_about_email_arrives_by_other_channels_and_its_own_email_expires(operator: User, person: User) -> None:
    with frozen_clock() as time, registered(Letter, {"email.subject.txt": "a", "email.html": "a"}):
        fail("third", "fourth")
        for _ in range(10):
            notify(Letter(), to=person)
        deliver_all()
        (alert,) = assert_notified(ChannelDown, to=operator, times=1)
        by = {each.channel: each for each in alert.deliveries.all()}
        assert by["in_app"].status == Status.DELIVERED
        assert by["sms"].status in SUCCEEDED
        (text,) = outbox("sms", to="+447700900555")
        assert "email is DOWN since" in text.content["text"]
        assert (by["email"].status, by["email"].reason) == (Status.PENDING, Reason.NO_PROVIDER)
        for _ in range(7):
            time.advance(breaker.MAX_COOL_DOWN)
            failover.forget()
            retry()
        SandboxFault.objects.all().delete()
        by["email"].refresh_from_db()
        assert (by["email"].status, by["email"].reason) == (Status.EXPIRED, Reason.EXPIRED)
        assert outbox("email", to="ann@example.org") == []


def test_an_email_about_email_is_not_sent_once_it_is_up_again(operator: User, person: User) -> None:
    disable("third", "fourth")
    (alert,) = assert_notified(ChannelDown, to=operator)
    disable("fourth", to=Control.AUTOMATIC)
    retry()
    email = alert.deliveries.get(channel="email")
    assert (email.status, email.reason) == (Status.SKIPPED, Reason.NO_LONGER_VALID)
    assert [each.content["subject"][:8] for each in outbox("email", to="ann@example.org")] == ["Up again"]


def test_an_alert_of_an_earlier_outage_is_no_longer_valid_in_the_next_one(operator: User) -> None:
    disable("third", "fourth")
    (first,) = assert_notified(ChannelDown)
    disable("third", to=Control.AUTOMATIC)
    disable("third")
    first_again, second = assert_notified(ChannelDown, times=2)
    assert first_again == first
    assert not first.instance().still_valid()
    assert second.instance().still_valid()
    (over,) = assert_notified(ChannelUp)
    assert not over.instance().still_valid()


def test_of_two_processes_that_see_two_providers_go_at_once_one_tells(operator: User) -> None:
    rounds = 5
    for number in range(rounds):
        together = threading.Barrier(2)

        def go(alias: str, together: threading.Barrier = together) -> None:
            try:
                together.wait(10)
                opened(alias)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(go, ("first", "second")))
        assert len(told()) == 2 * number + 1
        disable("first", to=Control.PINNED)
        ProviderHealth.objects.update(breaker=Breaker.CLOSED, closed_at=clock.now())
        for alias in ("first", "second"):
            ProviderChange.objects.create(alias=alias, to=Breaker.CLOSED, reason="the test")
        disable("first", to=Control.AUTOMATIC)
    assert told() == [ChannelDown.key, ChannelUp.key] * rounds


def test_a_change_that_commits_late_is_told_after_its_commit(operator: User) -> None:
    """An operator's word is one transaction; meanwhile a worker sees the other provider go, and sees no outage yet."""
    worker_is_done = threading.Event()

    def work() -> None:
        try:
            opened("second")
        finally:
            connection.close()
            worker_is_done.set()

    with ThreadPoolExecutor(1) as pool:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                ProviderHealth.objects.ensure(["first"])
                ProviderHealth.objects.filter(alias="first").update(control=Control.DISABLED)
                health.tell("first", Control.DISABLED, "an incident", {}, by="bob")
                pool.submit(work)
                assert worker_is_done.wait(10)
                assert told() == []
        else:  # one writer at a time
            with transaction.atomic():
                disable("first")
                assert told() == []
            pool.submit(work).result()
    assert told() == [ChannelDown.key]


def test_what_is_rolled_back_is_not_told(operator: User) -> None:
    with transaction.atomic():
        disable("first", "second")
        transaction.set_rollback(True)
    assert told() == []
    assert last_outage("sms") is None


def test_the_group_of_operators_is_told_and_inactive_members_are_not(
    operator: User, make_person: Callable[..., Any], settings: Settings
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "OPERATORS": "night shift"}
    group = Group.objects.create(name="night shift")
    first, second, inactive = make_person(), make_person(), make_person(is_active=False)
    for each in (first, second, inactive):
        each.groups.add(group)
    disable("first", "second")
    assert {each.recipient for each in assert_notified(ChannelDown)} == {first, second}
    second.groups.remove(group)
    disable("first", to=Control.AUTOMATIC)
    assert {each.recipient for each in assert_notified(ChannelUp)} == {first, second}  # who heard of the outage


@pytest.mark.parametrize("exists", [True, False])
def test_when_the_group_of_operators_is_empty_or_missing_superusers_are_told_and_it_is_logged(
    operator: User, settings: Settings, caplog: pytest.LogCaptureFixture, exists: bool
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "OPERATORS": "night shift"}
    if exists:
        Group.objects.create(name="night shift")
    disable("first", "second")
    assert_notified(ChannelDown, to=operator, times=1)
    (record,) = {each.getMessage() for each in caplog.records if each.name == recipients.__name__}
    assert record.startswith("Group 'night shift' of OPERATORS has no active member; superusers are told. Known: ")


def test_when_there_is_nobody_to_tell_it_is_logged(person: User, caplog: pytest.LogCaptureFixture) -> None:
    disable("first", "second")
    assert_not_notified(ChannelDown)
    assert "there is no active superuser" in caplog.text


def test_a_database_that_fails_while_telling_harms_no_worker_and_the_next_change_tells(
    operator: User, caplog: pytest.LogCaptureFixture
) -> None:
    rename(away=True)
    try:
        opened("first", "second")
    finally:
        rename(away=False)
    assert set(ProviderHealth.objects.values_list("breaker", flat=True)) == {Breaker.OPEN}
    (record,) = [each for each in caplog.records if each.name == alerts.__name__ and each.levelno == logging.ERROR]
    assert record.getMessage().startswith("Operators could not be told how channel sms stands")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], DatabaseError)
    assert told() == []
    disable("second", to=Control.DRAINING)
    assert told() == [ChannelDown.key]


def rename(*, away: bool) -> None:
    """Take the table of notifications away, or bring it back."""
    old, new = ("notify_notification", "gone") if away else ("gone", "notify_notification")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


def test_an_outage_that_ended_long_ago_is_not_told(operator: User) -> None:
    with frozen_clock() as time:
        provider_changed.disconnect(dispatch_uid="notifications.alerts")
        try:
            disable("first", "second")
            disable("first", "second", to=Control.AUTOMATIC)
        finally:
            alerts.connect()
        opened("first")
        assert told() == []  # nobody had heard of it
        disable("second")
        provider_changed.disconnect(dispatch_uid="notifications.alerts")
        try:
            disable("second", to=Control.AUTOMATIC)
        finally:
            alerts.connect()
        time.advance("2 hours")
        disable("second", to=Control.PINNED)
    assert told() == [ChannelDown.key]


def test_the_alert_stands_in_the_bell_of_the_operator(operator: User, client: Client) -> None:
    disable("first", "second")
    client.force_login(operator)
    (item,) = client.get("/api/v1/notifications/").json()["results"]
    assert (item["title"], item["type"]) == ("Channel sms is down", "notify.channel_down")
    assert "first: disabled by bob\nan incident" in item["body"]
    assert client.get(item["link"]).status_code == 200
    assert client.get("/api/v1/notifications/counts/").json()["unread"] == 1


def test_what_waits_is_counted_up_to_a_cap(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    disable("first", "second")
    send(person, 4)
    notify(Note(text="later"), to=person, at=clock.now() + timedelta(minutes=5))
    assert outages.waiting("sms") == 4
    assert outages.waiting("email") == 0
    monkeypatch.setattr(outages, "WAITING_CAP", 3)
    assert outages.waiting("sms") == 3


GSM_7 = set("\n@£$_!\"#%&'()*+,-./0123456789:;<=>? ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("type_", [ChannelDown, ChannelUp])
def test_every_channel_of_an_alert_has_a_text_and_sms_shows_no_error(
    operator: User, type_: type[NotificationType]
) -> None:
    messages = {each.channel: each.message for each in preview(type_.from_payload(type_.example))}
    assert list(messages) == ["in_app", "email", "sms"]
    match list(messages.values()):
        case [InAppMessage() as in_app, EmailMessage() as email, SmsMessage() as text]:
            texts = [in_app.title, in_app.text, email.subject, email.text, text.text]
        case others:
            pytest.fail(f"{others}")
    assert all("{" not in each and "None" not in each for each in texts)
    assert set(text.text) <= GSM_7
    assert len(text.text) <= 160 + 146
    assert "503" not in text.text
    assert not email.headers.keys() & {"List-Unsubscribe"}
    assert "sms" in email.subject


def test_a_project_without_some_of_the_channels_is_told_on_those_it_has(settings: Settings) -> None:
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "CHANNELS": {"email": settings.NOTIFICATIONS["CHANNELS"]["email"]},
    }
    assert alerts._configured("in_app", "email", "sms") == ("email",)
    settings.NOTIFICATIONS = {"CHANELS": {}}  # E002 says what is wrong
    assert alerts._configured("in_app", "email") == ("in_app", "email")


def test_what_the_sandbox_captured_of_an_alert_is_critical(operator: User) -> None:
    disable("first", "second")
    deliver_all()
    assert [each.content["critical"] for each in SandboxMessage.objects.filter(to="ann@example.org")] == [True]
