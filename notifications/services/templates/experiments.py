"""A/B tests of a text: planned, started, stopped, and their winner published.

Weights stay while a test runs, and a test is started once: another one, with a salt of its own, draws its recipients
anew. What a start or a stop changes is in force when the call returns, as with a publication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from notifications import clock
from notifications.exceptions import TemplateStateError
from notifications.models import (
    Experiment,
    Template,
    TemplateChange,
    TemplateStamp,
    TemplateVersion,
    Variant,
    VersionState,
)
from notifications.services.templates.countable import require_countable
from notifications.services.templates.editing import log
from notifications.services.templates.experiment_rules import check_arms, check_texts, invalid
from notifications.services.templates.publishing import (
    WAIT_SECONDS,
    Publication,
    put_in_force,
    stop_test,
    wait_for_requests,
)
from notifications.types import get_type

Action, State, Kind = TemplateChange.Action, Experiment.State, Variant.Kind
HOLD_OUT = "hold-out"
NAME_MAX_LENGTH = 100
Planned = tuple[str, TemplateVersion, int]
"""label, version, weight"""


def create(
    template: Template,
    *,
    name: str,
    metric: str,
    variants: Sequence[Planned],
    holdout: tuple[int, str] | None = None,
    by: Any,
) -> Experiment:
    """Plan a test of versions of a template; nobody gets them before `start`.

    `variants` are (label, version, weight), and `holdout` is (weight, "published" or "nothing"). Weights, 1 to 1000,
    count against each other. The first arm is the control: the hold-out of what is published, else the first variant.
    A version is in review, published or archived, so that its words stay as they are: a draft is submitted first.
    "nothing" is for marketing alone. `metric` is "opened", "clicked" or "acted", where it can be counted.

    Raises `TemplateStateError`; code "invalid", or "state" for a version that is a draft.
    """
    type_ = get_type(template.type)
    if not 0 < len(name.strip()) <= NAME_MAX_LENGTH:
        raise invalid(f"A name has 1 to {NAME_MAX_LENGTH} characters, not {len(name.strip())}.")
    require_countable(metric, type_, template.channel)
    arms = [
        Variant(label=label.strip(), kind=Kind.VERSION, version=version, weight=weight)
        for label, version, weight in variants
    ]
    if holdout is not None:  # first: the control, and the share that boundaries are counted from
        weight, kind = holdout
        arms.insert(0, Variant(label=HOLD_OUT, kind=kind, weight=weight))
    check_arms(template, arms)
    with transaction.atomic():
        experiment = Experiment.objects.create(template=template, name=name.strip(), metric=metric, created_by=by)
        for arm in arms:
            arm.experiment = experiment
            arm.save()
    return experiment


def discard_plan(experiment: Experiment) -> None:
    """Delete a test that was never started. Raises `TemplateStateError` for another."""
    with transaction.atomic():
        locked = _locked(experiment)
        if locked.state != State.DRAFT:
            raise TemplateStateError(f"“{locked.name}” was started, so its record stays.", code="state")
        locked.delete()


def start(experiment: Experiment, *, by: Any) -> Experiment:
    """Have each recipient get their variant from now on. Not to be called inside a transaction.

    Raises `TemplateStateError`: code "running" while one runs on the template, "state", "invalid" for a text with
    mistakes, "missing" where readers get no text in that language, "reviewer".
    """
    with transaction.atomic(durable=True):
        locked = _locked(experiment)
        template = locked.template
        if locked.state == State.STOPPED:
            raise TemplateStateError(
                f"“{locked.name}” was stopped, and a test is started once: plan a new one, with recipients drawn anew.",
                code="state",
            )
        running = template.experiments.filter(state=State.RUNNING).first()
        if running is not None:
            what = "It" if running.pk == locked.pk else f"“{running.name}”"
            raise TemplateStateError(
                f"{what} is running on {template} since {running.started_at:%Y-%m-%d %H:%M} UTC. "
                "One test at a time runs on a text: stop that one first.",
                code="running",
            )
        require_countable(locked.metric, get_type(template.type), template.channel)
        arms = list(locked.variants.select_related("version__template"))
        check_arms(template, arms)
        check_texts(template, arms, by)
        locked.state, locked.started_at = State.RUNNING, clock.now()
        locked.save(update_fields=["state", "started_at"])
        log(template, Action.EXPERIMENT_STARTED, by=by, note=locked.name)
        TemplateStamp.renew()
    return locked


def stop(experiment: Experiment, *, by: Any, wait: float = WAIT_SECONDS) -> Publication:
    """Have all recipients get again what is published. Waits as `publish` does, and is called as it is.

    Raises `TemplateStateError` for a test that is not running.
    """
    with transaction.atomic(durable=True):
        locked = _locked(experiment)
        if locked.state != State.RUNNING:
            raise _not_running(locked)
        publication = _stopped(locked, by)
        TemplateStamp.renew()
    return replace(publication, in_flight=wait_for_requests(locked.template, wait))


def promote(
    experiment: Experiment, variant: Variant, *, by: Any, note: str = "", wait: float = WAIT_SECONDS
) -> Publication:
    """Stop a test if it runs, and have all recipients get the text of one of its variants.

    Raises `TemplateStateError`, for a test that was never started or has its winner, too, and what `publish` raises.
    """
    with transaction.atomic(durable=True):
        locked = _locked(experiment)
        winner = locked.variants.select_related("version__template").filter(pk=variant.pk).first()
        if winner is None:
            raise TemplateStateError(f"{variant.label} is no variant of “{locked.name}”.", code="missing")
        _check_promotable(locked, winner)
        note = note or f"{winner.label} of “{locked.name}”"
        version = winner.version
        if version is None or version.state == VersionState.PUBLISHED:
            publication = _stopped(locked, by)
            log(publication.version or locked.template, Action.PROMOTED, by=by, note=note)
            TemplateStamp.renew()
        else:
            publication = put_in_force(version, by=by, note=note, action=Action.PROMOTED)
        Experiment.objects.filter(pk=locked.pk).update(winner=winner)
    return replace(publication, in_flight=wait_for_requests(locked.template, wait))


def _locked(experiment: Experiment) -> Experiment:
    """The test as it now stands, with its template locked until the end of the transaction."""
    Template.objects.select_for_update().get(pk=experiment.template_id)
    return Experiment.objects.select_related("template").get(pk=experiment.pk)


def _stopped(locked: Experiment, by: Any) -> Publication:
    template = locked.template
    published = template.versions.filter(state=VersionState.PUBLISHED).first()
    return Publication(template=template, version=published, stopped=stop_test(template, by))


def _check_promotable(locked: Experiment, winner: Variant) -> None:
    if locked.state == State.DRAFT:
        raise TemplateStateError(f"“{locked.name}” was never started: publish the version instead.", code="state")
    if locked.winner is not None:
        raise TemplateStateError(f"{locked.winner.label} of “{locked.name}” was promoted already.", code="state")
    if winner.kind == Kind.NOTHING:
        raise invalid("That nothing is sent cannot be promoted: it is for the app, which sends it, to leave it out.")
    if winner.kind == Kind.PUBLISHED and locked.state != State.RUNNING:
        raise _not_running(locked)


def _not_running(locked: Experiment) -> TemplateStateError:
    return TemplateStateError(f"“{locked.name}” is not running: it is {locked.state}.", code="state")
