"""`Price`: what a message costs, as the deployment's contracts say."""

from __future__ import annotations

from django.db import models


class Price(models.Model):
    """What a provider charges to a country, in the deployment's currency (NOTIFICATIONS["CURRENCY"])."""

    provider = models.CharField(max_length=50, help_text="Its alias.")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166, such as IN. Empty: all others.")
    amount = models.DecimalField(
        max_digits=12, decimal_places=6, help_text="For an SMS segment; for a message on other channels."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "country"], name="notify_price_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="notify_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} to {self.country or 'all others'}: {self.amount}"
