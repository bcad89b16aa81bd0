"""`Budget` and `Spending`: what may be spent, and what was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.core.validators import MaxValueValidator
from django.db import connections, models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from notifications.models import bulk

SpendingKey = tuple[date, str, str]
"""day, provider, category"""
Amounts = dict[SpendingKey, Decimal]


def plain(amount: Decimal) -> str:
    """With two decimals at least, and no zeros after those: 12.50, 0.0079."""
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


class Period(models.TextChoices):
    """What a budget is for. It begins anew at midnight, or on the first of the month, in the site's time zone."""

    DAY = "day", _("a day")
    MONTH = "month", _("a month")


class SpendingQuerySet(models.QuerySet["Spending"]):
    """Queries with a name."""

    def add(self, amounts: Mapping[SpendingKey, Decimal]) -> None:
        """Add these amounts; what is negative is given back. One statement, in one order, so that no two can block."""
        rows = [(*key, amount) for key, amount in sorted(amounts.items()) if amount]
        if not rows:
            return
        connection, table = connections[self.db], self.model._meta.db_table
        columns = (("day", "date"), ("provider", "text"), ("category", "text"), ("amount", "numeric"))
        source = bulk.recordset(connection.vendor, columns)
        # Rounded, since SQLite adds floating-point numbers.
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (day, provider, category, amount) "  # noqa: S608 - names of our own columns
                f"SELECT day, provider, category, amount FROM {source} WHERE true ORDER BY day, provider, category "
                "ON CONFLICT (day, provider, category) DO UPDATE "
                f"SET amount = ROUND({table}.amount + excluded.amount, 6)",
                [bulk.pack(connection.vendor, columns, rows)],
            )

    def sums(self, today: date) -> dict[str, dict[tuple[str, str], Decimal]]:
        """Period → (provider, category) → what was spent in the one that `today` belongs to."""
        this_month = self.filter(day__gte=today.replace(day=1), day__lte=today).values("provider", "category")
        rows = this_month.annotate(month=Sum("amount"), today=Sum("amount", filter=Q(day=today))).order_by()
        found: dict[str, dict[tuple[str, str], Decimal]] = {Period.DAY: {}, Period.MONTH: {}}
        for each in rows:
            for period, amount in ((Period.DAY, each["today"]), (Period.MONTH, each["month"])):
                found[period][each["provider"], each["category"]] = round(amount or Decimal(), 6)
        return found


class Budget(models.Model):
    """How much may be spent in a period: on a provider, a category, both, or all. Critical messages pass it."""

    provider = models.CharField(
        _("provider"), max_length=50, blank=True, help_text=_("Its alias. Empty: all providers.")
    )
    category = models.CharField(_("category"), max_length=50, blank=True, help_text=_("Empty: all categories."))
    period = models.CharField(_("period"), max_length=5, choices=Period.choices)
    amount = models.DecimalField(
        pgettext_lazy("money", "amount"), max_digits=14, decimal_places=6, help_text=_("In the deployment's currency.")
    )
    warn_percent = models.PositiveSmallIntegerField(
        _("warn percent"),
        default=80,
        validators=[MaxValueValidator(100)],
        help_text=_("Operators are warned at that part of the amount."),
    )

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.UniqueConstraint(fields=["provider", "category", "period"], name="notify_budget_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="notify_budget_not_negative"),
        ]

    def __str__(self) -> str:
        return self.describe()

    def describe(self, currency: str = "") -> str:
        """The budget of 20.00 USD a day for sandbox, marketing: in English, since it is stored with what it holds."""
        amount = f"{plain(self.amount)} {currency}".rstrip()
        concerned = ", ".join(filter(None, (self.provider, self.category))) or "all messages"
        return f"The budget of {amount} a {self.period} for {concerned}"


class Spending(models.Model):
    """What was spent on a provider and a category in a day of the site's time zone, estimates included."""

    day = models.DateField(_("day"))
    provider = models.CharField(_("provider"), max_length=50)
    category = models.CharField(_("category"), max_length=50)
    amount = models.DecimalField(pgettext_lazy("money", "amount"), max_digits=14, decimal_places=6, default=0)

    objects = SpendingQuerySet.as_manager()

    class Meta:
        verbose_name = _("spending")
        verbose_name_plural = _("spending")
        constraints = [
            models.UniqueConstraint(fields=["day", "provider", "category"], name="notify_spending_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.provider} {self.category}: {self.amount}"
