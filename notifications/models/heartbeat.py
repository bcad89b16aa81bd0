"""`Heartbeat`: when the workers of a lane on a host last did their round."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications import clock


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Queries with a name."""

    def beat(self, lane: str, **values: datetime | None) -> None:
        """Say that a worker of this host is at work on a lane; `waits_until`: until when it waits there."""
        self.update_or_create(
            lane=lane,
            host=socket.gethostname(),
            defaults={"pid": os.getpid(), "beat_at": clock.now(), **values},
        )

    def has_waiter(self, lane: str) -> bool:
        """Whether some worker already waits for what is due soon in a lane."""
        return self.filter(lane=lane, waits_until__gt=clock.now()).exists()

    def alive(self, lane: str, max_age: timedelta, host: str | None = None) -> bool:
        """Whether workers of a lane, on one host or on any, did their round lately."""
        recent = self.filter(lane=lane, beat_at__gt=clock.now() - max_age)
        return (recent.filter(host=host) if host else recent).exists()


class Heartbeat(models.Model):
    """Written by every task that drains a lane, at least once a minute; `cluster_alive` reads it."""

    lane = models.CharField(_("lane"), max_length=20)
    host = models.CharField(_("host"), max_length=200)
    pid = models.IntegerField(_("pid"))
    beat_at = models.DateTimeField(_("beat at"))
    waits_until = models.DateTimeField(
        _("waits until"),
        null=True,
        blank=True,
        help_text=_("One worker of a lane stays for what is due within the minute: until then."),
    )

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        constraints = [models.UniqueConstraint(fields=["lane", "host"], name="notify_heartbeat_lane_host")]

    def __str__(self) -> str:
        return f"{self.lane} on {self.host} at {self.beat_at:%Y-%m-%d %H:%M:%S}"
