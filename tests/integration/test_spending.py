"""What messages cost, and budgets that they must fit into (P8)."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import clock
from notifications.analytics.budget_alerts import BudgetReached, BudgetWarning
from notifications.messages import Receipt
from notifications.models import (
    Budget,
    Delivery,
    Event,
    Kind,
    Period,
    Price,
    Reason,
    SandboxFault,
    SandboxMessage,
    Spending,
    Status,
)
from notifications.pipeline import dispatch, failover, spending
from notifications.pipeline.starting import start
from notifications.pipeline.work import claim, prepare
from notifications.services import notify, record_receipts, replay
from notifications.signals import budget_reached, budget_warned
from notifications.testing import assert_notified, deliver_all, frozen_clock, outbox, registered
from notifications.types import NotificationType, Priority
from tests.app.notifications import Everywhere, Note, UrgentNote

pytestmark = pytest.mark.django_db(transaction=True)

SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}
TEMPLATES = {"sms.txt": "{{ text }}"}


class Critical(NotificationType):
    """Passes all budgets."""

    key = "tests.critical"
    category = "visits"
    channels = ("sms",)
    priority = Priority.CRITICAL

    text: str


@pytest.fixture(autouse=True)
def _two_providers(settings: Any) -> Iterator[None]:
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], "sms": {**given["CHANNELS"]["sms"], "PROVIDERS": ["first", "second"]}},
        "PROVIDERS": {"first": SANDBOX, "second": SANDBOX, "sandbox": SANDBOX},
    }
    with registered(Critical, TEMPLATES):
        yield


@pytest.fixture
def one_provider(settings: Any) -> None:
    given = settings.NOTIFICATIONS
    sms = {**given["CHANNELS"]["sms"], "PROVIDERS": ["first"]}
    settings.NOTIFICATIONS = {**given, "CHANNELS": {**given["CHANNELS"], "sms": sms}}


def price(amount: str, country: str = "", provider: str = "first") -> None:
    Price.objects.create(provider=provider, country=country, amount=Decimal(amount))
    spending.forget()


def budget(amount: str, period: Period = Period.DAY, **values: Any) -> Budget:
    found = Budget.objects.create(amount=Decimal(amount), period=period, **values)
    spending.forget()
    return found


def work(lane: str = "default") -> int:
    return dispatch.run(lane, until=time.monotonic() + 20)


def send(person: Any, number: int = 1, text: str = "a") -> None:
    for _ in range(number):
        notify(Note(text=text), to=person)
    work()


def spent(provider: str = "first") -> Decimal:
    return sum(Spending.objects.filter(provider=provider).values_list("amount", flat=True), Decimal())


def make_due() -> None:
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now() - timedelta(seconds=1))


def statuses() -> list[tuple[str, str]]:
    return sorted(Delivery.objects.values_list("status", "reason"))


# What a message costs.


def test_a_text_costs_its_parts_at_the_price_of_its_country(make_person: Any) -> None:
    price("0.0079")
    price("0.0120", country="IN")
    notify(Note(text="a" * 161), to=[make_person(phone="+919847012345"), make_person(phone="+14155552671")])
    work()
    found = {each.address[:3]: (each.segments, each.cost) for each in Delivery.objects.all()}
    assert found == {"+91": (2, Decimal("0.0240")), "+14": (2, Decimal("0.0158"))}
    assert spent() == Decimal("0.0398")


def test_other_channels_cost_their_price_a_message(person: Any) -> None:
    price("0.0004", provider="sandbox")
    notify(Everywhere(text="hello"), to=person)
    work()
    costs = dict(Delivery.objects.values_list("channel", "cost"))
    assert costs == {"email": Decimal("0.0004"), "push": Decimal("0.0004"), "sms": None, "in_app": None}
    assert Spending.objects.get().category == "visits"


def test_what_failed_costs_nothing(person: Any) -> None:
    price("0.01")
    SandboxFault.objects.create(provider="first", fault="refuse")
    send(person)
    assert Delivery.objects.get().cost is None
    assert spent() == 0


def test_what_another_provider_took_is_spent_there(person: Any) -> None:
    price("0.01")
    price("0.02", provider="second")
    SandboxFault.objects.create(provider="first", fault="error")
    send(person)
    assert (Delivery.objects.get().cost, spent("first"), spent("second")) == (
        Decimal("0.02"),
        Decimal(),
        Decimal("0.02"),
    )


def test_what_may_have_been_sent_counts_until_it_is_known(person: Any, one_provider: None) -> None:
    price("0.01")
    SandboxFault.objects.create(provider="first", fault="timeout")
    send(person)
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.cost, spent()) == (Status.UNKNOWN, Decimal("0.01"), Decimal("0.01"))
    Delivery.objects.update(due_at=clock.now())
    dispatch.run("default", until=time.monotonic() + 1)  # looked up: it was never taken, and is sent again
    work()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.cost, spent()) == (Status.SENT, Decimal("0.01"), Decimal("0.01"))


def test_a_providers_own_price_replaces_ours(person: Any) -> None:
    price("0.01")
    send(person)
    delivery = Delivery.objects.get()
    receipt = Receipt(delivery_id=delivery.pk, state="delivered", provider="first", cost=Decimal("0.0075"))
    record_receipts([receipt])
    delivery.refresh_from_db()
    assert (delivery.cost, spent()) == (Decimal("0.0075"), Decimal("0.0075"))
    record_receipts([receipt])
    assert spent() == Decimal("0.0075")


def test_what_is_sent_again_is_paid_again(person: Any, one_provider: None) -> None:
    price("0.01")
    send(person)
    Delivery.objects.update(status=Status.BOUNCED)
    replay([Delivery.objects.get().pk])
    work()
    assert spent() == Decimal("0.02")


def test_without_prices_and_budgets_a_batch_asks_nothing_of_them(make_person: Any) -> None:
    people = [make_person() for _ in range(5)]
    notify(Note(text="a"), to=people)
    spending.is_limited()  # the one look every few seconds
    with CaptureQueriesContext(connection) as captured:
        assert work() == 5
    tables = ("notify_price", "notify_budget", "notify_spending")
    assert [each["sql"] for each in captured if any(table in each["sql"] for table in tables)] == []


# Budgets.


def test_what_does_not_fit_is_held_and_says_which_budget(person: Any, one_provider: None) -> None:
    price("0.01")
    budget("0.03", provider="first")
    send(person, 5)
    assert (SandboxMessage.objects.count(), spent()) == (3, Decimal("0.03"))
    held = Delivery.objects.filter(reason=Reason.BUDGET)
    assert {each.status for each in held} == {Status.PENDING} and len(held) == 2
    assert held[0].detail == (
        "The budget of 0.03 USD a day for first does not allow it: 0.03 are spent, and this message costs 0.01."
    )
    assert held[0].attempts == 0
    assert held[0].due_at is not None
    assert timedelta() < held[0].due_at - clock.now() <= spending.HOLD


def test_nothing_overruns_a_budget_that_is_no_multiple_of_the_price(person: Any, one_provider: None) -> None:
    price("0.0079")
    budget("0.02")
    send(person, 5)
    assert spent() == Decimal("0.0158")


def test_a_larger_budget_lets_what_is_held_go(person: Any, one_provider: None) -> None:
    price("0.01")
    limit = budget("0.01")
    send(person, 3)
    Budget.objects.filter(pk=limit.pk).update(amount=Decimal("0.02"))
    make_due()
    work()
    assert statuses() == [("pending", "budget"), ("sent", ""), ("sent", "")]


def test_what_is_held_again_and_again_is_told_once(person: Any, one_provider: None) -> None:
    price("0.01")
    budget("0")
    send(person)
    for _ in range(3):
        make_due()
        work()
    assert Event.objects.filter(kind=Kind.DEFERRED).count() == 1


def test_another_provider_takes_what_the_first_ones_budget_does_not_allow(person: Any) -> None:
    price("0.01")
    price("0.02", provider="second")
    budget("0.02", provider="first")
    send(person, 5)
    taken = [SandboxMessage.objects.filter(provider=each).count() for each in ("first", "second")]
    assert taken == [2, 3]
    assert (spent("first"), spent("second")) == (Decimal("0.02"), Decimal("0.06"))


def test_critical_messages_pass_and_count(person: Any, one_provider: None) -> None:
    price("0.01")
    budget("0.01")
    for _ in range(3):
        notify(Critical(text="a"), to=person)
    work("urgent")
    send(person)
    assert spent() == Decimal("0.03")
    assert statuses() == [("pending", "budget"), ("sent", ""), ("sent", ""), ("sent", "")]


def test_a_budget_of_a_category_holds_only_that_one(person: Any) -> None:
    price("0.01")
    price("0.01", provider="sandbox")
    budget("0", category="visits")
    notify(Everywhere(text="a"), to=person)
    send(person)
    held = set(Delivery.objects.filter(reason=Reason.BUDGET).values_list("channel", flat=True))
    assert held == {"email", "push"}  # the text went through the provider that has no price
    assert Delivery.objects.get(notification__type=Note.key).status == Status.SENT


def test_the_tightest_of_several_budgets_decides(person: Any, one_provider: None) -> None:
    price("0.01")
    budget("1", period=Period.MONTH)
    budget("0.02", provider="first", category="general", period=Period.MONTH)
    budget("0.04", provider="first")
    send(person, 5)
    assert spent() == Decimal("0.02")
    assert "a month for first, general" in Delivery.objects.filter(reason=Reason.BUDGET)[0].detail


def test_what_has_no_price_stops_with_its_providers_own_budget_alone(person: Any, one_provider: None) -> None:
    budget("0")
    send(person)
    assert statuses() == [("sent", "")]
    budget("0", provider="first")
    send(person)
    assert statuses() == [("pending", "budget"), ("sent", "")]
    assert "this message has no price" in Delivery.objects.get(reason=Reason.BUDGET).detail


def test_a_day_ends_at_midnight_of_the_site(person: Any, one_provider: None, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"
    price("0.01")
    budget("0.01")
    with frozen_clock(datetime(2030, 3, 31, 18, 27, tzinfo=UTC)) as now:  # 23:57 there
        send(person, 2)
        assert Delivery.objects.get(reason=Reason.BUDGET).due_at == datetime(2030, 3, 31, 18, 30, tzinfo=UTC)
        now.advance("3 minutes")
        work()
    assert dict(Spending.objects.values_list("day", "amount")) == {
        date(2030, 3, 31): Decimal("0.01"),
        date(2030, 4, 1): Decimal("0.01"),
    }


def test_a_month_ends_with_its_last_day(person: Any, one_provider: None) -> None:
    price("0.01")
    budget("0.01", period=Period.MONTH)
    with frozen_clock(datetime(2030, 12, 30, 12, tzinfo=UTC)) as now:
        send(person, 2)
        now.advance("1 day")
        work()
        assert spent() == Decimal("0.01")
        now.advance("1 day")
        work()
        assert spent() == Decimal("0.02")


def test_an_answer_that_comes_after_midnight_counts_on_the_day_of_its_request(person: Any, one_provider: None) -> None:
    price("0.01")
    with frozen_clock(datetime(2030, 1, 1, 23, 59, tzinfo=UTC)) as now:
        SandboxFault.objects.create(provider="first", fault="timeout")
        send(person)
        now.advance("3 minutes")
        dispatch.run("default", until=time.monotonic() + 1)
    found = Spending.objects.order_by("day").first()
    assert found is not None
    assert (found.day, found.amount) == (date(2030, 1, 1), Decimal())


# Who is told.


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Decimal]]]:
    found: list[tuple[str, Decimal]] = []

    def warned(sender: Any, **values: Any) -> None:
        found.append(("warned", values["spent"]))

    def reached(sender: Any, **values: Any) -> None:
        found.append(("reached", values["spent"]))

    budget_warned.connect(warned)
    budget_reached.connect(reached)
    yield found
    budget_warned.disconnect(warned)
    budget_reached.disconnect(reached)


def test_a_budget_warns_and_then_says_that_it_is_reached_once_each(
    person: Any, one_provider: None, heard: list[Any]
) -> None:
    price("0.01")
    budget("0.10", warn_percent=80)
    for number in (7, 1, 1, 1, 1, 1):
        send(person, number)
    assert heard == [("warned", Decimal("0.08")), ("reached", Decimal("0.10"))]


def test_operators_are_told_once_in_a_period_by_every_channel(
    person: Any, one_provider: None, django_user_model: Any
) -> None:
    operator = django_user_model.objects.create_superuser("ann", email="ann@example.org")
    price("0.01")
    limit = budget("0.10", provider="first")
    for number in (8, 5):
        send(person, number)
        spending.forget()  # as another process, which has told nobody yet
    deliver_all()
    assert_notified(BudgetWarning, to=operator, percent=80, spent="0.08", times=1)
    (reached,) = assert_notified(BudgetReached, to=operator, percent=100)
    assert reached.body == (
        "Budget for first: $0.10 of $0.10 a day are spent. "
        "What does not fit is held until the next period, or until the budget is raised."
    )
    subjects = {each.content["subject"] for each in outbox("email", to="ann@example.org")}
    assert subjects == {
        "80 % spent: budget for first",
        "Used up: budget for first",
    }
    Budget.objects.filter(pk=limit.pk).update(amount=Decimal("0.11"))
    make_due()
    work()
    assert_notified(BudgetReached, to=operator, times=2)


def test_an_alert_that_could_not_be_told_is_told_later_and_stops_nothing(
    person: Any, one_provider: None, monkeypatch: pytest.MonkeyPatch, django_user_model: Any, caplog: Any
) -> None:
    price("0.01")
    budget("0.01")

    def fail(*args: Any, **values: Any) -> None:
        raise ValueError("no operators")

    with monkeypatch.context() as patched:
        patched.setattr(BudgetReached, "recipients", fail)
        send(person, 2)
    assert statuses() == [("pending", "budget"), ("sent", "")]
    assert caplog.text.count("no operators") > 0
    django_user_model.objects.create_superuser("ann")
    spending.forget()
    make_due()
    work()
    assert_notified(BudgetReached, times=1)


def test_a_hanging_lease_keeps_no_more_than_its_own_cost(person: Any, one_provider: None) -> None:
    """A worker that was killed after its request opened: its messages stay counted, and are counted once."""
    price("0.01")
    notify(UrgentNote(text="a"), to=person)
    works = claim("urgent", 10)
    prepare(works)
    assert len(start(works)) == 1
    assert spent() == Decimal("0.01")
    make_due()
    failover.forget()
    work("urgent")  # found: it may have been sent
    assert (Delivery.objects.get().status, spent()) == (Status.UNKNOWN, Decimal("0.01"))
    make_due()
    work("urgent")  # asked: it was never taken, and is sent
    assert (Delivery.objects.get().status, spent()) == (Status.SENT, Decimal("0.01"))
