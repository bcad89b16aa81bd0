"""Prices, budgets and what was spent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import clock, conf, phone_numbers
from notifications.admin import words
from notifications.admin.base import LocalAdmin, ReadOnlyAdmin
from notifications.models import Budget, Price, Spending
from notifications.models.budget import plain
from notifications.pipeline import spending
from notifications.types import all_types

# Generic for the type checker alone.
if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm


class CostForm(ModelForm):
    """Providers and categories are those that exist, and the one that it is stored with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "provider": (gettext("all providers"), list(conf.get().PROVIDERS)),
            "category": (gettext("all categories"), [each.category for each in all_types()]),
        }
        for name, (all_of_them, names) in choices.items():
            if name in self.fields:
                model_field = self._meta.model._meta.get_field(name)
                stored = [getattr(self.instance, name)] if getattr(self.instance, name) else []
                found = [(each, each) for each in sorted({*names, *stored})]
                empty = [("", all_of_them if model_field.blank else "---------")]
                self.fields[name] = forms.ChoiceField(
                    label=capfirst(model_field.verbose_name),
                    choices=[*empty, *found],
                    required=not model_field.blank,
                )
        if "amount" in self.fields:
            help_text = str(self.fields["amount"].help_text).removesuffix(gettext("In the deployment's currency."))
            said = gettext("In %(currency)s.") % {"currency": conf.get().CURRENCY}
            self.fields["amount"].help_text = f"{help_text} {said}".lstrip()

    def clean_country(self) -> str:
        """In capitals. Refuse what is no country."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and country not in phone_numbers.countries():
            raise ValidationError(
                gettext("%(country)s is no country. Name it as ISO 3166 does: GB, US, IN.") % {"country": country}
            )
        return country


@admin.register(Price)
class PriceAdmin(LocalAdmin):
    """Edited here; noticed by each worker within seconds."""

    form = CostForm
    list_display = ("provider", "where", "price")
    list_filter = ("provider",)
    ordering = ("provider", "country")

    @admin.display(description=_("country"))
    def where(self, price: Price) -> str:
        """To which numbers."""
        return price.country or gettext("all others")

    @admin.display(description=_("price"))
    def price(self, price: Price) -> str:
        """With the currency."""
        return f"{plain(price.amount)} {conf.get().CURRENCY}"


class BudgetChangeList(ChangeList):
    """Knows what was spent of each, by one query."""

    def get_results(self, request: HttpRequest) -> None:
        """The budgets of the page."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        standing = spending.standing(self.result_list, clock.now())
        for each in self.result_list:
            each.spent = standing[each.pk]


@admin.register(Budget)
class BudgetAdmin(LocalAdmin):
    """Edited here, and in force with the next message."""

    form = CostForm
    list_display = ("limit", "whose", "of", "warning", "spent_so_far", "state")
    ordering = ("provider", "category", "period")
    readonly_fields = ("spent_so_far",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """With what was spent."""
        return BudgetChangeList

    @admin.display(description=_("budget"))
    def limit(self, budget: Budget) -> str:
        """With the currency."""
        return f"{plain(budget.amount)} {conf.get().CURRENCY} {gettext(budget.get_period_display())}"

    @admin.display(description=_("provider"))
    def whose(self, budget: Budget) -> str:
        """Paid to whom."""
        return budget.provider or gettext("all providers")

    @admin.display(description=_("category"))
    def of(self, budget: Budget) -> str:
        """For what."""
        return budget.category or gettext("all categories")

    @admin.display(description=_("warning at"))
    def warning(self, budget: Budget) -> str:
        """When operators are warned."""
        return f"{budget.warn_percent} %"

    @admin.display(description=_("spent so far"))
    def spent_so_far(self, budget: Budget) -> SafeString | str:
        """A bar and the figure, of the present period."""
        if budget.pk is None:
            return "–"
        spent = _spent(budget)
        percent = _percent(budget, spent)
        return format_html(
            '<meter class="notify-meter" min="0" max="100" high="{}" value="{}">{} %</meter> {} {} ({} %)',
            budget.warn_percent, min(percent, 100), percent, plain(spent), conf.get().CURRENCY, percent,
        )  # fmt: skip

    @admin.display(description=_("state"))
    def state(self, budget: Budget) -> SafeString:
        """Whether messages are held."""
        spent = _spent(budget)
        if spent >= budget.amount:
            return words.badge(gettext("used up"), "bad", gettext("What does not fit is held; critical messages pass."))
        warned = _percent(budget, spent) >= budget.warn_percent
        return words.badge(gettext("nearly used up"), "doubtful") if warned else words.badge(gettext("open"), "good")


def _spent(budget: Budget) -> Decimal:
    """As the list has found it, or else as it is now."""
    found: Decimal | None = getattr(budget, "spent", None)
    return spending.standing([budget], clock.now())[budget.pk] if found is None else found


def _percent(budget: Budget, spent: Decimal) -> int:
    return int(spent * 100 / budget.amount) if budget.amount else 100


@admin.register(Spending)
class SpendingAdmin(ReadOnlyAdmin):
    """What was spent, a row for each day, provider and category."""

    list_display = ("day", "provider", "category", "sum")
    list_filter = ("provider", "category")
    date_hierarchy = "day"
    ordering = ("-day", "provider", "category")

    @admin.display(description=_("spent"))
    def sum(self, row: Spending) -> str:
        """With the currency."""
        return f"{plain(row.amount)} {conf.get().CURRENCY}"
