"""What staff do with an A/B test, each after a page that says what will happen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from notifications.admin.templates.told import of_publication
from notifications.exceptions import NotificationError
from notifications.models import Experiment, Variant, VersionState
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
        return f"{variant.label} is promoted. {of_publication(experiments.promote(experiment, variant, by=by))}"
    if name == "start":
        experiments.start(experiment, by=by)
        return "The test runs: each recipient gets their variant from now on."
    if name == "stop":
        return f"The test is stopped. {of_publication(experiments.stop(experiment, by=by))}"
    experiments.discard_plan(experiment)
    return f"The plan “{experiment.name}” is thrown away."


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
        return "Start the test?", [
            *_shares(experiment),
            "It counts for every message that starts after this. Each recipient gets the same variant every time.",
            "Weights stay as they are while it runs. It ends when it is stopped, or when a version is published or "
            "rolled back.",
        ]
    if name == "stop":
        return "Stop the test?", [
            f"All recipients get {_published(experiment)} again.",
            "What was found stays here, but the test cannot be started again.",
        ]
    return "Throw the plan away?", ["It was never started. Its texts stay."]


def _asked_of_promotion(experiment: Experiment, variant: Variant) -> tuple[str, list[str]]:
    text = _published(experiment) if variant.version is None else f"version {variant.version.number}"
    lines = [f"All recipients get {text} from now on."]
    if experiment.state == State.RUNNING:
        lines.append("The test ends with it.")
    found = results(experiment)
    if found.verdict and found.leader != variant:
        lines.append(f"Mind that the test has not shown {variant.label} to be the best: {found.verdict.sentence}")
    return f"Promote {variant.label}?", lines


def _shares(experiment: Experiment) -> list[str]:
    variants = list(experiment.variants.select_related("version").order_by("pk"))
    total = sum(each.weight for each in variants)
    return [
        f"{each.weight / total:.0%} of the recipients get {_got(each, experiment)} ({each.label})." for each in variants
    ]


def _got(variant: Variant, experiment: Experiment) -> str:
    if variant.version is not None:
        return f"version {variant.version.number}"
    return "nothing" if variant.kind == Kind.NOTHING else f"what is published: {_published(experiment)}"


def _published(experiment: Experiment) -> str:
    published = experiment.template.versions.filter(state=VersionState.PUBLISHED).first()
    return f"version {published.number}" if published else "the files"
