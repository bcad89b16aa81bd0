"""What staff do with an A/B test, each after a page that says what will happen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from notifications.admin.templates.told import of_publication
from notifications.exceptions import NotificationError
from notifications.models import Experiment, TemplateVersion, Variant, VersionState
from notifications.services.templates import experiments
from notifications.services.templates.results import results

State, Kind = Experiment.State, Variant.Kind
STEPS = ("start", "stop", "promote", "discard")


def possible(experiment: Experiment) -> set[str]:
    """What can be done with it as it stands."""
    if experiment.state == State.DRAFT:
        return {"start", "discard"}
    promote = set() if experiment.winner_id else {"promote"}
    return promote | ({"stop"} if experiment.state == State.RUNNING else set())


def promotable(experiment: Experiment) -> list[Variant]:
    """The variants whose text can be given to all."""
    kinds = [Kind.VERSION, Kind.PUBLISHED] if experiment.state == State.RUNNING else [Kind.VERSION]
    return list(experiment.variants.select_related("version").filter(kind__in=kinds).order_by("pk"))


def step(admin: Any, request: HttpRequest, experiment: Experiment, name: str) -> HttpResponse:
    """GET asks, POST does. What cannot be done is said on the page of the test."""
    back = reverse("admin:notify_experiment_change", args=[experiment.pk])
    variant = _variant(request, experiment) if name == "promote" else None
    if request.method != "POST":
        title, lines = _asked(experiment, name, variant)
        context = {"title": title, "lines": lines, "experiment": experiment, "back": back, "step": name}
        asking: HttpResponse = admin.page(request, "confirm", context)
        return asking
    try:
        told = _do(experiment, name, variant, request.user)
    except NotificationError as error:
        admin.message_user(request, str(error), messages.ERROR)
    else:
        admin.message_user(request, told, messages.SUCCESS)
        if name == "discard":
            back = reverse("admin:notify_experiment_changelist")
    return HttpResponseRedirect(back)


def _do(experiment: Experiment, name: str, variant: Variant | None, by: Any) -> str:
    if variant is not None:
        said = gettext("%(label)s is promoted.") % {"label": variant.label}
        return f"{said} {of_publication(experiments.promote(experiment, variant, by=by))}"
    if name == "start":
        experiments.start(experiment, by=by)
        return gettext("The test runs: each recipient gets their variant from now on.")
    if name == "stop":
        return f"{gettext('The test is stopped.')} {of_publication(experiments.stop(experiment, by=by))}"
    experiments.discard_plan(experiment)
    return gettext("The plan “%(name)s” is thrown away.") % {"name": experiment.name}


def _variant(request: HttpRequest, experiment: Experiment) -> Variant:
    given = request.GET.get("variant", "")
    found = next((each for each in promotable(experiment) if str(each.pk) == given), None)
    if found is None:
        raise Http404("There is no such variant that could be promoted.")
    return found


def _asked(experiment: Experiment, name: str, variant: Variant | None) -> tuple[str, list[str]]:
    """The question, and what will happen."""
    if variant is not None:
        return _asked_of_promotion(experiment, variant)
    if name == "start":
        return gettext("Start the test?"), [
            *_shares(experiment),
            gettext(
                "It counts for every message that starts after this. Each recipient gets the same variant every time."
            ),
            gettext(
                "Weights stay as they are while it runs. It ends when it is stopped, or when a version is published or "
                "rolled back."
            ),
        ]
    if name == "stop":
        return gettext("Stop the test?"), [
            gettext("All recipients get %(text)s again.") % {"text": _published(experiment)},
            gettext("What was found stays here, but the test cannot be started again."),
        ]
    return gettext("Throw the plan away?"), [gettext("It was never started. Its texts stay.")]


def _asked_of_promotion(experiment: Experiment, variant: Variant) -> tuple[str, list[str]]:
    text = _published(experiment) if variant.version is None else _name(variant.version)
    lines = [gettext("All recipients get %(text)s from now on.") % {"text": text}]
    if experiment.state == State.RUNNING:
        lines.append(gettext("The test ends with it."))
    found = results(experiment)
    if found.verdict and found.leader != variant:
        said = gettext("Mind that the test has not shown %(label)s to be the best: %(sentence)s")
        lines.append(said % {"label": variant.label, "sentence": found.verdict.sentence})
    return gettext("Promote %(label)s?") % {"label": variant.label}, lines


def _shares(experiment: Experiment) -> list[str]:
    variants = list(experiment.variants.select_related("version").order_by("pk"))
    total = sum(each.weight for each in variants)
    return [
        gettext("%(share)s of the recipients get %(text)s (%(label)s).")
        % {"share": f"{each.weight / total:.0%}", "text": _got(each, experiment), "label": each.label}
        for each in variants
    ]


def _got(variant: Variant, experiment: Experiment) -> str:
    if variant.version is not None:
        return _name(variant.version)
    if variant.kind == Kind.NOTHING:
        return gettext("nothing")
    return gettext("what is published: %(text)s") % {"text": _published(experiment)}


def _published(experiment: Experiment) -> str:
    published = experiment.template.versions.filter(state=VersionState.PUBLISHED).first()
    return _name(published) if published else gettext("the files")


def _name(version: TemplateVersion) -> str:
    return gettext("version %(number)s") % {"number": version.number}
