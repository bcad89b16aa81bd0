"""`ProviderHealth`, `ProviderOutcomes`, `ProviderChange`: how each provider fares, for all processes alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Sum

from notifications import clock

BUCKET = timedelta(seconds=10)
"""outcomes are counted in buckets of this length"""


class Breaker(models.TextChoices):
    """The circuit breaker of a provider."""

    CLOSED = "closed", "in use"
    OPEN = "open", "out of use: it failed too often"
    HALF_OPEN = "half_open", "being probed"


class Control(models.TextChoices):
    """What an operator decided, whatever the breaker says."""

    AUTOMATIC = "", "automatic"
    PINNED = "pinned", "pinned: all messages go here"
    DRAINING = "draining", "draining: nothing new goes here"
    DISABLED = "disabled", "disabled: nothing goes here"


class ProviderHealth(models.Model):
    """Where a provider stands now. One that has no row is in use and has never failed."""

    alias = models.CharField(max_length=50, primary_key=True)
    breaker = models.CharField(max_length=10, choices=Breaker.choices, default=Breaker.CLOSED)
    changed_at = models.DateTimeField(default=clock.now, help_text="When the breaker took its present state.")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When it last closed after having been open.")
    retry_at = models.DateTimeField(
        null=True, blank=True, help_text="Open: when it is probed. Half open: when new probes replace lost ones."
    )
    trips = models.PositiveSmallIntegerField(default=0, help_text="How often in a row it opened.")
    probes_left = models.PositiveSmallIntegerField(default=0)
    probes_passed = models.PositiveSmallIntegerField(default=0)
    control = models.CharField(max_length=10, choices=Control.choices, blank=True)
    control_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "provider health"
        permissions = [("control_provider", "Can pin, drain and disable providers")]

    def __str__(self) -> str:
        return f"{self.alias}: {self.get_control_display() if self.control else self.get_breaker_display()}"


class ProviderOutcomesQuerySet(models.QuerySet["ProviderOutcomes"]):
    """Queries with a name."""

    def add(self, alias: str, *, succeeded: int, failed: int, now: datetime) -> None:
        """Count outcomes; of several processes at once, each counts."""
        bucket = datetime.fromtimestamp(now.timestamp() // BUCKET.total_seconds() * BUCKET.total_seconds(), now.tzinfo)
        counted = self.filter(alias=alias, bucket=bucket)
        more = {"succeeded": F("succeeded") + succeeded, "failed": F("failed") + failed}
        if not counted.update(**more):
            made = ProviderOutcomes(alias=alias, bucket=bucket)
            self.bulk_create([made], ignore_conflicts=True)
            counted.update(**more)

    def since(self, alias: str, moment: datetime) -> Mapping[str, int]:
        """{"succeeded": n, "failed": n} since a moment."""
        sums = self.filter(alias=alias, bucket__gt=moment - BUCKET).aggregate(s=Sum("succeeded"), f=Sum("failed"))
        return {"succeeded": sums["s"] or 0, "failed": sums["f"] or 0}


class ProviderOutcomes(models.Model):
    """How many requests to a provider succeeded and failed in ten seconds."""

    alias = models.CharField(max_length=50)
    bucket = models.DateTimeField()
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    objects = ProviderOutcomesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "provider outcomes"
        constraints = [models.UniqueConstraint(fields=["alias", "bucket"], name="notify_provider_outcomes_bucket")]

    def __str__(self) -> str:
        return f"{self.alias} at {self.bucket:%H:%M:%S}: {self.succeeded} ok, {self.failed} failed"


class ProviderChange(models.Model):
    """One change of a provider's breaker or control, with its evidence. Append-only."""

    alias = models.CharField(max_length=50)
    at = models.DateTimeField(default=clock.now)
    to = models.CharField(max_length=10, help_text="The new state of the breaker, or the new control.")
    reason = models.CharField(max_length=300)
    evidence = models.JSONField(default=dict, blank=True)
    by = models.CharField(max_length=150, blank=True, help_text="Who; empty: the breaker itself.")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["alias", "-at"], name="notify_provider_change_alias")]

    def __str__(self) -> str:
        return f"{self.alias} → {self.to} at {self.at:%Y-%m-%d %H:%M:%S}"
