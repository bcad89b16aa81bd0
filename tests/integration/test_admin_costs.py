"""The admin's pages of prices, budgets and spending."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications import clock
from notifications.models import Budget, Period, Price, Spending
from notifications.pipeline.spending import day_of
from tests.integration.test_admin import shown, staff

pytestmark = pytest.mark.django_db

PRICES, BUDGETS, SPENDING = (f"/admin/notify/{each}/" for each in ("price", "budget", "spending"))
MAY = [f"{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("price", "budget", "spending")]


@pytest.fixture(autouse=True)
def _operator(client: Client) -> None:
    staff(client, *MAY)


def spend(amount: str, *, days_ago: int = 0, provider: str = "sandbox", category: str = "general") -> None:
    day = day_of(clock.now() - timedelta(days=days_ago))
    Spending.objects.add({(day, provider, category): Decimal(amount)})


def budget(amount: str, **values: Any) -> Budget:
    return Budget.objects.create(**{"amount": Decimal(amount), "period": Period.DAY, **values})


def test_a_price_is_entered_with_its_country_in_capitals(client: Client) -> None:
    response = client.post(f"{PRICES}add/", {"provider": "sandbox", "country": "in", "amount": "0.0042"})
    assert response.status_code == 302, shown(response)
    price = Price.objects.get()
    assert (price.provider, price.country, price.amount) == ("sandbox", "IN", Decimal("0.0042"))
    assert "sandbox IN 0.0042 USD" in shown(client.get(PRICES))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"country": "UK"}, "UK is no country. Name it as ISO 3166 does: GB, US, IN."),
        ({"provider": "carrier-pigeon"}, "Select a valid choice."),
        ({"provider": ""}, "This field is required."),
        ({"amount": "-1"}, "Constraint “notify_price_not_negative” is violated."),
    ],
)
def test_a_mistake_is_named(client: Client, values: dict[str, str], says: str) -> None:
    form = {"provider": "sandbox", "country": "", "amount": "0.01", **values}
    assert says in shown(client.post(f"{PRICES}add/", form))
    assert not Price.objects.exists()


def test_a_budget_is_entered_for_what_exists_and_changed(client: Client) -> None:
    form = {"provider": "", "category": "visits", "period": "month", "amount": "20", "warn_percent": "75"}
    response = client.post(f"{BUDGETS}add/", form)
    assert response.status_code == 302, shown(response)
    stored = Budget.objects.get()
    client.post(f"{BUDGETS}{stored.pk}/change/", {**form, "amount": "25"})
    stored.refresh_from_db()
    assert (stored.provider, stored.category, stored.period, stored.amount) == ("", "visits", "month", Decimal(25))
    assert "Select a valid choice." in shown(client.post(f"{BUDGETS}add/", {**form, "category": "unheard-of"}))
    too_much = client.post(f"{BUDGETS}add/", {**form, "category": "general", "warn_percent": "101"})
    assert "less than or equal to 100" in shown(too_much)


def test_each_budget_shows_what_was_spent_of_it_and_where_it_stands(client: Client) -> None:
    spend("8.5")
    spend("3", category="visits")
    budget("100")
    budget("10", category="general")
    budget("3", category="visits")
    text = shown(client.get(BUDGETS))
    assert "100.00 USD a day all providers all categories 80 % 11 % 11.50 USD (11 %) open" in text
    assert "10.00 USD a day all providers general 80 % 85 % 8.50 USD (85 %) nearly used up" in text
    assert "3.00 USD a day all providers visits 80 % 100 % 3.00 USD (100 %) used up" in text


def test_the_list_takes_as_many_queries_for_twenty_budgets_as_for_one(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(BUDGETS).status_code == 200
        return len(captured)

    budget("1")
    client.get(BUDGETS)
    one = queries()
    for number in range(20):
        budget("1", category=f"category {number}")
    assert queries() == one


def test_spending_is_shown_and_nobody_changes_it(client: Client) -> None:
    spend("8.5")
    row = Spending.objects.get()
    assert "sandbox general 8.50 USD" in shown(client.get(SPENDING))
    assert client.post(f"{SPENDING}{row.pk}/change/", {"amount": "0"}).status_code == 403
    assert client.get(f"{SPENDING}add/").status_code == 403
    assert client.post(f"{SPENDING}{row.pk}/delete/", {"post": "yes"}).status_code == 403
