"""Delivering: a worker's round beside the bare SQL, and beside a bare pool of requests."""

# ruff: noqa: S608 - names of our own tables

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.db import connection

from notifications import clock, conf
from notifications.models import Delivery
from notifications.pipeline import dispatch
from tests.performance import large
from tests.performance.harness import Bench, Goal, Measured, rates, row
from tests.performance.notifications import HttpMessage
from tests.performance.providers import post, session
from tests.performance.workload import Queue

BATCH = 100
LANE = "default"


def deliver() -> None:
    """One worker delivers all that is due."""
    dispatch.run(LANE, until=time.monotonic() + 600)


@row(
    "deliver, null provider, no template",
    beside="raw SQL claim + complete, batch 100",
    goals=(Goal("ratio", ">=", 0.5),),
)
def null_provider(bench: Bench) -> Measured:
    queue = Queue(bench.pick(1000, 4000))
    measured = rates(deliver, claim_and_complete, items=queue.number, runs=bench.runs, before=queue.refill)
    queue.refill()
    deliver()
    queue.check_sent()
    return measured


def claim_and_complete() -> None:
    """The least that any queue in this table must do: take a batch in one statement, close it in another."""
    postgresql = connection.vendor == "postgresql"
    lock = "FOR UPDATE SKIP LOCKED" if postgresql else ""
    claim = (
        "UPDATE notify_delivery SET due_at = %s, attempts = attempts + 1 WHERE id IN "
        "(SELECT id FROM notify_delivery WHERE priority = 2 AND due_at <= %s "
        f"ORDER BY due_at LIMIT {BATCH} {lock}) RETURNING id"
    )
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        while True:
            now = clock.now()
            cursor.execute(claim, [adapt(now + timedelta(minutes=1)), adapt(now)])
            ids = [each for (each,) in cursor.fetchall()]
            if not ids:
                return
            which = "= ANY(%s)" if postgresql else f"IN ({', '.join(['%s'] * len(ids))})"
            cursor.execute(
                f"UPDATE notify_delivery SET status = 'sent', due_at = NULL, settled_at = %s WHERE id {which}",
                [adapt(now), ids] if postgresql else [adapt(now), *ids],
            )


@row(
    "deliver through a 50 ms HTTP provider",
    beside="bare `requests` pool, same concurrency",
    goals=(Goal("ratio", ">=", 0.9),),
)
def http_provider(bench: Bench) -> Measured:
    queue = Queue(bench.pick(640, 1600), HttpMessage)
    ids = list(Delivery.objects.values_list("pk", flat=True))
    url, threads = settings.NOTIFICATIONS["PROVIDERS"]["http"]["OPTIONS"]["url"], conf.get().CONCURRENCY
    pooled = session(threads)

    with ThreadPoolExecutor(threads) as pool:
        measured = rates(
            deliver,
            lambda: list(pool.map(lambda pk: post(pooled, url, pk), ids)),
            items=queue.number,
            runs=bench.runs,
            before=queue.refill,
        )
    queue.refill()
    deliver()
    queue.check_sent()
    return measured


@row(
    "the same with 5 million terminal rows",
    beside="the same on an empty table",
    goals=(Goal("ratio", ">=", 0.8),),
    databases=("postgresql",),
)
def http_provider_full_table(bench: Bench) -> Measured:
    return _full_table(bench, Queue(bench.pick(640, 1600), HttpMessage))


@row(
    "null provider with 5 million terminal rows",
    beside="the same on an empty table",
    goals=(Goal("ratio", ">=", 0.8),),
    databases=("postgresql",),
)
def null_provider_full_table(bench: Bench) -> Measured:
    return _full_table(bench, Queue(bench.pick(1000, 4000)))


def _full_table(bench: Bench, queue: Queue) -> Measured:
    rows = bench.pick(200_000, 5_000_000)
    large.deliveries(rows)

    def on_full_table() -> None:
        with large.tables():
            deliver()

    def refill() -> None:
        queue.refill()
        large.refill_queue()

    measured = rates(on_full_table, deliver, items=queue.number, runs=bench.runs, before=refill)
    refill()
    on_full_table()
    with large.tables():
        queue.check_sent()
    return measured.with_values(rows=rows, note=f"{rows:,} rows")
