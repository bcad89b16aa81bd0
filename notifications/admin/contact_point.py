"""Contact points: where people can be reached."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from notifications import conf
from notifications.admin import search
from notifications.admin.base import LocalAdmin
from notifications.admin.bounded import CappedPaginator
from notifications.admin.filters import ChannelFilter
from notifications.channels.registry import get_channel
from notifications.models import ContactPoint


@admin.register(ContactPoint)
class ContactPointAdmin(LocalAdmin):
    """Addresses of people, and whether they still work."""

    paginator = CappedPaginator
    ordering = ("-pk",)
    list_display = ("user", "channel", "address", "label", "is_primary", "verified_at", "disabled_at")
    list_filter = (ChannelFilter, "is_primary", ("disabled_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    raw_id_fields = ("user",)
    search_fields = ("address",)
    search_help_text = "A whole address, or the beginning of a person's username or email address."
    readonly_fields = ("created_at",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By address or person."""
        term = search_term.strip()
        found = Q(address=term) | Q(user__in=search.people(term)) if term else Q()
        return queryset.filter(found), False

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """A channel is one of those that leave the app."""
        if db_field.name == "channel":
            names = [name for name in sorted(conf.get().CHANNELS) if get_channel(name).leaves_app]
            return forms.ChoiceField(choices=[(name, name) for name in names])
        if db_field.name == "address":
            kwargs["widget"] = forms.TextInput(attrs={"class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
