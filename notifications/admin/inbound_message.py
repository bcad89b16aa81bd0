"""Inbound messages: what people wrote to us, how it was understood, and what was done about it."""

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

from notifications.admin import words
from notifications.admin.bounded import BoundedAdmin, BoundedChangeList
from notifications.admin.created import CreatedFilter
from notifications.models import InboundMessage, Meaning

LOOKS = {
    Meaning.STOP: "bad",
    Meaning.START: "good",
    Meaning.HELP: "quiet",
    Meaning.ANSWER: "good",
    Meaning.TEXT: "waiting",
}


class MeaningFilter(admin.SimpleListFilter):
    """By how it was understood."""

    title = _("meaning")
    parameter_name = "meaning"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All."""
        return [(each.value, gettext(str(each.label))) for each in Meaning]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of that meaning."""
        return queryset.filter(meaning=self.value()) if self.value() else queryset


@admin.register(InboundMessage)
class InboundMessageAdmin(BoundedAdmin):
    """The newest first."""

    change_list = BoundedChangeList
    list_display = ("received", "whom", "text_start", "understood")
    list_filter = (CreatedFilter, MeaningFilter)
    list_select_related = ("user",)
    search_fields = ("address",)
    search_help_text = _("A whole number, such as +14155552671.")
    fields = ("received", "whom", "sent_to", "text", "understood", "answers", "state", "alias", "provider_id", "more")

    @admin.display(description=_("time"))
    def received(self, message: InboundMessage) -> str:
        """When it came, to the second."""
        return f"{timezone.localtime(message.received_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("from"))
    def whom(self, message: InboundMessage) -> SafeString:
        """The person, if known, and the number."""
        name = message.user.get_full_name() or str(message.user) if message.user else ""
        return format_html("{}<small>{}</small>", name or message.address, message.address if name else "")

    @admin.display(description=_("text"))
    def text_start(self, message: InboundMessage) -> str:
        """Its beginning."""
        return message.text if len(message.text) <= 100 else f"{message.text[:99]}…"

    @admin.display(description=_("understood as"), empty_value="–")
    def understood(self, message: InboundMessage) -> SafeString | None:
        """In words."""
        if message.meaning not in Meaning.values:
            return None
        meaning = Meaning(message.meaning)
        return words.badge(gettext(str(meaning.label)), LOOKS[meaning])

    @admin.display(description=_("answers"), empty_value="–")
    def answers(self, message: InboundMessage) -> SafeString | None:
        """The notification that it answers."""
        if message.notification_id is None:
            return None
        address = reverse("admin:notify_notification_change", args=[message.notification_id])
        return format_html('<a href="{}">{}</a>', address, message.notification_id)

    @admin.display(description=_("state"))
    def state(self, message: InboundMessage) -> SafeString:
        """Whether it was dealt with."""
        if message.applied_at:
            return words.badge(
                gettext("dealt with"), "good", f"{timezone.localtime(message.applied_at):%Y-%m-%d %H:%M:%S}"
            )
        if message.due_at:
            return words.badge(
                gettext("waits"),
                "waiting",
                gettext("until %(time)s") % {"time": f"{timezone.localtime(message.due_at):%Y-%m-%d %H:%M:%S}"},
            )
        return words.badge(gettext("given up"), "bad")

    @admin.display(description=_("more"))
    def more(self, message: InboundMessage) -> SafeString:
        """What else is known."""
        return words.pretty(message.data)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the whole number: its index serves it."""
        term = search_term.strip()
        return (queryset.filter(address=term) if term else queryset), False
