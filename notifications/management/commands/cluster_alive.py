"""`manage.py cluster_alive`: for the liveness probe of systemd or Kubernetes."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.db import DatabaseError

from notifications import clock, conf
from notifications.management.command import NOTHING, OK, NotifyCommand, Result, refused
from notifications.management.table import table
from notifications.models import Heartbeat
from notifications.types import LANES

HEADERS = ("lane", "host", "last round", "state")


class Command(NotifyCommand):
    """Exit with 1 unless the workers of each lane did their round lately."""

    help = "Say whether the workers of each lane on this host did their round lately; exit with 1 if one did not."
    requires_system_checks = []  # a probe asks often, and only this

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which ones."""
        super().add_arguments(parser)
        parser.add_argument("--lane", action="append", choices=list(LANES), help="default: all; may be repeated")
        parser.add_argument("--any-host", action="store_true", help="workers on another host count too")

    def run(self, **options: Any) -> Result:
        """Ask the database."""
        host = None if options["any_host"] else socket.gethostname()
        try:
            found = [_state(lane, host) for lane in options["lane"] or LANES]
        except DatabaseError as error:
            raise refused(f"The database cannot be asked: {error}") from error
        alive = all(each["alive"] for each in found)
        rows = [
            (
                each["lane"],
                each["host"],
                "never" if each["age_seconds"] is None else f"{each['age_seconds']:.0f} s ago",
                "alive" if each["alive"] else "no sign of life",
            )
            for each in found
        ]
        return Result(data=found, text=table(HEADERS, rows), code=OK if alive else NOTHING)


def _state(lane: str, host: str | None) -> dict[str, Any]:
    beats = Heartbeat.objects.filter(lane=lane, **({"host": host} if host else {}))
    last = beats.order_by("-beat_at").first()
    max_age = timedelta(seconds=conf.get().HEARTBEAT_MAX_AGE_SECONDS)
    return {
        "lane": lane,
        "host": last.host if last else host or "any",
        "age_seconds": (clock.now() - last.beat_at).total_seconds() if last else None,
        "alive": Heartbeat.objects.alive(lane, max_age, host),
    }
