"""Notifications: the list, and the whole story of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.admin import search, words
from notifications.admin.actions import SendingPermission, cancel, retry
from notifications.admin.bounded import BoundedAdmin, BoundedChangeList
from notifications.admin.created import CreatedFilter
from notifications.admin.filters import (
    CategoryFilter,
    DeliveryChannelFilter,
    DeliveryStatusFilter,
    PriorityFilter,
    TypeFilter,
)
from notifications.admin.story import story
from notifications.models import Delivery, Notification, SandboxMessage
from notifications.models.states import REPLAYABLE, WAITING
from notifications.services.read_state import with_marks


class NotificationChangeList(BoundedChangeList):
    """Asks for one delivery that has both the state and the channel that were chosen."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        """The rows with such a delivery."""
        rows = super().get_queryset(request, exclude_parameters)
        chosen = {name: request.GET[name] for name in ("status", "channel") if request.GET.get(name)}
        if not chosen:
            return rows
        deliveries = Delivery.objects.filter(notification=OuterRef("pk"), **chosen)
        if self.floor:  # a delivery's id is later than that of its notification
            deliveries = deliveries.filter(pk__gte=self.floor)
        return rows.filter(Exists(deliveries))


@admin.register(Notification)
class NotificationAdmin(SendingPermission, BoundedAdmin):
    """What was sent to whom, how it fared, and why."""

    change_list = NotificationChangeList
    actions = (retry, cancel)
    list_display = ("created", "what", "recipient", "priority", "states")
    list_filter = (
        CreatedFilter,
        DeliveryStatusFilter,
        DeliveryChannelFilter,
        TypeFilter,
        CategoryFilter,
        PriorityFilter,
    )
    list_select_related = ("recipient",)
    search_fields = ("pk",)
    search_help_text = search.HELP
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "type", "category", "priority", "to", "about", "key",
                    "created_at", "send_at", "expires_at", "cancelled_at",
                )
            },
        ),
        (_("Inbox"), {"fields": ("title", "body", "link", "seen_at", "read_at", "archived_at")}),
        (_("Payload"), {"fields": ("payload_json",)}),
    )  # fmt: skip

    @admin.display(description=_("time"))
    def created(self, notification: Notification) -> str:
        """When it was created, to the second."""
        return f"{timezone.localtime(notification.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("type"))
    def what(self, notification: Notification) -> SafeString:
        """The type, and its title in the inbox."""
        return format_html("{}<small>{}</small>", words.breakable(notification.type), notification.title)

    @admin.display(description=_("deliveries"))
    def states(self, notification: Notification) -> SafeString:
        """The states of its deliveries."""
        return words.status_badges(notification.deliveries.all())

    @admin.display(description=_("recipient"))
    def to(self, notification: Notification) -> str:
        """The person."""
        return words.link_to(notification.recipient)

    @admin.display(description=_("about"))
    def about(self, notification: Notification) -> str:
        """The domain object."""
        if notification.subject is None and notification.subject_id:
            gone = gettext("%(subject)s, which no longer exists")
            return gone % {"subject": f"{notification.subject_type} {notification.subject_id}"}
        return words.link_to(notification.subject)

    @admin.display(description=_("payload"))
    def payload_json(self, notification: Notification) -> SafeString:
        """As it is stored."""
        return words.pretty(notification.payload)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """With what the badges need, in one query more."""
        columns = ("id", "notification_id", "channel", "step", "status", "reason")
        deliveries = Delivery.objects.only(*columns).order_by("step", "id")
        rows: QuerySet[Notification] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("deliveries", deliveries))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what an index serves."""
        return (search.notifications(queryset, search_term) if search_term.strip() else queryset), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Notification | None:
        """As the recipient's inbox shows it."""
        found: Notification | None = super().get_object(request, object_id, from_field)
        if found is not None:
            with_marks(found.recipient, [found])
        return found

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The page of one, with its deliveries and its story."""
        deliveries = _with_captured(list(Delivery.objects.filter(notification=obj).order_by("step", "id")))
        states = {each.status for each in deliveries}
        context |= {
            "subtitle": gettext("%(type)s to %(recipient)s") % {"type": obj.type, "recipient": obj.recipient},
            "zone": timezone.get_current_timezone_name(),
            "may_send": self.has_send_permission(request),
            "deliveries": deliveries,
            "retryable": bool(states & set(REPLAYABLE)),
            "cancellable": bool(states & set(WAITING)),
            "story": list(story(obj)),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)


def _with_captured(deliveries: list[Delivery]) -> list[Delivery]:
    """The same, each with the id of what the sandbox captured of it, for the template."""
    captured = SandboxMessage.objects.filter(delivery_id__in=[each.pk for each in deliveries])
    by_delivery = dict(captured.values_list("delivery_id", "pk"))
    for each in deliveries:
        each.captured_id = by_delivery.get(each.pk)  # type: ignore[attr-defined]
    return deliveries
