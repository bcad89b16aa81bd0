"""`PollMark`: how far a provider has been asked about messages that it took and told nothing of."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications import clock


class PollMarkQuerySet(models.QuerySet["PollMark"]):
    """Queries with a name."""

    def take(self, alias: str, lease: timedelta) -> list[PollMark]:
        """Those of a provider that are due, for this worker alone until the lease ends."""
        now = clock.now()
        due = list(self.filter(alias=alias, due_at__lte=now).order_by("wait_seconds"))
        return [each for each in due if self.filter(pk=each.pk, due_at=each.due_at).update(due_at=now + lease)]


class PollMark(models.Model):
    """One for each provider and wait: all messages that were sent up to `through` have been asked for after that wait.

    So no message needs a row or a column of its own for when it is asked for next. Of FCM, which cannot be asked,
    one says when its topics were last brought in step.
    """

    alias = models.CharField(max_length=50, help_text="The provider.")
    wait_seconds = models.PositiveIntegerField(help_text="How long after it was sent a message is asked for.")
    through = models.DateTimeField(help_text="Up to which time of sending, …")
    through_id = models.UUIDField(null=True, blank=True, help_text="… and of the last moment, up to which delivery.")
    due_at = models.DateTimeField(default=clock.now, help_text="Nobody asks before; a worker that asks puts it off.")

    objects = PollMarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("poll mark")
        verbose_name_plural = _("poll marks")
        constraints = [models.UniqueConstraint(fields=["alias", "wait_seconds"], name="notify_poll_mark_once")]

    def __str__(self) -> str:
        return f"{self.alias} after {timedelta(seconds=self.wait_seconds)}: through {self.through:%Y-%m-%d %H:%M:%S}"

    def ending(self, now: datetime) -> datetime:
        """Messages that were sent later are not due yet."""
        return now - timedelta(seconds=self.wait_seconds)
