"""Deliveries: one row for each message to one address."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.admin import search, words
from notifications.admin.actions import SendingPermission, retry
from notifications.admin.bounded import BoundedAdmin, BoundedChangeList
from notifications.admin.created import CreatedFilter
from notifications.admin.filters import (
    ChannelFilter,
    DueFilter,
    PriorityFilter,
    ProviderFilter,
    ReasonFilter,
    StatusFilter,
)
from notifications.models import Delivery, Status

TROUBLE = (Status.FAILED, Status.BOUNCED, Status.UNKNOWN, Status.EXPIRED)
"""the states of the index `notify_delivery_trouble`"""


class DeliveryChangeList(BoundedChangeList):
    """What is due is found by the index of the queue, what went wrong by an index of its own."""

    few = frozenset({str(DueFilter.parameter_name)})

    def indexed_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """With the state, where it has an index."""
        rows = super().indexed_rows(request)
        status = request.GET.get(str(StatusFilter.parameter_name))
        return rows.filter(status=status) if status in TROUBLE else rows


@admin.register(Delivery)
class DeliveryAdmin(SendingPermission, BoundedAdmin):
    """What became of each message."""

    change_list = DeliveryChangeList
    actions = (retry,)
    list_display = ("created", "state", "channel", "of", "why", "provider", "due")
    list_display_links = ("created",)
    list_filter = (
        CreatedFilter,
        DueFilter,
        StatusFilter,
        ReasonFilter,
        ChannelFilter,
        ProviderFilter,
        PriorityFilter,
    )
    list_select_related = ("notification__recipient",)
    search_fields = ("pk",)
    search_help_text = search.HELP
    fieldsets = (
        (None, {"fields": ("of", "channel", "address", "contact_point", "step", "priority")}),
        (
            _("State"),
            {"fields": ("state", "why", "detail", "due_at", "attempts", "crashes", "created_at", "settled_at")},
        ),
        (_("Provider"), {"fields": ("provider", "provider_id", "started_at", "segments", "cost")}),
    )

    @admin.display(description=_("time"))
    def created(self, delivery: Delivery) -> str:
        """When it was created, to the second."""
        return f"{timezone.localtime(delivery.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("status"))
    def state(self, delivery: Delivery) -> SafeString:
        """Its state, as a badge."""
        return words.status_badge(delivery)

    @admin.display(description=_("reason"))
    def why(self, delivery: Delivery) -> str:
        """In words."""
        return gettext(delivery.get_reason_display())

    @admin.display(description=_("notification"))
    def of(self, delivery: Delivery) -> SafeString:
        """Its notification, and whose it is."""
        notification = delivery.notification
        address = reverse("admin:notify_notification_change", args=[notification.pk])
        name = words.breakable(notification.type)
        return format_html('<a href="{}">{}</a><small>{}</small>', address, name, notification.recipient)

    @admin.display(description=_("due"), empty_value="–")
    def due(self, delivery: Delivery) -> str | None:
        """When it is next looked at."""
        return f"{timezone.localtime(delivery.due_at):%Y-%m-%d %H:%M:%S}" if delivery.due_at else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what an index serves."""
        return (search.deliveries(queryset, search_term) if search_term.strip() else queryset), False
