"""Provider order, breaker, probes, recovery, and an operator's word (P5)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from notifications import clock
from notifications.channels.registry import get_channel
from notifications.exceptions import ConfigurationError, ControlError
from notifications.models import (
    Breaker,
    Control,
    Delivery,
    Event,
    ProviderChange,
    ProviderHealth,
    ProviderOutcomes,
    Reason,
    SandboxFault,
    SandboxMessage,
    Status,
)
from notifications.pipeline import breaker, dispatch, failover, health
from notifications.services import notify
from notifications.signals import provider_changed
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db(transaction=True)

SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}


@pytest.fixture(autouse=True)
def _two_providers(settings):
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "CHANNELS": {
            **settings.NOTIFICATIONS["CHANNELS"],
            "sms": {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["first", "second"]},
        },
        "PROVIDERS": {"first": SANDBOX, "second": SANDBOX, "sandbox": SANDBOX},
    }
    failover.forget()
    yield
    failover.forget()


def work() -> int:
    return dispatch.run("default", until=time.monotonic() + 20)


def send(person, number: int = 1) -> None:
    for _ in range(number):
        notify(Note(text="a"), to=person)
    work()


def fail(alias: str, times: int, kind: str = "error") -> None:
    SandboxFault.objects.create(provider=alias, fault=kind, times=times)


def taken_by() -> dict[str, int]:
    return {alias: SandboxMessage.objects.filter(provider=alias).count() for alias in ("first", "second")}


def pass_time(seconds: float) -> None:
    """Let the breaker's times pass."""
    for each in ProviderHealth.objects.all():
        for name in ("changed_at", "closed_at", "retry_at"):
            if (moment := getattr(each, name)) is not None:
                setattr(each, name, moment - timedelta(seconds=seconds))
        each.save()
    failover.forget()


def chosen() -> str:
    provider = failover.choose(get_channel("sms"), clock.now())
    assert not isinstance(provider, failover.Held)
    return provider.alias


def opened(person) -> ProviderHealth:
    fail("first", 1000)
    send(person, breaker.MIN_FAILURES)
    return ProviderHealth.objects.get(alias="first")


def test_the_first_provider_takes_all_while_it_works(person):
    send(person, 5)
    assert taken_by() == {"first": 5, "second": 0}
    assert not ProviderHealth.objects.exists()


def test_what_one_cannot_take_the_next_one_is_asked_for_at_once(person):
    fail("first", 1)
    send(person)
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.provider, delivery.attempts) == (Status.SENT, "second", 2)


def test_when_all_have_failed_once_it_waits(person):
    fail("first", 1)
    fail("second", 1)
    send(person)
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.PENDING, Reason.RETRYING)
    assert delivery.due_at is not None
    assert (delivery.due_at - clock.now()).total_seconds() > 5


def test_a_refused_message_says_nothing_against_the_provider(person):
    fail("first", 20, "refuse")
    send(person, 20)
    assert not ProviderHealth.objects.exists()


def test_failures_open_the_breaker_with_their_evidence_and_the_next_one_carries_on(person):
    heard = []

    def listen(sender, **kwargs):
        heard.append((kwargs["alias"], kwargs["to"]))

    provider_changed.connect(listen)
    try:
        health = opened(person)
    finally:
        provider_changed.disconnect(listen)
    assert (health.breaker, health.trips) == (Breaker.OPEN, 1)
    change = ProviderChange.objects.get()
    assert (change.to, change.evidence["failed"]) == (Breaker.OPEN, 5)
    assert "told to answer with an error" in change.evidence["last_error"]
    assert heard == [("first", "open")]
    left = SandboxFault.objects.get().times
    send(person, 30)
    assert SandboxFault.objects.get().times == left  # nobody asked it again
    assert taken_by() == {"first": 0, "second": 35}


def test_an_outage_is_seen_at_once_however_much_succeeded_before_it(person):
    ProviderOutcomes.objects.add("first", succeeded=5000, failed=0, now=clock.now())
    fail("first", 1000)
    for _ in range(15):
        send(person)
    change = ProviderChange.objects.get()
    assert change.reason.startswith("8 requests in a row failed.")
    assert change.evidence == {
        "succeeded": 5000,
        "failed": 8,
        "failed_in_a_row": 8,
        "last_error": change.evidence["last_error"],
        "trips": 1,
    }
    assert taken_by() == {"first": 0, "second": 15}


