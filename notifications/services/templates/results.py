"""What an A/B test has shown so far: each arm's figures, what may be said of them, and when there is likely more."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache

from notifications import clock
from notifications.models import Experiment, Variant
from notifications.services.templates.exposures import Count, count
from notifications.templating.statistics import Arm, Comparison, compare, proportion_interval
from notifications.templating.verdicts import METRICS, Verdict, verdict

logger = logging.getLogger(__name__)

CACHE_SECONDS = 60
PACE_AFTER = timedelta(hours=1)
"""a test that runs for less does not show yet how many a day it reaches"""
FORETOLD_AT_MOST = timedelta(days=365)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmResult:
    """One variant: how many of its recipients did what. `rate`, `low` and `high`, 0 to 1, are of the test's metric."""

    variant: Variant
    count: Count
    compared: bool
    """False: a hold-out that is sent nothing. There is nothing to open, so the verdict leaves it out"""
    rate: float
    low: float
    high: float
    """with `low`: where the rate itself lies, 95 % sure, at one look. Whether arms differ, `difference` tells"""
    difference: Comparison | None = None
    """from the control, valid at all looks together; None: it is the control, or not compared"""

    @property
    def successes(self) -> int:
        """How many did what the test counts."""
        return int(getattr(self.count, self.variant.experiment.metric))


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """The arms in their order; the first that is compared is the control."""

    arms: Sequence[ArmResult]
    verdict: Verdict | None
    """None: the test was never started"""
    counted_at: datetime
    expected_at: datetime | None = None
    """when, at the pace so far, there is likely something to say; None: there is already, or nobody can tell"""

    @property
    def leader(self) -> Variant | None:
        """The variant to promote, if there is one."""
        label = self.verdict.leader if self.verdict else None
        return next((each.variant for each in self.arms if label is not None and each.variant.label == label), None)


def results(experiment: Experiment, *, fresh: bool = False) -> Results:
    """The results of a test, counted within the last minute, or now where it is to be `fresh`.

    One may look as often as one likes: the verdict is safe against it (`notifications.templating.verdicts`).
    """
    experiment = Experiment.objects.select_related("template").get(pk=experiment.pk)  # as it now stands
    variants = list(experiment.variants.select_related("version").order_by("pk"))
    for each in variants:
        each.experiment = experiment
    counted_at, counts = _counts(experiment, fresh=fresh)
    compared = [each for each in variants if each.kind != Variant.Kind.NOTHING]
    arms = {each.pk: _arm(each, counts.get(each.pk, Count()), experiment.metric) for each in compared}
    told = None
    if experiment.started_at and len(arms) > 1:
        told = verdict(list(arms.values()), next(each for each in METRICS if each == experiment.metric))
    return Results(
        arms=[_result(each, counts.get(each.pk, Count()), compared, arms) for each in variants],
        verdict=told,
        counted_at=counted_at,
        expected_at=_expected(experiment, told, sum(arm.n for arm in arms.values()), counted_at),
    )


def _arm(variant: Variant, counted: Count, metric: str) -> Arm:
    return Arm(variant.label, counted.recipients, int(getattr(counted, metric)))


def _result(variant: Variant, counted: Count, compared: Sequence[Variant], arms: dict[int, Arm]) -> ArmResult:
    if variant not in compared:
        return ArmResult(variant=variant, count=counted, compared=False, rate=0.0, low=0.0, high=0.0)
    arm, control = arms[variant.pk], arms[compared[0].pk]
    low, high = proportion_interval(arm.k, arm.n)
    pairs = len(arms) * (len(arms) - 1) // 2
    difference = compare(control, arm, comparisons=pairs) if arm is not control else None
    return ArmResult(
        variant=variant, count=counted, compared=True, rate=arm.rate, low=low, high=high, difference=difference
    )


def _expected(experiment: Experiment, told: Verdict | None, recipients: int, now: datetime) -> datetime | None:
    """When as many more recipients have come as the verdict asks for, at the pace since the start."""
    running = experiment.state == Experiment.State.RUNNING and experiment.started_at is not None
    if not running or told is None or told.more is None or not recipients or experiment.started_at is None:
        return None
    so_far = now - experiment.started_at
    if so_far < PACE_AFTER:
        return None
    wait = so_far * (told.more / recipients)
    return now + wait if wait <= FORETOLD_AT_MOST else None


def _counts(experiment: Experiment, *, fresh: bool) -> tuple[datetime, dict[int, Count]]:
    """What was counted, and when. Kept for a minute: it reads each message of the test."""
    name = f"notify:experiment:{experiment.pk}:{experiment.state}"
    found: Any = None
    if not fresh:
        try:
            found = cache.get(name)
        except Exception:
            logger.warning("The cache is away; the results of a test are counted again", exc_info=True)
    if found is not None:
        at, rows = found
        return at, {pk: Count(**row) for pk, row in rows.items()}
    at, counts = clock.now(), count(experiment)
    try:
        cache.set(name, (at, {pk: asdict(each) for pk, each in counts.items()}), CACHE_SECONDS)
    except Exception:
        logger.warning("The cache is away; the results of a test are not kept", exc_info=True)
    return at, counts
