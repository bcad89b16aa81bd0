"""`Suppression`: addresses that must not be sent to."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from notifications import clock


class Cause(models.TextChoices):
    """Why an address is suppressed. Its labels are English: `gettext` them."""

    HARD_BOUNCE = "hard_bounce", gettext_noop("messages to it bounced for good")
    COMPLAINT = "complaint", gettext_noop("its owner marked a message as spam")
    STOP = "stop", gettext_noop("its owner answered STOP")
    UNSUBSCRIBED = "unsubscribed", gettext_noop("its owner unsubscribed")
    MANUAL = "manual", gettext_noop("entered by staff")


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
    address = models.TextField(_("address"), help_text=_("In lower case."))
    category = models.CharField(max_length=50, blank=True, help_text="Empty: all categories.")
    cause = models.CharField(max_length=20, choices=Cause.choices)
    detail = models.TextField(
        _("detail"), blank=True, help_text=_("The evidence: what the provider said, or who asked.")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.CharField(_("lifted by"), max_length=150, blank=True)
    lifted_reason = models.CharField(_("lifted reason"), max_length=300, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
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
