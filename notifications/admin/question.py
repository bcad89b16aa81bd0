"""Questions: messages that may be answered by a word, and what was answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import clock
from notifications.admin import words
from notifications.admin.bounded import BoundedAdmin
from notifications.admin.created import CreatedFilter
from notifications.models import Question


@admin.register(Question)
class QuestionAdmin(BoundedAdmin):
    """The newest first."""

    list_display = ("asked", "address", "about", "code", "state")
    list_filter = (CreatedFilter,)
    list_select_related = ("notification",)
    search_fields = ("notification__id",)
    search_help_text = _("The id of a notification.")
    fields = ("asked", "channel", "address", "about", "code", "expires_at", "state", "answered_at")

    @admin.display(description=_("asked"))
    def asked(self, question: Question) -> str:
        """To the second."""
        return f"{timezone.localtime(question.asked_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("notification"))
    def about(self, question: Question) -> SafeString:
        """Which notification asks."""
        address = reverse("admin:notify_notification_change", args=[question.notification_id])
        return format_html('<a href="{}">{}</a>', address, question.notification.type)

    @admin.display(description=_("answer"))
    def state(self, question: Question) -> SafeString:
        """What was answered, or whether it still can be."""
        if question.answered_at:
            return words.badge(question.answer, "good")
        if question.closed_at or question.expires_at <= clock.now():
            return words.badge(gettext("ran out"), "quiet")
        return words.badge(
            gettext("open"),
            "waiting",
            gettext("until %(time)s") % {"time": f"{timezone.localtime(question.expires_at):%Y-%m-%d %H:%M:%S}"},
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the notification."""
        try:
            return (queryset.filter(notification=UUID(search_term)) if search_term else queryset), False
        except ValueError:
            return queryset.none(), False
