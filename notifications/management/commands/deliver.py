"""`manage.py deliver`: work the queue without a cluster."""

from __future__ import annotations

import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from notifications import clock
from notifications.management.command import NOTHING, OK, NotifyCommand, Result
from notifications.management.table import table
from notifications.models import Delivery, Heartbeat, outbox
from notifications.pipeline import dispatch
from notifications.pipeline.stopping import until_told_to_stop
from notifications.services import apply_inbound, apply_waiting
from notifications.tasks import POLL_SECONDS, fetch_receipts
from notifications.types import LANES

BEAT_SECONDS = 30.0
ROUND_SECONDS = 5.0
"""how long one lane is worked before the next one has its turn, and Ctrl-C is heard"""


class Command(NotifyCommand):
    """Deliver what is due, in this process."""

    help = "Deliver what is due, in this process, until nothing is; exit with 1 when nothing was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, and how long."""
        super().add_arguments(parser)
        parser.add_argument("--lane", action="append", choices=list(LANES), help="default: all; may be repeated")
        parser.add_argument("--watch", action="store_true", help="go on until Ctrl-C")
        parser.add_argument("--dry-run", action="store_true", help="only count what is due")

    def run(self, **options: Any) -> Result:
        """Deliver, or count."""
        lanes = [lane for lane in LANES if lane in (options["lane"] or LANES)]
        if options["dry_run"]:
            due = {lane: _due(lane) for lane in lanes}
            return _result("due", due, lanes, code=OK if any(due.values()) else NOTHING)
        settled: Counter[str] = Counter(dict.fromkeys(lanes, 0))
        with until_told_to_stop() as stop:
            for lane, number in _deliver(lanes, stop, watch=options["watch"]):
                settled[lane] += number
                if number and not options["as_json"] and self.stdout.isatty():
                    self.stdout.write(f"\r{settled.total()} settled ", ending="")
                    self.stdout.flush()
        if settled.total() and not options["as_json"] and self.stdout.isatty():
            self.stdout.write("")
        return _result("settled", settled, lanes, code=OK if settled.total() or options["watch"] else NOTHING)


def _deliver(lanes: Sequence[str], stop: threading.Event, *, watch: bool) -> Iterator[tuple[str, int]]:
    """Round after round: (lane, deliveries settled)."""
    next_beat = 0.0
    while not stop.is_set():
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + BEAT_SECONDS
            for lane in lanes:
                Heartbeat.objects.beat(lane)
        done = fetch_receipts() + apply_waiting() + apply_inbound()
        for lane in lanes:
            if not stop.is_set():
                settled = dispatch.run(lane, until=time.monotonic() + ROUND_SECONDS, stop=stop)
                done += settled
                yield lane, settled
        if not done:
            if not watch:
                return
            stop.wait(POLL_SECONDS)


def _due(lane: str) -> int:
    return Delivery.objects.filter(priority__in=LANES[lane], due_at__lte=clock.now()).count()


def _result(word: str, numbers: dict[str, int], lanes: Sequence[str], *, code: int) -> Result:
    following = {lane: outbox.next_due(LANES[lane]) for lane in lanes}
    rows = [
        (lane, numbers[lane], f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "nothing waits")
        for lane, at in following.items()
    ]
    return Result(
        data=[{"lane": lane, word: numbers[lane], "next_due": at} for lane, at in following.items()],
        text=table(("lane", word, "next due"), rows),
        code=code,
    )
