"""What clusters cost while there is nothing to do, beside the same clusters without our rounds."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

from django.core.management import call_command
from django_q.models import Schedule

from notifications.models import Heartbeat
from notifications.pipeline.queue import schedule_rounds, wake
from notifications.types import LANES
from tests.performance.harness import Bench, Goal, Measured, row
from tests.performance.processes import cluster
from tests.performance.workload import empty

START_SECONDS = 60
SETTLING_SECONDS = 6
"""longer than a worker lingers"""
TICKS = os.sysconf("SC_CLK_TCK")


@row(
    "idle clusters of all lanes",
    beside="the same clusters without our rounds",
    goals=(Goal("ratio", "<=", 1.1), Goal("memory_ratio", "<=", 1.1)),
)
def cost(bench: Bench) -> Measured:
    """CPU a minute; each side alone, in turn, long enough for several of the minute's rounds."""
    empty()
    seconds = bench.pick(65, 125)
    try:
        schedule_rounds()
        mine, memory = _cost(seconds)
        Schedule.objects.all().delete()
        bare, bare_memory = _cost(seconds)
    finally:
        call_command("migrate", verbosity=0)
    return Measured(
        figure=mine * 1000,
        unit="ms/min",
        peer=bare * 1000,
        values={
            "ratio": mine / bare,
            "memory_ratio": memory / bare_memory,
            "memory_mb": memory / 1e6,
            "without_rounds_mb": bare_memory / 1e6,
        },
    )


def _cost(seconds: float) -> tuple[float, float]:
    """Seconds of CPU a minute, and bytes of memory at the end (shared pages divided among those who share them).

    A worker of each lane has worked once before, so that starting and loading do not count on either side.
    """
    Heartbeat.objects.all().delete()
    with ExitStack() as stack:
        groups = {stack.enter_context(cluster(lane)).pid for lane in LANES}
        for lane in LANES:
            wake(lane)
        deadline = time.monotonic() + START_SECONDS
        while Heartbeat.objects.count() < len(LANES):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{Heartbeat.objects.count()} of {len(LANES)} lanes were worked")
            time.sleep(0.1)
        time.sleep(SETTLING_SECONDS)
        before, begun = _cpu(groups), time.monotonic()
        time.sleep(seconds)
        spent = _cpu(groups) - before
        return spent / (time.monotonic() - begun) * 60, _memory(groups)


def _processes(groups: set[int]) -> list[Path]:
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(each.name)) in groups:
                found.append(each)
        except ProcessLookupError:
            continue
    return found


def _cpu(groups: set[int]) -> float:
    """Of the processes and of children they have waited for."""
    ticks = 0
    for each in _processes(groups):
        fields = (each / "stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def _memory(groups: set[int]) -> float:
    kilobytes = 0
    for each in _processes(groups):
        rollup = (each / "smaps_rollup").read_text()
        kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes * 1024
