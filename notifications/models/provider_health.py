"""`ProviderHealth`, `ProviderOutcomes`, `ProviderChange`: how each provider fares, for all processes alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from notifications import clock

BUCKET = timedelta(seconds=10)
"""outcomes are counted in buckets of this length"""
KEPT = timedelta(days=1)
"""how long they are kept"""


class Breaker(models.TextChoices):
    """The circuit breaker of a provider. Its labels are English: `gettext` them."""

    CLOSED = "closed", gettext_noop("in use")
    OPEN = "open", gettext_noop("out of use: it failed too often")
    HALF_OPEN = "half_open", gettext_noop("being probed")


class Control(models.TextChoices):
    """What an operator decided, whatever the breaker says. Its labels are English: `gettext` them."""

    AUTOMATIC = "", gettext_noop("automatic")
    PINNED = "pinned", gettext_noop("pinned: all messages go here")
    DRAINING = "draining", gettext_noop("draining: nothing new goes here")
    DISABLED = "disabled", gettext_noop("disabled: nothing goes here")


class ProviderHealthQuerySet(models.QuerySet["ProviderHealth"]):
    """Queries with a name."""

    def ensure(self, aliases: Iterable[str]) -> None:
        """Give each alias a row."""
        self.bulk_create([ProviderHealth(alias=each) for each in aliases], ignore_conflicts=True)

    def with_reasons(self) -> ProviderHealthQuerySet:
        """Each with `said`, why its breaker changed last, and `controlled_at`, when its control did; or None."""
        changes = ProviderChange.objects.filter(alias=OuterRef("alias")).order_by("-at", "-id")
        of_breaker = changes.filter(to__in=Breaker.values)
        of_control = changes.exclude(to__in=Breaker.values)
        return self.annotate(
            said=Subquery(of_breaker.values("reason")[:1]), controlled_at=Subquery(of_control.values("at")[:1])
        )


class ProviderHealth(models.Model):
    """Where a provider stands now. One that has no row is in use and has never failed."""

    alias = models.CharField(_("alias"), max_length=50, primary_key=True)
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

    objects = ProviderHealthQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        permissions = [("control_provider", "Can pin, drain and disable providers")]

    def __str__(self) -> str:
        return f"{self.alias}: {self.get_control_display() if self.control else self.get_breaker_display()}"


class ProviderOutcomesQuerySet(models.QuerySet["ProviderOutcomes"]):
    """Queries with a name."""

    def add(
        self, alias: str, *, succeeded: int, failed: int, now: datetime, success_began: datetime | None = None
    ) -> None:
        """Count outcomes; of several processes at once, each counts. What is too old goes when a bucket is made.

        `success_began` is when the latest of those that succeeded was opened: a success ends a row of failures only if
        it was opened after them. Others were under way when the trouble began, and come in late.
        """
        bucket = datetime.fromtimestamp(now.timestamp() // BUCKET.total_seconds() * BUCKET.total_seconds(), now.tzinfo)
        counted = self.filter(alias=alias, bucket=bucket)
        more: dict[str, Any] = {
            "succeeded": F("succeeded") + succeeded,
            "failed": F("failed") + failed,
            "failed_in_a_row": F("failed_in_a_row") + failed,
        }
        if success_began is not None:
            ends_row = Q(last_failed_at=None) | Q(last_failed_at__lt=success_began)
            more["failed_in_a_row"] = Case(When(ends_row, then=failed), default=F("failed_in_a_row") + failed)
        if failed:
            more["last_failed_at"] = now
        if not counted.update(**more):
            self.bulk_create([ProviderOutcomes(alias=alias, bucket=bucket)], ignore_conflicts=True)
            counted.update(**more)
            self.filter(alias=alias, bucket__lt=bucket - KEPT).delete()

    def since(self, alias: str, moment: datetime) -> Mapping[str, int]:
        """{"succeeded": n, "failed": n, "failed_in_a_row": n} since a moment; the last: since the last success."""
        rows = list(self.filter(alias=alias, bucket__gt=moment - BUCKET).order_by("-bucket"))
        in_a_row = 0
        for each in rows:
            in_a_row += each.failed_in_a_row
            if each.succeeded:
                break
        return {
            "succeeded": sum(each.succeeded for each in rows),
            "failed": sum(each.failed for each in rows),
            "failed_in_a_row": in_a_row,
        }

    def by_alias(self, aliases: Iterable[str], moment: datetime) -> dict[str, tuple[int, int]]:
        """alias → (succeeded, failed) since a moment, in one query; those with neither are left out."""
        rows = self.filter(alias__in=list(aliases), bucket__gt=moment - BUCKET).values("alias")
        sums = rows.annotate(s=models.Sum("succeeded"), f=models.Sum("failed"))
        return {each["alias"]: (each["s"], each["f"]) for each in sums}


class ProviderOutcomes(models.Model):
    """How many requests to a provider succeeded and failed in ten seconds."""

    alias = models.CharField(max_length=50)
    bucket = models.DateTimeField()
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    failed_in_a_row = models.PositiveIntegerField(
        default=0, help_text="Of these, since the last success that was opened after a failure."
    )
    last_failed_at = models.DateTimeField(null=True, blank=True)

    objects = ProviderOutcomesQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider outcomes")
        verbose_name_plural = _("provider outcomes")
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
        verbose_name = _("provider change")
        verbose_name_plural = _("provider changes")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["alias", "-at"], name="notify_provider_change_alias")]

    def __str__(self) -> str:
        return f"{self.alias} → {self.to} at {self.at:%Y-%m-%d %H:%M:%S}"
