"""A worker of ours beside task queues that are given one task that does nothing for each delivery."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django_q.models import OrmQ

from tests.performance import deliver
from tests.performance.harness import Bench, Goal, Measured, Skip, row, timed
from tests.performance.noop import NOTE
from tests.performance.processes import started
from tests.performance.workload import Queue

PATIENCE_SECONDS = 60
GOALS = (Goal("ratio", ">=", 10),)
WHAT = "deliver, null provider, no template"
CELERY = "-A tests.performance.peer_celery worker --concurrency 1 --loglevel error --without-gossip --without-mingle"
PROCRASTINATE = "--app tests.performance.peer_procrastinate.app --log-level error worker --concurrency 1"


@row(WHAT, beside="Django Q (its database broker), one no-op task each", goals=GOALS)
def django_q_orm(bench: Bench) -> Measured:
    return _beside(bench, _django_q(""), "django_q")


@row(WHAT, beside="Django Q (Redis broker), one no-op task each", goals=GOALS, databases=("postgresql",))
def django_q_redis(bench: Bench) -> Measured:
    return _beside(bench, _django_q(bench.redis_url), "django_q")


@row(WHAT, beside="Celery (Redis), one no-op task each", goals=GOALS, databases=("postgresql",))
def celery(bench: Bench) -> Measured:
    def enqueue(number: int) -> None:
        from tests.performance.peer_celery import task

        for _ in range(number):
            task.delay()

    return _beside(bench, (enqueue, ["-m", "celery", *CELERY.split()], {"PYTHONWARNINGS": "ignore"}), "celery")


@row(WHAT, beside="procrastinate, one no-op task each", goals=GOALS, databases=("postgresql",))
def procrastinate(bench: Bench) -> Measured:
    def enqueue(number: int) -> None:
        from tests.performance.peer_procrastinate import defer

        defer(number)

    return _beside(bench, (enqueue, ["-m", "procrastinate", *PROCRASTINATE.split()], {}), "procrastinate")


Peer = tuple[Callable[[int], None], Sequence[str], dict[str, str]]
"""what puts so many tasks into the queue, the arguments of Python that start its workers, and their environment"""


def _django_q(redis_url: str) -> Peer:
    def enqueue(number: int) -> None:
        from django_q.brokers.orm import ORM
        from django_q.brokers.redis_broker import Redis
        from django_q.tasks import async_task

        broker: Any = Redis("noop") if redis_url else ORM("noop")
        for _ in range(number):
            async_task("tests.performance.noop.nothing", cluster="noop", broker=broker, save=False)

    return (
        enqueue,
        ["manage.py", "qcluster"],
        {"BENCH_CLUSTER": "noop", "Q_CLUSTER_NAME": "noop", "REDIS_URL": redis_url},
    )


def _beside(bench: Bench, peer: Peer, module: str) -> Measured:
    """One worker each. Both begin with a full queue, and starting up does not count."""
    if find_spec(module) is None:
        raise Skip(f"{module} is not installed; it is optional: pip install {module}")
    enqueue, arguments, environment = peer
    queue, tasks = Queue(bench.pick(1000, 4000)), bench.pick(1000, 3000)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(bench.runs):
        queue.refill()
        ours.append(queue.number / timed(deliver.deliver))
        theirs.append(_rate(lambda: enqueue(tasks), [sys.executable, *arguments], environment, tasks))
    return Measured(
        figure=_median(ours),
        unit="/s",
        peer=_median(theirs),
        values={"ratio": _median([mine / other for mine, other in zip(ours, theirs, strict=True)])},
        note="one worker each",
    )


def _rate(enqueue: Callable[[], None], command: Sequence[str], environment: dict[str, str], tasks: int) -> float:
    """Tasks a second, from the first that was run until the last was done with."""
    notes = Path(os.environ["BENCH_PROBE_FILE"])
    notes.unlink(missing_ok=True)
    enqueue()
    with started(command, **environment) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not notes.exists() or notes.stat().st_size < tasks * NOTE.size:
            if time.monotonic() > deadline or (process.poll() or 0) > 0:
                done = notes.stat().st_size // NOTE.size if notes.exists() else 0
                raise RuntimeError(f"{' '.join(command)}: {done} of {tasks} tasks were run; exit {process.poll()}")
            time.sleep(0.02)
        while OrmQ.objects.filter(key="noop").exists():  # run, and not yet acknowledged
            time.sleep(0.02)
        ended = time.monotonic()
    first: float = min(moment for (moment,) in NOTE.iter_unpack(notes.read_bytes()))
    return tasks / (ended - first)


def _median(samples: Sequence[float]) -> float:
    return sorted(samples)[len(samples) // 2]