def test_what_was_made_ready_for_a_provider_that_is_now_out_of_use_goes_to_another(person):
    for _ in range(3):
        notify(Note(text="a"), to=person)
    worker = dispatch.Round("default", time.monotonic() + 20)
    worker._take()
    assert {each.provider.alias for each in worker.ready} == {"first"}
    failover.control("first", Control.DISABLED, reason="an incident", by="ann")
    worker.run()
    assert taken_by() == {"first": 0, "second": 3}


def test_what_was_made_ready_is_held_when_no_provider_is_left(person):
    notify(Note(text="a"), to=person)
    worker = dispatch.Round("default", time.monotonic() + 20)
    worker._take()
    for alias in ("first", "second"):
        failover.control(alias, Control.DISABLED, reason="an incident", by="ann")
    worker.run()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason, delivery.attempts) == (Status.PENDING, Reason.NO_PROVIDER, 0)


def test_failures_in_a_row_are_counted_from_the_last_success_across_buckets():
    now, outcomes = clock.now(), ProviderOutcomes.objects
    outcomes.add("first", succeeded=0, failed=7, now=now - timedelta(seconds=30))
    outcomes.add("first", succeeded=0, failed=2, now=now - timedelta(seconds=20))
    success_began = now - timedelta(seconds=19)
    outcomes.add("first", succeeded=1, failed=0, now=now - timedelta(seconds=20), success_began=success_began)
    outcomes.add("first", succeeded=0, failed=3, now=now - timedelta(seconds=20))
    outcomes.add("first", succeeded=0, failed=4, now=now)
    outcomes.add("second", succeeded=0, failed=9, now=now)
    assert outcomes.since("first", now - timedelta(minutes=1)) == {"succeeded": 1, "failed": 16, "failed_in_a_row": 7}


def test_a_success_that_was_under_way_before_the_failures_does_not_end_their_row():
    now, outcomes = clock.now(), ProviderOutcomes.objects
    later = now + timedelta(seconds=1)
    outcomes.add("first", succeeded=0, failed=5, now=now)
    outcomes.add("first", succeeded=3, failed=2, now=now, success_began=now - timedelta(seconds=1))
    assert outcomes.since("first", now - timedelta(minutes=1))["failed_in_a_row"] == 7
    outcomes.add("first", succeeded=1, failed=0, now=now, success_began=later)
    assert outcomes.since("first", now - timedelta(minutes=1))["failed_in_a_row"] == 0


def test_outcomes_are_kept_for_a_day():
    now, outcomes = clock.now(), ProviderOutcomes.objects
    for age in (timedelta(days=3), timedelta(days=1, minutes=1), timedelta(hours=23)):
        outcomes.add("first", succeeded=1, failed=0, now=now - age)
    outcomes.add("second", succeeded=1, failed=0, now=now - timedelta(days=3))
    outcomes.add("first", succeeded=1, failed=0, now=now)
    kept = outcomes.filter(alias="first").values_list("bucket", flat=True)
    assert len(kept) == 2
    assert min(kept) > now - timedelta(days=1)


def test_while_it_is_out_of_use_nobody_is_asked_whether_it_may_be_probed(person, django_assert_num_queries):
    opened(person)
    assert chosen() == "second"
    with django_assert_num_queries(0):
        assert chosen() == "second"


def test_after_the_cool_down_a_few_messages_probe_it_and_it_comes_back_in_steps(person):
    opened(person)
    SandboxFault.objects.all().delete()
    pass_time(31)
    send(person, 20)
    health = ProviderHealth.objects.get(alias="first")
    assert health.breaker == Breaker.CLOSED
    assert taken_by()["first"] >= breaker.PROBES
    assert [each.to for each in ProviderChange.objects.order_by("pk")] == ["open", "half_open", "closed"]
    before = taken_by()["first"]
    send(person, 100)
    assert 5 < taken_by()["first"] - before < 60  # a quarter, by chance
    pass_time(3600)
    before = taken_by()["first"]
    send(person, 20)
    assert taken_by()["first"] == before + 20


