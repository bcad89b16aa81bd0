"""What the sandbox provider captured, as a person would see it, and the faults it is told to show."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from notifications import conf
from notifications.admin.base import LocalAdmin
from notifications.admin.bounded import CappedPaginator
from notifications.admin.filters import ChannelFilter, ProviderFilter
from notifications.models import SandboxFault, SandboxMessage

CONTENT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""an email is shown without scripts, requests or forms, in an origin of its own"""


@admin.register(SandboxMessage)
class SandboxMessageAdmin(LocalAdmin):
    """Messages that a real provider would have sent on."""

    paginator = CappedPaginator
    ordering = ("-pk",)
    list_display = ("captured", "channel", "to", "summary", "provider", "reported_at")
    list_filter = (ChannelFilter, ProviderFilter)
    search_fields = ("=to", "=delivery_id")
    search_help_text = _("A whole address, or the id of a delivery.")
    fields = ("captured_at", "channel", "to", "provider", "delivery", "reported_at", "message")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: messages come from the pipeline."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    @admin.display(description=_("time"))
    def captured(self, message: SandboxMessage) -> str:
        """When it was captured, to the second."""
        return f"{timezone.localtime(message.captured_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("message"))
    def summary(self, message: SandboxMessage) -> str:
        """The line that a person sees first."""
        content = message.content
        first = str(content.get("subject") or content.get("title") or content.get("text", ""))
        return first if len(first) <= 80 else first[:79] + "…"

    @admin.display(description=_("delivery"))
    def delivery(self, message: SandboxMessage) -> SafeString:
        """The delivery that it is."""
        address = reverse("admin:notify_delivery_change", args=[message.delivery_id])
        return format_html('<a href="{}">{}</a>', address, message.delivery_id)

    @admin.display(description=_("message"))
    def message(self, message: SandboxMessage) -> SafeString:
        """As a person would see it."""
        content = message.content
        text = content.get("text", "")
        if "html" in content:
            return format_html(
                '<div class="notify-email"><h3>{}</h3>'
                '<iframe class="notify-frame" sandbox="" src="{}" title="{}"></iframe>'
                "<details><summary>{}</summary><pre>{}</pre></details></div>",
                content.get("subject", ""),
                reverse("admin:notify_sandboxmessage_html", args=[message.pk]),
                gettext("The email"),
                gettext("Plain text"),
                text,
            )
        return format_html(
            '<div class="notify-bubble notify-bubble-{}"><strong>{}</strong><p>{}</p><small>{}</small></div>',
            message.channel,
            content.get("title", ""),
            text,
            content.get("link", ""),
        )

    def get_urls(self) -> list[URLPattern]:
        """One more: the email itself, for the frame."""
        view = self.admin_site.admin_view(self.html_view)
        own = path("<uuid:object_id>/html/", xframe_options_sameorigin(view), name="notify_sandboxmessage_html")
        return [own, *super().get_urls()]

    def html_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """The HTML of an email, and nothing else of this site."""
        found = self.get_object(request, str(object_id))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None or "html" not in found.content:
            raise Http404(f"No captured email {object_id}.")
        return HttpResponse(found.content["html"], headers={"Content-Security-Policy": CONTENT_POLICY})


@admin.register(SandboxFault)
class SandboxFaultAdmin(LocalAdmin):
    """Script a fault: the next messages meet it."""

    list_display = ("fault", "provider", "channel", "seconds", "times", "created_at")
    ordering = ("-pk",)
    paginator = CappedPaginator
    readonly_fields = ("created_at",)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Providers and channels are those of the settings."""
        label = capfirst(db_field.verbose_name)
        if db_field.name == "provider":
            names = sorted(conf.get().PROVIDERS)
            return forms.ChoiceField(label=label, choices=[(name, name) for name in names])
        if db_field.name == "channel":
            channels = [("", gettext("any channel")), *((name, name) for name in sorted(conf.get().CHANNELS))]
            return forms.ChoiceField(label=label, choices=channels, required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
