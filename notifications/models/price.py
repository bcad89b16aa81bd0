"""`Price`: what a message costs, as the deployment's contracts say."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Price(models.Model):
    """What a provider charges to a country, in the deployment's currency (NOTIFICATIONS["CURRENCY"])."""

    provider = models.CharField(_("provider"), max_length=50, help_text=_("Its alias."))
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("ISO 3166, such as IN. Empty: all others.")
    )
    amount = models.DecimalField(
        pgettext_lazy("money", "amount"),
        max_digits=12,
        decimal_places=6,
        help_text=_("For an SMS segment; for a message on other channels."),
    )

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(fields=["provider", "country"], name="notify_price_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="notify_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} to {self.country or 'all others'}: {self.amount}"
