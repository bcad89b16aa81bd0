"""What the pages have in common: times of the person who looks, and rows that nobody may touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from notifications.preferences.locale import zone_of

# Generic for the type checker alone.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class LocalAdmin(ModelAdmin):
    """Shows times in the time zone of the person who looks."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the whole table, once a choice
    sortable_by = ()
    list_per_page = 50

    class Media:
        css = {"all": ("notifications/admin.css",)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        return in_local_time(request, lambda: super(LocalAdmin, self).changelist_view(request, extra_context))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """One row."""
        page = super().changeform_view
        return in_local_time(request, lambda: page(request, object_id, form_url, extra_context))


class ReadOnlyAdmin(LocalAdmin):
    """Rows that tell what happened: they are neither added, nor changed, nor deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


def in_local_time(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of a view, rendered in the time zone of the person who asks."""
    with timezone.override(zone_of(request.user)):
        response = view()
        if isinstance(response, TemplateResponse):
            response.render()  # otherwise it is rendered later, in another zone
        return response