def test_a_probe_that_fails_opens_it_for_twice_as_long_and_harms_no_message(person):
    opened(person)
    pass_time(31)
    send(person, 10)
    health = ProviderHealth.objects.get(alias="first")
    assert (health.breaker, health.trips) == (Breaker.OPEN, 2)
    assert health.retry_at is not None
    assert 55 < (health.retry_at - clock.now()).total_seconds() <= 60
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.SENT}


def test_a_request_from_before_the_probes_is_none_of_them(person):
    opened(person)
    pass_time(31)
    early = clock.now()
    assert chosen() == "first"
    failover.record([failover.Answered("first", False, early)], clock.now(), "timed out")
    failover.record([failover.Answered("first", True, early)] * breaker.PROBES, clock.now())
    health = ProviderHealth.objects.get(alias="first")
    assert (health.breaker, health.probes_passed) == (Breaker.HALF_OPEN, 0)
    failover.record([failover.Answered("first", True, clock.now())] * breaker.PROBES, clock.now())
    assert ProviderHealth.objects.get(alias="first").breaker == Breaker.CLOSED


def test_probes_that_nobody_answered_for_are_replaced(person):
    opened(person)
    SandboxFault.objects.all().delete()
    ProviderHealth.objects.update(breaker=Breaker.HALF_OPEN, probes_left=0, retry_at=clock.now() - timedelta(seconds=1))
    failover.forget()
    send(person, 10)
    assert ProviderHealth.objects.get(alias="first").breaker == Breaker.CLOSED


def test_a_probe_of_a_breaker_that_another_process_half_opened_is_made(person):
    health = opened(person)
    pass_time(breaker.COOL_DOWN.total_seconds() + 1)
    SandboxFault.objects.all().delete()
    failover.out_of_use()  # this process has looked a moment ago
    now = clock.now()
    ProviderHealth.objects.filter(alias="first").update(
        breaker=Breaker.HALF_OPEN, changed_at=now, retry_at=now + breaker.PROBE_TIME, probes_left=1
    )
    send(person)
    health.refresh_from_db()
    assert (health.probes_left, health.probes_passed) == (0, 1)


def test_requests_from_before_it_closed_do_not_open_it_again(person):
    """They time out when it is well already, and are counted in the same ten seconds as what comes after."""
    opened(person)
    before = clock.now()
    pass_time(breaker.COOL_DOWN.total_seconds() + 1)
    ProviderOutcomes.objects.all().delete()  # those are of long ago then
    assert chosen() == "first"
    began = clock.now()
    failover.record([failover.Answered("first", False, before)] * 30, clock.now())
    failover.record([failover.Answered("first", True, began)] * breaker.PROBES, clock.now())
    assert ProviderHealth.objects.get(alias="first").breaker == Breaker.CLOSED
    failover.record([failover.Answered("first", False, clock.now())], clock.now())
    assert ProviderHealth.objects.get(alias="first").breaker == Breaker.CLOSED


def test_when_all_are_down_messages_are_held_and_sent_on_recovery(person):
    fail("first", 1000)
    fail("second", 1000)
    send(person, 10)
    assert set(ProviderHealth.objects.values_list("alias", "breaker")) == {("first", "open"), ("second", "open")}
    # One that comes now is held: it burns no attempt, and says why.
    (held,) = notify(Note(text="b"), to=person)
    work()
    delivery = held.deliveries.get()
    assert (delivery.status, delivery.reason, delivery.attempts) == (Status.PENDING, Reason.NO_PROVIDER, 0)
    assert "first: out of use: it failed too often, second: out of use" in delivery.detail
    assert Event.objects.filter(notification=held, kind="deferred").count() == 1
    SandboxFault.objects.all().delete()
    for _ in range(5):
        pass_time(61)
        Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
        work()
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.SENT}
    assert sum(taken_by().values()) == 11


