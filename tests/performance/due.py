"""From the moment a delivery is due to the provider's call, on an idle system with real Django Q clusters."""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from notifications import clock
from notifications.models import Delivery
from notifications.services import notify
from notifications.types import LANES
from tests.performance.harness import Bench, Goal, Measured, latencies, p95, row
from tests.performance.notifications import ProbeMessage
from tests.performance.processes import cluster
from tests.performance.providers import NOTE, notes_in
from tests.performance.workload import empty, people

IDLE_SECONDS = 5
"""longer than workers linger: they have gone before the next one comes"""
ASKED_WAIT_SECONDS = 4
PATIENCE_SECONDS = 100


@row(
    "due → provider call, idle system",
    beside="",
    goals=(Goal("p95_ms", "<=", 1000), Goal("scheduled_p95_ms", "<=", 5000), Goal("retried_p95_ms", "<=", 5000)),
)
def idle_system(bench: Bench) -> Measured:
    empty()
    (user,) = people(1)
    probe = Path(os.environ["BENCH_PROBE_FILE"])
    probe.unlink(missing_ok=True)
    number, horizon = bench.pick(6, 15), bench.pick(20, 100)
    with ExitStack() as clusters:
        for lane in LANES:
            clusters.enter_context(cluster(lane))
        notify(ProbeMessage(again_after=0), to=user)
        _wait_for(probe, 1)  # they have started
        immediate = [_immediate(probe, user) for _ in range(number)]
        asked = [notify(ProbeMessage(again_after=ASKED_WAIT_SECONDS), to=user)[0] for _ in range(5)]
        planned = [
            notify(
                ProbeMessage(again_after=0), to=user, at=clock.now() + timedelta(seconds=random.uniform(5, horizon))
            )[0]
            for _ in range(number)
        ]
        _wait_for(probe, 1 + number + 2 * len(asked) + number, horizon + PATIENCE_SECONDS)
    calls: dict[UUID, list[tuple[float, float]]] = {}
    for delivery_id, monotonic, told in notes_in(probe):
        calls.setdefault(UUID(bytes=delivery_id), []).append((monotonic, told))
    deliveries = {each.notification_id: each.pk for each in Delivery.objects.all()}
    scheduled = [calls[deliveries[each.pk]][0][1] - each.send_at.timestamp() for each in planned]
    retried = []
    for each in asked:
        first, second = (monotonic for monotonic, _ in calls[deliveries[each.pk]])
        retried.append(second - first - ASKED_WAIT_SECONDS)
    return latencies(immediate).with_values(
        scheduled_p95_ms=p95(scheduled) * 1000, retried_p95_ms=p95(retried) * 1000, samples=number
    )


def _immediate(probe: Path, user: object) -> float:
    time.sleep(IDLE_SECONDS * random.uniform(1, 1.3))
    before, begun = len(notes_in(probe)), time.monotonic()
    notify(ProbeMessage(again_after=0), to=user)
    _wait_for(probe, before + 1)
    return notes_in(probe)[-1][1] - begun


def _wait_for(probe: Path, calls: int, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not probe.exists() or probe.stat().st_size < calls * NOTE.size:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(notes_in(probe))} of {calls} calls came within {seconds:.0f} s")
        time.sleep(0.02)
