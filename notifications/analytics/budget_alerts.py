"""Alerts of budgets: operators are told when most of one is spent, and when it is used up. Once in a period each.

Each process that finds it so tells it, under the same key; so does a budget that was raised, under another one.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, gettext_noop

from notifications.analytics.alerts import WORTH_TELLING, ChannelAlert, operators
from notifications.models import Budget
from notifications.models.budget import plain
from notifications.services import notify
from notifications.signals import budget_reached, budget_warned
from notifications.types import NotificationType, Priority, register
from notifications.variables import Variable


class BudgetAlert(NotificationType):
    """What they have in common."""

    category = gettext_noop("operations")
    channels = ChannelAlert.channels
    mandatory = True
    expires_after = WORTH_TELLING
    example = {
        "for_provider": "twilio",
        "for_category": "marketing",
        "period": "day",
        "amount": "20.00",
        "spent": "16.02",
        "percent": 80,
    }
    variables = {
        "concerned": Variable(
            example="twilio, marketing",
            longest="messagebird_europe, appointment reminders",
            about="what the budget is for: a provider, a category, or both; empty: all messages",
        ),
        "period": Variable(example="day", longest="month", about='"day" or "month"'),
        "amount": Variable(
            example=Decimal("20.00"),
            longest=Decimal("125000.00"),
            about="the budget, for the tag money: in the deployment's currency",
        ),
        "spent": Variable(
            example=Decimal("16.02"), longest=Decimal("125000.00"), about="what of it is spent, for the tag money"
        ),
        "percent": Variable(example=80, longest=100, about="how much of it is spent, in full percents"),
    }

    for_provider: str
    """empty: all"""
    for_category: str
    """empty: all"""
    period: str
    """a value of `Period`"""
    amount: str
    """in the deployment's currency, such as 20.00"""
    spent: str
    percent: int
    """how much of it is spent, in full percents"""

    def recipients(self) -> QuerySet[Any]:
        return operators()

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        category = gettext(self.for_category) if self.for_category else ""
        return {
            "concerned": ", ".join(filter(None, (self.for_provider, category))),
            "period": self.period,
            "amount": Decimal(self.amount),
            "spent": Decimal(self.spent),
            "percent": self.percent,
        }

    def link(self, recipient: AbstractBaseUser) -> str:
        try:
            return reverse("admin:notify_budget_changelist")
        except NoReverseMatch:  # a project without the admin
            return ""


class BudgetWarning(BudgetAlert):
    """Tells operators that most of a budget is spent."""

    key = "notify.budget_warning"
    priority = Priority.HIGH


class BudgetReached(BudgetAlert):
    """Tells operators that a budget is used up: what does not fit is held. Critical, so that it passes budgets."""

    key = "notify.budget_reached"
    priority = Priority.CRITICAL
    example = {**BudgetAlert.example, "spent": "20.00", "percent": 100}


def connect() -> None:
    """Declare the types and listen. Autodiscovery skips our own package, so `NotifyConfig.ready` calls it."""
    if BudgetAlert.channels:
        register(BudgetWarning)
        register(BudgetReached)
        budget_warned.connect(_warn, dispatch_uid="notifications.budget_warning")
        budget_reached.connect(_tell_reached, dispatch_uid="notifications.budget_reached")


def _warn(*, budget: Budget, spent: Decimal, begins: date, **kwargs: Any) -> None:
    notify(BudgetWarning(**_said(budget, spent)), key=_key(budget, begins, str(budget.warn_percent)))


def _tell_reached(*, budget: Budget, spent: Decimal, begins: date, **kwargs: Any) -> None:
    notify(BudgetReached(**_said(budget, spent)), key=_key(budget, begins))


def _key(budget: Budget, begins: date, *more: str) -> str:
    return ":".join(("budget", str(budget.pk), begins.isoformat(), plain(budget.amount), *more))


def _said(budget: Budget, spent: Decimal) -> dict[str, Any]:
    return {
        "for_provider": budget.provider,
        "for_category": budget.category,
        "period": str(budget.period),
        "amount": plain(budget.amount),
        "spent": plain(spent),
        "percent": int(spent * 100 / budget.amount) if budget.amount else 100,
    }
