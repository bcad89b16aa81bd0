"""Filters whose choices come from the code and the settings, never from the table."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import clock, conf
from notifications.models import Delivery, Reason, Status
from notifications.types import Priority, all_types

if TYPE_CHECKING:
    from collections.abc import Iterable

OVERDUE_AFTER = timedelta(minutes=1)
DUE_LIMIT = 1001


class ColumnFilter(admin.SimpleListFilter):
    """One value of one column."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the chosen value."""
        if self.value() is None:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})


class TypeFilter(ColumnFilter):
    """By notification type."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The registered types."""
        return [(each.key, each.key) for each in all_types()]


class CategoryFilter(ColumnFilter):
    """By category."""

    title = _("category")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Those of the registered types."""
        return [(each, each) for each in sorted({each.category for each in all_types()})]


class PriorityFilter(ColumnFilter):
    """By priority."""

    title = _("priority")
    parameter_name = "priority"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """All."""
        return [(str(each.value), gettext(str(each.label))) for each in Priority]


class StatusFilter(ColumnFilter):
    """By the state of a delivery."""

    title = _("delivery status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """All."""
        return [(each.value, gettext(str(each.label))) for each in Status]


class ReasonFilter(ColumnFilter):
    """By the rule behind a state."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """All."""
        return [(each.value, gettext(str(each.label))) for each in Reason if each]


class ChannelFilter(ColumnFilter):
    """By channel."""

    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The configured ones."""
        return [(each, each) for each in sorted(conf.get().CHANNELS)]


class ProviderFilter(ColumnFilter):
    """By provider."""

    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The configured ones."""
        return [(each, each) for each in sorted(conf.get().PROVIDERS)]


class DeliveryStatusFilter(StatusFilter):
    """In the list of notifications: `NotificationChangeList` asks for one delivery with both state and channel."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing yet."""
        return queryset


class DeliveryChannelFilter(ChannelFilter):
    """In the list of notifications, as above."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing yet."""
        return queryset


class DueFilter(admin.SimpleListFilter):
    """By what is still to be done: the index of the queue serves it, however old the rows are."""

    title = _("due time")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Three spans."""
        return [
            ("overdue", gettext("overdue by a minute")),
            ("hour", gettext("within the hour")),
            ("any", gettext("at any time")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that are due first."""
        bounds: dict[str | None, dict[str, Any]] = {
            "overdue": {"due_at__lt": clock.now() - OVERDUE_AFTER},
            "hour": {"due_at__lt": clock.now() + timedelta(hours=1)},
            "any": {},
        }
        if self.value() not in bounds:
            return queryset
        waiting = Delivery.objects.filter(due_at__isnull=False, **bounds[self.value()])
        # One query a priority, as when they are claimed: each reads the index from its due end.
        ids = [
            pk
            for each in Priority
            for pk in waiting.filter(priority=each).order_by("due_at").values_list("pk", flat=True)[:DUE_LIMIT]
        ]
        return queryset.filter(pk__in=ids)
