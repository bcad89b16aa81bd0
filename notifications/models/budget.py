"""`Budget` and `Spending`: what may be spent, and what was."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models


class Period(models.TextChoices):
    """What a budget is for. It begins anew at midnight, or on the first of the month, in the site's time zone."""

    DAY = "day", "a day"
    MONTH = "month", "a month"


class Budget(models.Model):
    """How much may be spent in a period: on a provider, a category, both, or all. Critical messages pass it."""

    provider = models.CharField(max_length=50, blank=True, help_text="Its alias. Empty: all providers.")
    category = models.CharField(max_length=50, blank=True, help_text="Empty: all categories.")
    period = models.CharField(max_length=5, choices=Period.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=6, help_text="In the deployment's currency.")
    warn_percent = models.PositiveSmallIntegerField(
        default=80, validators=[MaxValueValidator(100)], help_text="Operators are warned at that part of the amount."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "category", "period"], name="notify_budget_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="notify_budget_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.get_period_display()}: {self.provider or 'all'}, {self.category or 'all'}"


class Spending(models.Model):
    """What was spent on a provider and a category in a day of the site's time zone, estimates included."""

    day = models.DateField()
    provider = models.CharField(max_length=50)
    category = models.CharField(max_length=50)
    amount = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        verbose_name_plural = "spending"
        constraints = [
            models.UniqueConstraint(fields=["day", "provider", "category"], name="notify_spending_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.provider} {self.category}: {self.amount}"
