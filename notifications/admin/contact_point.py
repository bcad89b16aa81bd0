"""Contact points: where people can be reached, and how staff switch them off and on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from notifications import conf, devices
from notifications.admin import search, words
from notifications.admin.base import LocalAdmin
from notifications.admin.bounded import CappedPaginator
from notifications.admin.filters import ChannelFilter
from notifications.admin.reasons import ReasonForm, ask
from notifications.channels.registry import get_channel
from notifications.models import ContactPoint, DisabledBy
from notifications.models.contact_point import PUSH
from notifications.services import contact_points

LIMIT = 100
"""contact points switched at a time"""
SHOWN = 60
"""characters of an address in the list: those of devices are long"""


WORDS = {
    "switch_off": (_("Switch off"), _("Nothing more is sent to %(addresses)s.")),
    "switch_on": (_("Switch on"), _("Messages are sent to %(addresses)s again.")),
}
"""name of an action → what it is called, and what it does"""


@admin.action(description=_("Switch off"), permissions=["change"])
def switch_off(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Send nothing more there, after a page that asks why. What waits goes to another address of the person."""

    def act(point: ContactPoint, reason: str) -> None:
        contact_points.switch_off(point, by=DisabledBy.STAFF, reason=reason)

    return _ask_and_do(model_admin, request, queryset, "switch_off", act)


@admin.action(description=_("Switch on"), permissions=["change"])
def switch_on(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Send there again, after a page that asks why."""

    def act(point: ContactPoint, reason: str) -> None:
        contact_points.switch_on(point, by=DisabledBy.STAFF)

    return _ask_and_do(model_admin, request, queryset, "switch_on", act)


def _ask_and_do(
    model_admin: Any,
    request: HttpRequest,
    queryset: QuerySet[Any],
    action: str,
    act: Callable[[ContactPoint, str], None],
) -> HttpResponse | None:
    chosen = list(queryset.select_related("user")[: LIMIT + 1])
    if len(chosen) > LIMIT:
        text = gettext("At most %(number)s at a time. Nothing was changed. Choose fewer.") % {"number": LIMIT}
        model_admin.message_user(request, text, messages.ERROR)
        return None
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    back = reverse("admin:notify_contactpoint_changelist")
    name, explanation = WORDS[action]
    if not form.is_valid():
        addresses = ", ".join(_short(each) for each in chosen[:10])
        if len(chosen) > 10:
            said = gettext("%(addresses)s and %(number)s more")
            addresses = said % {"addresses": addresses, "number": len(chosen) - 10}
        return ask(
            model_admin,
            request,
            form,
            title=_question(action, len(chosen)),
            explanation=explanation % {"addresses": addresses},
            button=str(name),
            back=back,
            hidden={"action": action, ACTION_CHECKBOX_NAME: [str(each.pk) for each in chosen]},
        )
    reason, who = form.cleaned_data["reason"], request.user
    for each in chosen:
        act(each, reason)
        rows = ContactPoint.objects.filter(pk=each.pk)
        done = f"{action.replace('_', ' ').capitalize()}: {reason}"
        LogEntry.objects.log_actions(who.pk, rows, CHANGE, done)  # type: ignore[arg-type]
    model_admin.message_user(request, f"{name}: {len(chosen)}.", messages.SUCCESS)
    return HttpResponseRedirect(back)


def _question(action: str, number: int) -> str:
    if action == "switch_off":
        said = ngettext("Switch off %(number)s contact point?", "Switch off %(number)s contact points?", number)
    else:
        said = ngettext("Switch on %(number)s contact point?", "Switch on %(number)s contact points?", number)
    return said % {"number": number}


@admin.register(ContactPoint)
class ContactPointAdmin(LocalAdmin):
    """Addresses of people, and whether they still work. What staff enter counts as given."""

    paginator = CappedPaginator
    actions = (switch_off, switch_on)
    ordering = ("-pk",)
    list_display = ("user", "channel", "kind", "short_address", "label", "is_primary", "verified", "state", "seen_at")
    list_display_links = ("short_address",)
    list_filter = (ChannelFilter, "is_primary", ("disabled_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    raw_id_fields = ("user",)
    search_fields = ("address",)
    search_help_text = _("A whole address, or the beginning of a person's username or email address.")
    fields = (
        "user",
        "channel",
        "address",
        "label",
        "is_primary",
        "verified",
        "verified_at",
        "state",
        "disabled_at",
        "disabled_reason",
        "seen_at",
        "created_at",
    )
    readonly_fields = ("verified", "verified_at", "state", "disabled_at", "disabled_reason", "seen_at", "created_at")

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
            return forms.ChoiceField(label=capfirst(db_field.verbose_name), choices=[(name, name) for name in names])
        if db_field.name == "address":
            kwargs["widget"] = forms.TextInput(attrs={"class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("kind"))
    def kind(self, point: ContactPoint) -> str:
        """Of a device."""
        return devices.kind_of(point.address) if point.channel == PUSH else ""

    @admin.display(description=_("address"))
    def short_address(self, point: ContactPoint) -> str:
        """Its beginning."""
        return _short(point)

    @admin.display(description=_("verified"))
    def verified(self, point: ContactPoint) -> SafeString:
        """Whether somebody knows that its owner holds it."""
        if point.is_unverified:
            return words.badge(
                gettext("not yet"), "doubtful", gettext("Its owner typed it in. It is used once it is verified.")
            )
        if point.verified_at is None:
            return words.badge(gettext("given"), "quiet", gettext("Entered by staff or by an app, not by its owner."))
        return words.badge(
            gettext("verified"), "good", gettext("since %(day)s") % {"day": f"{point.verified_at:%Y-%m-%d}"}
        )

    @admin.display(description=_("state"))
    def state(self, point: ContactPoint) -> SafeString:
        """Whether messages go there."""
        if point.disabled_at is None:
            return words.badge(gettext("on"), "good")
        said = gettext("by %(who)s. %(reason)s")
        values = {"who": gettext(point.get_disabled_by_display()), "reason": point.disabled_reason}
        return words.badge(gettext("off"), "bad", said % values)


def _short(point: ContactPoint) -> str:
    return point.address if len(point.address) <= SHOWN else f"{point.address[:SHOWN]}…"
