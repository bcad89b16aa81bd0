"""Suppressions: whom nothing may be sent to, and how staff add and lift them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from notifications.admin import words
from notifications.admin.bounded import BoundedAdmin, BoundedChangeList
from notifications.admin.filters import ChannelFilter
from notifications.admin.reasons import ReasonForm, ask
from notifications.admin.suppression_form import SuppressionForm
from notifications.exceptions import SuppressionError
from notifications.models import Cause, Suppression
from notifications.models.suppression import normal
from notifications.preferences.suppression import lift

LIMIT = 100
"""suppressions lifted at a time"""


class CauseFilter(admin.SimpleListFilter):
    """By cause."""

    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All."""
        return [(each.value, gettext(str(each.label))) for each in Cause]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with that cause."""
        return queryset.filter(cause=self.value()) if self.value() else queryset


class ActiveFilter(admin.SimpleListFilter):
    """Whether they hold."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Both."""
        return [("active", gettext("active")), ("lifted", gettext("lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that hold, or no longer do."""
        wanted = {"active": True, "lifted": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(lifted_at__isnull=wanted)


class SuppressionChangeList(BoundedChangeList):
    """Filters look at a window of the newest; an address is searched by its index."""

    indexed = frozenset()

    def indexed_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """All."""
        return Suppression.objects.all()


@admin.action(description=_("Lift"), permissions=["lift"])
def lift_chosen(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Allow sending again, after a page that asks why."""
    chosen = list(queryset[: LIMIT + 1])
    if len(chosen) > LIMIT:
        text = gettext("At most %(number)s at a time. Nothing was changed. Choose fewer.") % {"number": LIMIT}
        model_admin.message_user(request, text, messages.ERROR)
        return None
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    back = _back(request, chosen)
    if not form.is_valid():
        addresses = ", ".join(dict.fromkeys(each.address for each in chosen[:10]))
        if len(chosen) > 10:
            said = gettext("%(addresses)s and %(number)s more")
            addresses = said % {"addresses": addresses, "number": len(chosen) - 10}
        return ask(
            model_admin,
            request,
            form,
            title=ngettext("Lift the suppression?", "Lift %(number)s suppressions?", len(chosen))
            % {"number": len(chosen)},
            explanation=gettext("Messages may be sent again to %(addresses)s.") % {"addresses": addresses},
            button=gettext("Lift"),
            back=back,
            hidden={
                "action": "lift_chosen",
                ACTION_CHECKBOX_NAME: [str(each.pk) for each in chosen],
                **({"from_page": "1"} if "from_page" in request.POST else {}),
            },
        )
    who: Any = request.user
    for each in chosen:
        try:
            lift(each, by=who.get_username(), reason=form.cleaned_data["reason"])
        except SuppressionError as error:
            model_admin.message_user(request, str(error), messages.WARNING)
            continue
        text = f"Lifted: {form.cleaned_data['reason']}"
        LogEntry.objects.log_actions(who.pk, Suppression.objects.filter(pk=each.pk), CHANGE, text)
        model_admin.message_user(
            request, gettext("Messages may be sent again: %(suppression)s.") % {"suppression": each}, messages.SUCCESS
        )
    return HttpResponseRedirect(back)


def _back(request: HttpRequest, chosen: list[Suppression]) -> str:
    if "from_page" in request.POST and len(chosen) == 1:
        return reverse("admin:notify_suppression_change", args=[chosen[0].pk])
    return reverse("admin:notify_suppression_changelist")


@admin.register(Suppression)
class SuppressionAdmin(BoundedAdmin):
    """Staff add them and lift them, with a reason; nobody edits or deletes one."""

    change_list = SuppressionChangeList
    form = SuppressionForm
    actions = (lift_chosen,)
    list_display = ("whom", "scope", "state", "created")
    list_filter = (ActiveFilter, CauseFilter, ChannelFilter)
    search_fields = ("address",)
    search_help_text = _("A whole address.")
    fieldsets = (
        (None, {"fields": ("address", "scope", "cause_in_words", "detail", "created_at")}),
        (_("State"), {"fields": ("state", "lifted_at", "lifted_by", "lifted_reason")}),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As Django has it."""
        return bool(request.user.has_perm("notify.add_suppression"))

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Who may lift."""
        return bool(request.user.has_perm("notify.lift_suppression"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Those of the form, where there is one."""
        return [(None, {"fields": list(SuppressionForm.base_fields)})] if obj is None else self.fieldsets

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the whole address, however it is spelt."""
        term = normal(search_term)
        return (queryset.filter(address=term) if term else queryset), False

    @admin.display(description=_("address"))
    def whom(self, suppression: Suppression) -> SafeString:
        """The address, and why."""
        return format_html("{}<small>{}</small>", suppression.address, gettext(suppression.get_cause_display()))

    @admin.display(description=_("for"))
    def scope(self, suppression: Suppression) -> str:
        """Which messages."""
        return f"{suppression.channel}, {suppression.category or gettext('all messages')}"

    @admin.display(description=_("since"))
    def created(self, suppression: Suppression) -> str:
        """To the second."""
        return f"{timezone.localtime(suppression.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("cause"))
    def cause_in_words(self, suppression: Suppression) -> str:
        """Why."""
        return gettext(suppression.get_cause_display())

    @admin.display(description=_("state"))
    def state(self, suppression: Suppression) -> SafeString:
        """Whether it holds."""
        if suppression.lifted_at is None:
            return words.badge(gettext("active"), "bad")
        said = gettext("by %(who)s: %(reason)s")
        return words.badge(
            gettext("lifted"), "quiet", said % {"who": suppression.lifted_by, "reason": suppression.lifted_reason}
        )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """With a button to lift it."""
        context["liftable"] = obj is not None and obj.lifted_at is None and self.has_lift_permission(request)
        return super().render_change_form(request, context, add, change, form_url, obj)
