"""Fault: a budget is used up in the middle of a run. The rest is held, operators are told, critical messages pass."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import Sum

from notifications import clock
from notifications.analytics.budget_alerts import BudgetReached, BudgetWarning
from notifications.models import Budget, Delivery, Event, Kind, Notification, Period, Price, Reason, Spending, Status
from notifications.pipeline import dispatch, spending
from notifications.services import notify
from notifications.types import Priority
from tests.faults import ledger, sites
from tests.faults.app.notifications import ViaLookUp, ViaReceipts
from tests.faults.sites import Site, in_threads, run_round

MESSAGES = 300
PRICE, AMOUNT = Decimal("0.0079"), Decimal("0.9")
FIT = 113
"""messages of that price in the budget"""


def limit(provider: str = "look_up") -> Budget:
    Price.objects.create(provider=provider, amount=PRICE)
    budget = Budget.objects.create(provider=provider, amount=AMOUNT, period=Period.MONTH)
    spending.forget()
    return budget


def spent() -> Decimal:
    found: Decimal | None = Spending.objects.aggregate(Sum("amount"))["amount__sum"]
    return round(found or Decimal(), 6)


def let_the_hold_pass() -> None:
    Delivery.objects.filter(reason=Reason.BUDGET).update(due_at=clock.now() - timedelta(seconds=1))


def held() -> int:
    return Delivery.objects.filter(status=Status.PENDING, reason=Reason.BUDGET).count()


def test_a_budget_that_is_used_up_in_mid_run_holds_the_rest_until_it_is_raised(any_site: Site) -> None:
    """Issue: the rest is held with that reason, an alert is raised, critical ones pass."""
    operator = get_user_model()._default_manager.create_superuser("ann")
    any_site.provider.behave(before=0.01, after=0.01)
    budget = limit()
    people = sites.people(MESSAGES)
    with any_site.crew() as crew:
        crew.hire("drain", 2)
        notify(ViaLookUp(text="a"), to=people)
        assert crew.until(lambda: held() == MESSAGES - FIT, 60), crew.logs()
        assert crew.until(lambda: sum(any_site.provider.counts().values()) == FIT, 10), crew.logs()
        assert spent() == FIT * PRICE

        critical = Delivery.objects.filter(reason=Reason.BUDGET)[:5]
        Delivery.objects.filter(pk__in=[each.pk for each in critical]).update(
            priority=Priority.CRITICAL, due_at=clock.now()
        )
        dispatch.run("urgent", until=time.monotonic() + 20)
        assert spent() == (FIT + 5) * PRICE

        told = Notification.objects.filter(recipient=operator).values_list("type", flat=True)
        assert sorted(told) == [BudgetReached.key, BudgetWarning.key]

        Budget.objects.filter(pk=budget.pk).update(amount=10)
        let_the_hold_pass()
        sent = Delivery.objects.filter(channel="look_up", status=Status.SENT)
        assert crew.until(lambda: sent.count() == MESSAGES, 60), crew.logs()
    assert set(any_site.provider.counts().values()) == {1}
    assert spent() == MESSAGES * PRICE == sum(each.cost or 0 for each in sent)
    assert Event.objects.filter(kind=Kind.DEFERRED).count() <= MESSAGES - FIT, "each was told of more than once"
    ledger.check_each_ended_once()


def test_eight_threads_never_overrun_a_budget_even_for_a_moment(any_site: Site) -> None:
    """Each reads what is spent, adds its own and writes: without a lock, two of them would see the same rest."""
    any_site.provider.behave(before=0.002, after=0.002)
    limit()
    notify(ViaLookUp(text="a"), to=sites.people(MESSAGES))
    over, most = threading.Event(), Decimal()

    def watch() -> None:
        nonlocal most
        while not over.is_set():
            most = max(most, spent())
            time.sleep(0.005)
        connections.close_all()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        in_threads(8, lambda: run_round(40))
    finally:
        over.set()
        watching.join()
    assert FIT * PRICE <= AMOUNT < (FIT + 1) * PRICE
    assert most <= AMOUNT
    assert spent() == FIT * PRICE
    assert sum(any_site.provider.counts().values()) == FIT
    assert held() == MESSAGES - FIT


def test_what_a_dead_provider_did_not_take_is_given_back_to_the_budget(any_site: Site) -> None:
    any_site.configure(options={"url": "http://127.0.0.1:1", "timeout_seconds": 0.5}, MAX_ATTEMPTS=1)
    limit("receipts")
    notify(ViaReceipts(text="a"), to=sites.people(20))
    in_threads(4, lambda: run_round(3))
    assert not Delivery.objects.exclude(status__in=[Status.FAILED, Status.PENDING]).exists()
    assert spent() == 0
    assert not Delivery.objects.filter(cost__isnull=False).exists()


@pytest.fixture(autouse=True)
def _forget() -> Any:
    spending.forget()
    yield
    spending.forget()
