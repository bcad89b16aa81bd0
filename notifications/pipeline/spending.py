"""What messages cost, and the budgets that they must fit into.

What a message is expected to cost is set aside as its request opens, in the same transaction, and put right once the
provider has answered or has told its own price. So `Spending` is at any time the sum of what stands on the deliveries
as their cost, those under way included, and no budget is overrun by messages that start at the same moment.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from notifications import conf
from notifications.messages import Message, SmsMessage
from notifications.models import Budget, Delivery, Notification, Period, Price, Spending
from notifications.models.budget import Amounts, SpendingKey, plain
from notifications.models.outbox import Settlement
from notifications.signals import budget_reached, budget_warned

LOOK_AGAIN_SECONDS = 5.0
"""how old prices may be, and the news that there is a budget at all"""
TELL_AGAIN_SECONDS = 60.0
HOLD = timedelta(minutes=5)
"""how long a message is held at the most, so that a budget which was raised meanwhile is noticed"""


@dataclass(frozen=True, slots=True)
class _Tariff:
    prices: Mapping[tuple[str, str], Decimal]
    """(provider, country or "") → the price of a segment, or of a message"""
    limited: bool
    """whether there is any budget"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """What is about to be spent. A critical one passes all budgets, and counts like any other."""

    provider: str
    category: str
    cost: Decimal | None
    critical: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A budget does not allow it before `until`."""

    detail: str
    until: datetime


_seen: tuple[float, _Tariff] | None = None
_quiet_until: dict[tuple[Any, ...], float] = {}


def forget() -> None:
    """Look at prices and budgets again at the next call."""
    global _seen
    _seen = None
    _quiet_until.clear()


def estimate(message: Message, provider: str) -> Decimal | None:
    """What the provider will charge for a message, by the deployment's prices; None: no price is known.

    An MMS has none until the provider tells it: prices of text messages are those of a part.
    """
    if isinstance(message, SmsMessage):
        return None if message.segments is None else cost(provider, message.country, message.segments)
    return cost(provider)


def cost(provider: str, country: str = "", segments: int = 1) -> Decimal | None:
    """What so many segments cost; those of no country, and to one without a price of its own, as all others."""
    prices = _tariff().prices
    price = prices.get((provider, country), prices.get((provider, "")))
    return price if price is None else price * segments


def is_limited() -> bool:
    """Whether there is any budget."""
    return _tariff().limited


def admit(charges: Sequence[Charge], now: datetime) -> list[Refusal | None]:
    """Which of these fit into all budgets that they fall under, in this order; None: it does.

    Call it in the transaction that then adds them: until its end, whoever else wants to spend waits.
    """
    budgets = list(Budget.objects.select_for_update(no_key=True).order_by("pk"))
    if not budgets:
        return [None] * len(charges)
    today = day_of(now)
    spent = standing(budgets, now)
    found: list[Refusal | None] = []
    reached: dict[Any, Budget] = {}
    for charge in charges:
        concerned = [each for each in budgets if _covers(each, charge.provider, charge.category)]
        over = None if charge.critical else next((each for each in concerned if _exceeds(each, spent, charge)), None)
        if over is not None:
            reached[over.pk] = over
            found.append(_refusal(over, spent[over.pk], charge, now))
            continue
        for each in concerned:
            spent[each.pk] += charge.cost or 0
        found.append(None)
    for each in budgets:
        if each.pk in reached or spent[each.pk] >= each.amount:
            _tell(budget_reached, each, spent[each.pk], today)
        elif spent[each.pk] * 100 >= each.amount * each.warn_percent:
            _tell(budget_warned, each, spent[each.pk], today)
    return found


def standing(budgets: Sequence[Budget], now: datetime) -> dict[Any, Decimal]:
    """Primary key → what was spent of a budget in its present period."""
    sums = Spending.objects.sums(day_of(now))
    return {
        each.pk: sum((amount for key, amount in sums[each.period].items() if _covers(each, *key)), Decimal())
        for each in budgets
    }


def set_aside(charges: Iterable[Charge], now: datetime) -> None:
    """Count these as spent. Call it in the transaction that starts their deliveries."""
    amounts: Amounts = defaultdict(Decimal)
    for each in charges:
        amounts[day_of(now), each.provider, each.category] += each.cost or 0
    Spending.objects.add(amounts)


