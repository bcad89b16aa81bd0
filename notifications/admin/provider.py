"""Providers: how each fares, when and why that changed, and an operator's word."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import conf
from notifications.admin import words
from notifications.admin.base import ReadOnlyAdmin, in_local_time
from notifications.admin.provider_history import SHOWN, TONES, history
from notifications.admin.reasons import ReasonForm, ask
from notifications.exceptions import ControlError
from notifications.models import Breaker, Control, ProviderHealth
from notifications.pipeline import breaker, failover
from notifications.services.providers import ProviderState, provider_states


class Word(NamedTuple):
    """What an operator may say of a provider. All but `to` name it by {alias}."""

    to: Control
    explanation: str | Promise
    button: str | Promise
    title: str | Promise
    name: str | Promise


WORDS = {
    "pin": Word(
        Control.PINNED,
        _("All messages of its channels go to {alias}, whatever its breaker says: no other is tried."),
        _("Pin {alias}"),
        _("Pin {alias}?"),
        _("Pin"),
    ),
    "drain": Word(
        Control.DRAINING,
        _(
            "Nothing new goes to {alias}, and requests that are open come to their end. "
            "The other providers of its channels take over; where there is none, messages are held."
        ),
        _("Drain {alias}"),
        _("Drain {alias}?"),
        _("Drain"),
    ),
    "disable": Word(
        Control.DISABLED,
        _(
            "Nothing goes to {alias} until that is taken back. "
            "The other providers of its channels take over; where there is none, messages are held."
        ),
        _("Disable {alias}"),
        _("Disable {alias}?"),
        _("Disable"),
    ),
    "automatic": Word(
        Control.AUTOMATIC,
        _("Its breaker decides again what goes to {alias}."),
        _("Set to automatic"),
        _("Set {alias} to automatic?"),
        _("Automatic"),
    ),
}


class ProviderChangeList(ChangeList):
    """Each row with its `state`."""

    def get_results(self, request: HttpRequest) -> None:
        """What a row shows beside its columns takes two queries for all."""
        super().get_results(request)
        _with_states(self.result_list)


@admin.register(ProviderHealth)
class ProviderAdmin(ReadOnlyAdmin):
    """Every provider, also one that nothing ever happened to."""

    list_display = ("alias", "channels", "breaker_state", "since", "probes", "takes", "recent", "operator")
    fields = ("alias", "channels", "breaker_state", "since", "probes", "takes", "recent", "operator")
    ordering = ("alias",)
    list_per_page = 200

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name that people use."""
        failover.forget()  # what other processes wrote a moment ago is shown too
        missing = set(conf.get().PROVIDERS) - set(ProviderHealth.objects.values_list("alias", flat=True))
        if missing:
            ProviderHealth.objects.ensure(missing)
        return super().changelist_view(request, {"title": gettext("Providers"), **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Ours."""
        return ProviderChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ProviderHealth | None:
        """With its `state`."""
        failover.forget()
        if unquote(object_id) in conf.get().PROVIDERS:
            ProviderHealth.objects.ensure([unquote(object_id)])
        found: ProviderHealth | None = super().get_object(request, object_id, from_field)
        if found is not None:
            _with_states([found])
        return found

    @admin.display(description=_("channels"))
    def channels(self, provider: Any) -> str | SafeString:
        """Those that it serves."""
        state: ProviderState = provider.state
        return ", ".join(state.shares) or ("–" if state.configured else words.badge(gettext("not configured"), "quiet"))

    @admin.display(description=_("breaker"))
    def breaker_state(self, provider: Any) -> SafeString:
        """As a badge, and why."""
        badge = _short(Breaker(provider.breaker))
        said = provider.state.said if provider.breaker != Breaker.CLOSED else ""
        return format_html("{}<small>{}</small>", badge, said)

    @admin.display(description=_("since"))
    def since(self, provider: Any) -> str:
        """Since when the breaker is so."""
        return f"{timezone.localtime(provider.changed_at):%Y-%m-%d %H:%M:%S}" if provider.trips else "–"

    @admin.display(description=_("probes"))
    def probes(self, provider: Any) -> str:
        """How far it is on its way back."""
        if provider.breaker == Breaker.OPEN and provider.retry_at:
            return gettext("from %(time)s") % {"time": f"{timezone.localtime(provider.retry_at):%H:%M:%S}"}
        if provider.breaker == Breaker.HALF_OPEN:
            said = gettext("%(number)s of %(total)s succeeded")
            return said % {"number": provider.probes_passed, "total": breaker.PROBES}
        return "–"

    @admin.display(description=_("share now"))
    def takes(self, provider: Any) -> str:
        """The part of the new messages that it takes."""
        shares = provider.state.shares
        if len(set(shares.values())) == 1:
            return f"{next(iter(shares.values())):.0%}"
        return ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) or "–"

    @admin.display(description=_("last 10 minutes"))
    def recent(self, provider: Any) -> str:
        """What became of requests."""
        state: ProviderState = provider.state
        said = gettext("%(succeeded)s ok, %(failed)s failed")
        return said % {"succeeded": f"{state.succeeded:,}", "failed": f"{state.failed:,}"}

    @admin.display(description=_("control"))
    def operator(self, provider: Any) -> str | SafeString:
        """What an operator decided, and why."""
        if not provider.control:
            return gettext(str(Control.AUTOMATIC.label))
        return format_html("{}<small>{}</small>", _short(Control(provider.control)), provider.control_reason)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The page of one, with what an operator may do and its history."""
        lines = history(obj.alias)
        context |= {
            "title": gettext("Provider"),
            "subtitle": obj.alias,
            "zone": timezone.get_current_timezone_name(),
            "history": lines[:SHOWN],
            "older": len(lines) > SHOWN,
            "controls": [
                (each.name, self._address("control", obj.alias, word))
                for word, each in WORDS.items()
                if obj.state.configured and self.has_control_permission(request) and each.to != obj.control
            ],
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_control_permission(self, request: HttpRequest) -> bool:
        """Who may pin, drain and disable."""
        return bool(request.user.has_perm("notify.control_provider"))

    def get_urls(self) -> list[URLPattern]:
        """One more: the page that asks for a reason."""
        view = self.admin_site.admin_view(self.control_view)
        return [
            path("<path:object_id>/control/<str:word>/", view, name="notify_providerhealth_control"),
            *super().get_urls(),
        ]

    def control_view(self, request: HttpRequest, object_id: str, word: str) -> HttpResponse:
        """Ask for a reason, then do it."""
        if not (self.has_control_permission(request) and self.has_view_permission(request)):
            raise PermissionDenied
        alias = unquote(object_id)
        if word not in WORDS or alias not in conf.get().PROVIDERS:
            raise Http404(f"No provider {alias} that one could {word}.")
        said = WORDS[word]
        to = said.to
        back = self._address("change", alias)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            who: Any = request.user
            try:
                failover.control(alias, to, reason=form.cleaned_data["reason"], by=who.get_username())
            except ControlError as error:
                form.add_error(None, str(error))
            else:
                text = f"{alias} is {to.label}: {form.cleaned_data['reason']}"
                LogEntry.objects.log_actions(who.pk, ProviderHealth.objects.filter(alias=alias), CHANGE, text)
                done = gettext("%(alias)s is %(state)s: %(reason)s")
                values = {"alias": alias, "state": gettext(str(to.label)), "reason": form.cleaned_data["reason"]}
                self.message_user(request, done % values, messages.SUCCESS)
                return HttpResponseRedirect(back)
        title, button, text = (str(each).format(alias=alias) for each in (said.title, said.button, said.explanation))
        return in_local_time(
            request, lambda: ask(self, request, form, title=title, explanation=text, button=button, back=back)
        )

    def _address(self, view: str, alias: str, *more: str) -> str:
        return reverse(f"admin:notify_providerhealth_{view}", args=[quote(alias), *more])


def _short(state: Breaker | Control) -> SafeString:
    """A badge with the first words of a label, and the rest as its tooltip."""
    text, _colon, rest = gettext(str(state.label)).partition(": ")
    return words.badge(text, TONES[state], rest)


def _with_states(rows: Any) -> None:
    states = {each.alias: each for each in provider_states()}
    for row in rows:
        row.state = states[row.alias]
