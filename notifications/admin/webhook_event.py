"""Webhook events: what providers told us, and whether it was applied."""

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

from notifications import conf
from notifications.admin import words
from notifications.admin.bounded import BoundedAdmin, BoundedChangeList
from notifications.admin.created import CreatedFilter
from notifications.admin.filters import ProviderFilter
from notifications.models import Kind, WebhookEvent


class AliasFilter(ProviderFilter):
    """By provider."""

    parameter_name = "alias"


class KindFilter(admin.SimpleListFilter):
    """By what happened."""

    title = _("event")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All."""
        return [(each.value, gettext(str(each.label))) for each in Kind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of that kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class WaitingFilter(admin.SimpleListFilter):
    """By what is still to be applied: an index of those alone serves it."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One."""
        return [("waiting", gettext("waiting to be applied"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that wait."""
        return queryset.filter(due_at__isnull=False) if self.value() == "waiting" else queryset


class WebhookEventChangeList(BoundedChangeList):
    """What waits is few."""

    few = frozenset({str(WaitingFilter.parameter_name)})


@admin.register(WebhookEvent)
class WebhookEventAdmin(BoundedAdmin):
    """What was posted, in the providers' order of telling."""

    change_list = WebhookEventChangeList
    list_display = ("received", "alias", "event", "delivery", "state")
    list_filter = (CreatedFilter, WaitingFilter, AliasFilter, KindFilter)
    search_fields = ("event_id",)
    search_help_text = _("The provider's id of an event.")
    fields = ("received", "alias", "event", "at", "delivery", "provider_id", "event_id", "state", "data_json")

    @admin.display(description=_("time"))
    def received(self, event: WebhookEvent) -> str:
        """When it was posted, to the second."""
        return f"{timezone.localtime(event.received_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("event"))
    def event(self, event: WebhookEvent) -> str:
        """In words."""
        return gettext(str(Kind(event.kind).label)) if event.kind in Kind.values else event.kind

    @admin.display(description=_("delivery"), empty_value="–")
    def delivery(self, event: WebhookEvent) -> SafeString | None:
        """The delivery that it names, whether there is one or not."""
        if event.delivery_id is None:
            return None
        address = reverse("admin:notify_delivery_change", args=[event.delivery_id])
        return format_html('<a href="{}">{}</a>', address, event.delivery_id)

    @admin.display(description=_("state"))
    def state(self, event: WebhookEvent) -> SafeString:
        """Whether it was applied."""
        if event.applied_at:
            return words.badge(gettext("applied"), "good", f"{timezone.localtime(event.applied_at):%Y-%m-%d %H:%M:%S}")
        if event.due_at:
            return words.badge(
                gettext("waits"),
                "waiting",
                gettext("until %(time)s") % {"time": f"{timezone.localtime(event.due_at):%Y-%m-%d %H:%M:%S}"},
            )
        return words.badge(gettext("of no delivery here"), "quiet")

    @admin.display(description=_("data"))
    def data_json(self, event: WebhookEvent) -> SafeString:
        """As it is stored."""
        return words.pretty(event.data)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the provider's id: the index of (provider, id) serves it."""
        term = search_term.strip()
        found = queryset.filter(alias__in=list(conf.get().PROVIDERS), event_id=term)
        return (found if term else queryset), False
