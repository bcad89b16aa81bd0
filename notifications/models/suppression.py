"""`Suppression`: addresses that must not be sent to."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models
from django.db.models import Q

from notifications import clock


class Cause(models.TextChoices):
    """Why an address is suppressed."""

    HARD_BOUNCE = "hard_bounce", "messages to it bounced for good"
    COMPLAINT = "complaint", "its owner marked a message as spam"
    STOP = "stop", "its owner answered STOP"
    UNSUBSCRIBED = "unsubscribed", "its owner unsubscribed"
    MANUAL = "manual", "entered by staff"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Queries with a name."""

    def active(self) -> SuppressionQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at__isnull=True)

    def of(self, addresses: Collection[str]) -> dict[tuple[str, str, str], Suppression]:
        """(channel, address, category or "") → the active suppression, for these addresses, in one query.

        Of several causes one that holds for what is mandatory too.
        """
        rows = self.active().filter(address__in={normal(each) for each in addresses})
        found = sorted(rows, key=lambda each: each.cause != Cause.UNSUBSCRIBED)
        return {(each.channel, each.address, each.category): each for each in found}


class Suppression(models.Model):
    """An address on a channel, for one category or for all, until staff or its owner lift it.

    Each cause is told and lifted by itself: who answers START still has a number that bounced.
    """

    channel = models.CharField(max_length=20)
    address = models.TextField(help_text="In lower case.")
    category = models.CharField(max_length=50, blank=True, help_text="Empty: all categories.")
    cause = models.CharField(max_length=20, choices=Cause.choices)
    detail = models.TextField(blank=True, help_text="The evidence: what the provider said, or who asked.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)
    lifted_reason = models.CharField(max_length=300, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address", "channel", "category", "cause"],
                condition=Q(lifted_at__isnull=True),
                name="notify_suppression_active",
            ),
        ]
        indexes = [models.Index(fields=["address"], name="notify_suppression_address")]
        permissions = [("lift_suppression", "Can lift suppressions")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.address}: {self.get_cause_display()}"


def normal(address: str) -> str:
    """An address as suppressions hold it, so that another spelling does not get around them."""
    return address.strip().lower()