@pytest.mark.parametrize("word", [Control.DISABLED, Control.DRAINING])
def test_an_operator_can_take_a_provider_out_and_give_it_back(person, word):
    failover.control("first", word, reason="maintenance", by="ann")
    send(person, 3)
    assert taken_by() == {"first": 0, "second": 3}
    failover.control("first", Control.AUTOMATIC, reason="done", by="ann")
    send(person, 3)
    assert taken_by() == {"first": 3, "second": 3}
    assert [(each.to, each.reason, each.by) for each in ProviderChange.objects.order_by("pk")] == [
        (word, "maintenance", "ann"),
        ("automatic", "done", "ann"),
    ]


def test_an_operator_can_pin_a_provider_also_one_whose_breaker_is_open(person):
    opened(person)
    SandboxFault.objects.all().delete()
    failover.control("first", Control.PINNED, reason="the provider says it is back", by="ann")
    send(person, 5)
    assert taken_by()["first"] == 5


def test_an_unknown_provider_cannot_be_controlled(person):
    with pytest.raises(ConfigurationError, match=r"Unknown provider 'third'\. Known: first, sandbox, second"):
        failover.control("third", Control.PINNED, reason="x", by="ann")
    assert not ProviderChange.objects.exists()


def test_of_two_providers_of_a_channel_only_one_can_be_pinned():
    failover.control("second", Control.PINNED, reason="cheaper", by="ann")
    with pytest.raises(ControlError, match="'first' cannot be pinned: 'second' is, in the channel sms"):
        failover.control("first", Control.PINNED, reason="faster", by="bob")
    assert dict(ProviderHealth.objects.values_list("alias", "control")) == {"first": "", "second": "pinned"}
    failover.control("second", Control.PINNED, reason="still cheaper", by="ann")
    failover.control("sandbox", Control.PINNED, reason="of other channels", by="ann")
    failover.control("second", Control.AUTOMATIC, reason="no longer", by="ann")
    failover.control("first", Control.PINNED, reason="faster", by="bob")
    assert ProviderChange.objects.count() == 5


def test_of_two_operators_who_pin_at_once_one_is_refused():
    together = threading.Barrier(2)

    def pin(alias):
        try:
            together.wait(10)
            failover.control(alias, Control.PINNED, reason="mine", by=alias)
        except ControlError:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(pin, ["first", "second"])) == 1
    assert ProviderHealth.objects.filter(control=Control.PINNED).count() == 1


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_control_needs_a_reason(reason):
    with pytest.raises(ControlError, match="'first' cannot be controlled without a reason"):
        failover.control("first", Control.DRAINING, reason=reason, by="ann")
    assert not ProviderHealth.objects.exists()


def test_a_long_reason_is_kept_as_far_as_it_fits():
    failover.control("first", Control.DRAINING, reason="x" * 500, by="ann")
    assert ProviderHealth.objects.get(alias="first").control_reason == "x" * 200
    assert ProviderChange.objects.get().reason == "x" * 300


def test_shares_tell_who_takes_how_much_now():
    now, channel = clock.now(), get_channel("sms")

    def shares(**states):
        ProviderHealth.objects.all().delete()
        for alias, values in states.items():
            ProviderHealth.objects.create(alias=alias, **values)
        failover.forget()
        return failover.shares(channel, now)

    back = {"closed_at": now}
    assert shares() == {"first": 1, "second": 0}
    assert shares(first={"breaker": "open"}) == {"first": 0, "second": 1}
    assert shares(first=back) == {"first": 0.25, "second": 0.75}
    assert shares(first=back, second={"control": "draining"}) == {"first": 1, "second": 0}
    assert shares(first=back, second=back) == {"first": 0.25 + 0.75 * 0.75, "second": 0.75 * 0.25}
    assert shares(first=back, second={"control": "pinned"}) == {"first": 0, "second": 1}
    assert shares(first={"breaker": "half_open"}, second={"control": "disabled"}) == {"first": 0, "second": 0}


def test_threads_that_send_learn_what_is_out_of_use_without_a_connection():
    """Each would keep one open, of which a database has few."""

    def ask() -> bool:
        known = failover.is_known_to_be_out("first", clock.now(ask=False))
        return known and connection.connection is None

    failover.control("first", Control.DISABLED, reason="an incident", by="ann")
    health.states()
    clock.forget()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask).result()
