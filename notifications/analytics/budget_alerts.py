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
from django.utils.translation import gettext_noop

from notifications import conf
from notifications.analytics.alerts import WORTH_TELLING, ChannelAlert, operators
from notifications.models import Budget
from notifications.models.budget import plain
from notifications.services import notify
from notifications.signals import budget_reached, budget_warned
from notifications.types import NotificationType, Priority, register


class BudgetAlert(NotificationType):
    """What they have in common."""

    category = gettext_noop("operations")
    channels = ChannelAlert.channels
    mandatory = True
    expires_after = WORTH_TELLING
    example = {
        "budget": "The budget of 20.00 USD a day for twilio, marketing",
        "amount": "20.00 USD",
        "spent": "16.02 USD",
        "percent": 80,
        "period": "a day",
    }

    budget: str
    """what it is for, in words"""
    amount: str
    spent: str
    percent: int
    """how much of it is spent, in full percents"""
    period: str

    def recipients(self) -> QuerySet[Any]:
        return operators()

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
    example = {**BudgetAlert.example, "spent": "20.00 USD", "percent": 100}


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
    currency = conf.get().CURRENCY
    return {
        "budget": budget.describe(currency),
        "amount": f"{plain(budget.amount)} {currency}",
        "spent": f"{plain(spent)} {currency}",
        "percent": int(spent * 100 / budget.amount) if budget.amount else 100,
        "period": budget.get_period_display(),
    }
