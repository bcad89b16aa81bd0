"""Where the pages of templates are, and who may see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext

from notifications.admin.base import LocalAdmin, in_local_time
from notifications.admin.templates import editor, exchange, history, page, steps, trial
from notifications.admin.templates.overview import overview, row_forms
from notifications.admin.templates.text import Text, address, found
from notifications.models import Template

View = Callable[[Any, HttpRequest, Text], HttpResponse]
POSTED = {"preview", "step"}
PAGES: dict[str, View] = {
    "edit": editor.edit,
    "preview": editor.preview,
    "publish": steps.publish,
    "step": steps.step,
    "history": history.history,
    "trial": trial.trial,
}


@admin.register(Template)
class TemplateAdmin(LocalAdmin):
    """Every text that the site sends: not a list of rows, for most texts have none yet."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a text is there as soon as its type is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: what was sent stays known."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list of all texts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return in_local_time(request, lambda: self._list(request))

    def _list(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": gettext("Templates"),
            "overview": overview(),
            "row_forms": json.dumps(row_forms()),
            "may": page.Permissions.of(request),
        }
        return TemplateResponse(request, "admin/notify/template/list.html", context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Links to a row lead to the editor of its text."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id or "")
        if row is None:
            raise Http404(f"There is no template {object_id}.")
        return HttpResponseRedirect(address((row.type, row.channel, row.language)))

    def get_urls(self) -> list[URLPattern]:
        """The pages of a text, by its type, channel and language."""
        own = []
        for name, view in PAGES.items():
            last = "" if name == "edit" else f"{name}/"
            route = f"<str:type_key>/<str:channel>/<str:language>/{last}"
            own.append(path(route, self.admin_site.admin_view(self._page(name, view)), name=f"notify_template_{name}"))
        return [*exchange.urls(self), *own, *super().get_urls()]

    def _page(self, name: str, view: View) -> Callable[..., HttpResponse]:
        @transaction.non_atomic_requests  # a publication is in force once its own transaction has ended
        def shown(request: HttpRequest, type_key: str, channel: str, language: str) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            if name in POSTED and request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            text = found(type_key, channel, language)
            return in_local_time(request, lambda: view(self, request, text))

        return shown
