"""Where the pages of A/B tests are, and who may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.admin import words
from notifications.admin.base import ReadOnlyAdmin, in_local_time
from notifications.admin.experiments import planning, showing, steps
from notifications.admin.experiments.showing import state_badge
from notifications.models import Experiment

DIGITS_TOO_MANY = 19
"""for the id of a row; `int` refuses thousands of them"""


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    """The newest first. Who sees templates sees their tests; who publishes starts, stops and promotes."""

    list_display = ("name", "text", "state_now", "metric", "since", "promoted")
    list_filter = ("state",)
    list_select_related = ("template", "winner")
    ordering = ("-pk",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As for templates."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for templates."""
        return bool(request.user.has_perm("notify.view_template"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who writes texts plans their tests: a plan is sent to nobody."""
        may = any(request.user.has_perm(f"notify.{each}_template") for each in ("change", "publish"))
        return may and self.has_view_permission(request)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Who may start, stop and promote."""
        return self.has_view_permission(request) and bool(request.user.has_perm("notify.publish_template"))

    @admin.display(description=_("text"))
    def text(self, experiment: Experiment) -> str | SafeString:
        """What is tested."""
        return words.link_to(experiment.template)

    @admin.display(description=_("state"))
    def state_now(self, experiment: Experiment) -> SafeString:
        """As a badge."""
        return state_badge(experiment)

    @admin.display(description=_("from – to"))
    def since(self, experiment: Experiment) -> str:
        """When it ran."""
        ran = [
            f"{timezone.localtime(at):%Y-%m-%d %H:%M}" for at in (experiment.started_at, experiment.stopped_at) if at
        ]
        return " – ".join(ran) or "–"

    @admin.display(description=_("promoted"))
    def promoted(self, experiment: Experiment) -> str:
        """The winner, if one was promoted."""
        return experiment.winner.label if experiment.winner else "–"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name that people use."""
        return super().changelist_view(request, {"title": gettext("A/B tests of texts"), **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A test; without an id, the plan of a new one."""
        view = self._plan if object_id is None else self._show
        return in_local_time(request, lambda: view(request, object_id or ""))

    def get_urls(self) -> list[URLPattern]:
        """Besides: the pages that ask before something is done."""
        # Not inside a transaction of the request: what is begun is in force once its own has ended.
        view = transaction.non_atomic_requests(self.admin_site.admin_view(self.step_view))
        own = [path(f"<int:pk>/{each}/", view, {"step": each}, f"notify_experiment_{each}") for each in steps.STEPS]
        return [*own, *super().get_urls()]

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        """A page of ours."""
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/notify/experiment/{template}.html", {**shared, **context})

    def _plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        named = request.GET.get("template") or _listed(request)
        templates = planning.testable()
        template = next((each for each in templates if str(each.pk) == named), None)
        if template is None:
            return self.page(request, "choose", {"title": gettext("New A/B test"), "templates": templates})
        form = planning.PlanForm(template, request.POST or None)
        if form.is_valid() and (experiment := form.save(by=request.user)):
            said = gettext("The test is planned. Nobody gets it before it is started.")
            self.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:notify_experiment_change", args=[experiment.pk]))
        return self.page(request, "plan", {"title": gettext("New A/B test"), "template": template, "form": form})

    def _show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = showing.context(_found(object_id), fresh="fresh" in request.GET)
        may = {"start": self.has_publish_permission, "stop": self.has_publish_permission}
        may |= {"promote": self.has_publish_permission, "discard": self.has_add_permission}
        context["may"] = {step for step in steps.possible(context["experiment"]) if may[step](request)}
        return self.page(request, "show", context)

    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Ask, then do it."""
        allowed: dict[str, Callable[[HttpRequest], bool]] = dict.fromkeys(steps.STEPS, self.has_publish_permission)
        allowed["discard"] = self.has_add_permission
        if not allowed[step](request):
            raise PermissionDenied
        experiment = _found(str(pk))
        return in_local_time(request, lambda: steps.step(self, request, experiment, step))


def _found(object_id: str) -> Experiment:
    rows = Experiment.objects.select_related("template", "created_by", "winner")
    is_number = object_id.isdecimal() and len(object_id) < DIGITS_TOO_MANY
    experiment = rows.filter(pk=object_id).first() if is_number else None
    if experiment is None:
        raise Http404(f"There is no A/B test {object_id[:40]}.")
    return experiment


def _listed(request: HttpRequest) -> str:
    """The template whose tests were listed, if somebody comes from such a list."""
    filters = parse_qs(request.GET.get("_changelist_filters", ""))
    return next(iter(filters.get("template", [])), "")