def correct(settled: Iterable[tuple[Delivery, Settlement]]) -> None:
    """Put what was set aside for these deliveries right. Call it in the transaction that settles them."""
    changes: Amounts = defaultdict(Decimal)
    for delivery, settlement in settled:
        if delivery.started_at is not None and delivery.cost != settlement.cost:
            changes[key_of(delivery, delivery.notification.category)] += _difference(delivery.cost, settlement.cost)
    Spending.objects.add(changes)


def correct_reported(deliveries: Collection[Delivery], before: Mapping[Any, Decimal | None]) -> None:
    """The same for what providers told later: `before` is primary key → cost, as it was counted."""
    changed = [each for each in deliveries if each.cost != before[each.pk] and each.started_at is not None]
    if not changed:
        return
    ids = {each.notification_id for each in changed}
    categories = dict(Notification.objects.filter(pk__in=ids).values_list("pk", "category"))
    changes: Amounts = defaultdict(Decimal)
    for each in changed:
        changes[key_of(each, categories[each.notification_id])] += _difference(before[each.pk], each.cost)
    Spending.objects.add(changes)


def key_of(delivery: Delivery, category: str) -> SpendingKey:
    """Where a delivery counts that was started: on the day of its request."""
    if delivery.started_at is None:
        raise LookupError(f"Delivery {delivery.pk} was not started, so it costs nothing.")
    return day_of(delivery.started_at), delivery.provider, category


def day_of(moment: datetime) -> date:
    """The day in the site's time zone."""
    return moment.astimezone(timezone.get_default_timezone()).date()


def period_begins(period: str, today: date) -> date:
    """The first day of the day or month."""
    return today if period == Period.DAY else today.replace(day=1)


def _period_ends(period: str, today: date) -> datetime:
    after = today + timedelta(days=1)
    if period == Period.MONTH:
        after = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime(after.year, after.month, after.day, tzinfo=timezone.get_default_timezone())


def _tariff() -> _Tariff:
    global _seen
    seen = _seen
    if seen is None or time.monotonic() - seen[0] > LOOK_AGAIN_SECONDS:
        rows = Price.objects.values_list("provider", "country", "amount")
        prices = {(provider, country): amount for provider, country, amount in rows}
        seen = _seen = time.monotonic(), _Tariff(prices, limited=Budget.objects.exists())
    return seen[1]


def _covers(budget: Budget, provider: str, category: str) -> bool:
    return budget.provider in ("", provider) and budget.category in ("", category)


def _exceeds(budget: Budget, spent: Mapping[Any, Decimal], charge: Charge) -> bool:
    """What has no price fits as long as its provider's own budget, if there is one, is not used up."""
    if charge.cost:
        return spent[budget.pk] + charge.cost > budget.amount
    return charge.cost is None and bool(budget.provider) and spent[budget.pk] >= budget.amount


def _refusal(budget: Budget, spent: Decimal, charge: Charge, now: datetime) -> Refusal:
    currency = conf.get().CURRENCY
    costs = "this message has no price" if charge.cost is None else f"this message costs {plain(charge.cost)}"
    detail = f"{budget.describe(currency)} does not allow it: {plain(spent)} are spent, and {costs}."
    return Refusal(detail=detail, until=min(_period_ends(budget.period, day_of(now)), now + HOLD))


def _difference(before: Decimal | None, after: Decimal | None) -> Decimal:
    return (after or Decimal()) - (before or Decimal())


def _tell(signal: Signal, budget: Budget, spent: Decimal, today: date) -> None:
    """After commit, and once in each process; where that failed, again after a while. It is asked for each batch."""
    begins = period_begins(budget.period, today)
    token = (signal, budget.pk, budget.amount, budget.warn_percent, begins)
    if _quiet_until.get(token, 0) <= time.monotonic():
        transaction.on_commit(partial(_send, token, signal, budget, spent, begins))


def _send(token: tuple[Any, ...], signal: Signal, budget: Budget, spent: Decimal, begins: date) -> None:
    _quiet_until[token] = math.inf
    answers = signal.send_robust(Budget, budget=budget, spent=spent, begins=begins)
    if any(isinstance(answer, Exception) for _, answer in answers):
        _quiet_until[token] = time.monotonic() + TELL_AGAIN_SECONDS
