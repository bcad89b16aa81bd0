"""The consent ledger: who agreed to what, by which means and in which words. It is read, and never changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.admin import words
from notifications.admin.bounded import BoundedAdmin
from notifications.admin.filters import ChannelFilter
from notifications.models import Consent
from notifications.models.suppression import normal


@admin.register(Consent)
class ConsentAdmin(BoundedAdmin):
    """The newest first."""

    list_display = ("when", "whom", "scope", "state", "means")
    list_filter = (ChannelFilter,)
    list_select_related = ("user",)
    search_fields = ("address",)
    search_help_text = _("A whole address.")
    fields = ("when", "whom", "scope", "state", "means", "wording")

    @admin.display(description=_("time"))
    def when(self, consent: Consent) -> str:
        """To the second."""
        return f"{timezone.localtime(consent.at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("of"))
    def whom(self, consent: Consent) -> SafeString:
        """The address, and the person if known."""
        return format_html("{}<small>{}</small>", consent.address, consent.user or "")

    @admin.display(description=_("for"))
    def scope(self, consent: Consent) -> str:
        """Which messages."""
        return f"{consent.channel}, {consent.category or gettext('all messages')}"

    @admin.display(description=_("consent"))
    def state(self, consent: Consent) -> SafeString:
        """Given or not."""
        return words.badge(gettext("given"), "good") if consent.given else words.badge(gettext("taken back"), "bad")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the whole address, however it is spelt."""
        term = normal(search_term)
        return (queryset.filter(address=term) if term else queryset), False
