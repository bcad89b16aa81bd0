"""A worker's round: claim, make ready, send, settle, until nothing is due.

Requests run in a bounded pool of threads that hold no database connection; everything else happens in the worker's
own thread. As soon as part of the pool is free it is filled again, so a slow answer holds up nobody but itself.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from notifications import clock, conf
from notifications.messages import Receipt
from notifications.models import outbox
from notifications.pipeline import reconcile
from notifications.pipeline.outcome import of_result
from notifications.pipeline.settle import settle
from notifications.pipeline.work import Work, claim, prepare

logger = logging.getLogger(__name__)

SETTLE_GRACE_SECONDS = 15
"""between a request's time-out and the end of its lease: for writing down what came of it"""
DATABASE_PATIENCE_SECONDS = 60
"""how long results are kept in memory for a database that is away"""

POLL_SECONDS = 0.2
"""how often a worker that waits for answers looks for new work"""

_T = TypeVar("_T")
Answer = tuple[Receipt | BaseException | None, float]
InFlight = dict[Future[Answer], Work]
_pool: tuple[int, ThreadPoolExecutor] | None = None


def run(lane: str, *, until: float) -> int:
    """Deliver what is due in a lane until nothing is, or until `time.monotonic()` reaches `until`.

    Returns how many deliveries were settled. What is in flight at the end is waited for.
    """
    settings = conf.get()
    ready: deque[Work] = deque()
    in_flight: InFlight = {}
    settled = 0
    next_claim = 0.0
    while True:
        now = time.monotonic()
        if len(ready) < settings.CONCURRENCY and next_claim <= now < until:
            claimed = _persist(lambda: claim(lane, settings.BATCH_SIZE))
            _persist(partial(prepare, claimed))
            settled += _settle([each for each in claimed if each.outcome])
            ready.extend(each for each in claimed if not each.outcome)
            if not claimed:
                next_claim = now + POLL_SECONDS
        elif not ready and not in_flight:
            return settled
        if ready and (free := settings.CONCURRENCY - len(in_flight)):
            settled += _open([ready.popleft() for _ in range(min(free, len(ready)))], in_flight)
        if in_flight:
            done, _ = wait(in_flight, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            settled += _settle([_finish(in_flight.pop(future), *future.result()) for future in done])


def _open(wave: Sequence[Work], in_flight: InFlight) -> int:
    """Open the requests of a wave; those of local providers are answered at once. Returns how many were settled."""
    started = _start([each for each in wave if each.message])
    answered = []
    for work in (each for each in wave if each in started or each.message is None):
        if work.chosen.local:
            answered.append(_finish(work, *_call(work)))
        else:
            in_flight[_threads().submit(_call, work)] = work
    return _settle(answered)


def _start(works: Sequence[Work]) -> list[Work]:
    """Mark deliveries as started. Those whose lease is lost, or that were cancelled meanwhile, are dropped."""
    now = clock.now()
    starts = []
    for work in works:
        provider = work.chosen
        deadline = now + timedelta(seconds=provider.timeout_seconds + SETTLE_GRACE_SECONDS)
        starts.append(
            outbox.Start(
                id=work.delivery.pk,
                fence=work.fence,
                due_at=deadline,
                provider=provider.alias,
                started_at=now,
            )
        )
    held = _persist(lambda: outbox.start(starts))
    for work, start in zip(works, starts, strict=True):
        work.fence, work.delivery.started_at = start.due_at, now
    return [each for each in works if each.delivery.pk in held]


def _call(work: Work) -> Answer:
    """Send, or look up, in a thread of the pool: what came of it, and the milliseconds it took."""
    begun = time.perf_counter()
    answer: Receipt | BaseException | None
    try:
        provider, message = work.chosen, work.message
        answer = provider.send(message) if message is not None else provider.look_up(work.delivery.pk)
    except Exception as error:
        answer = error
    return answer, (time.perf_counter() - begun) * 1000


def _finish(work: Work, answer: Receipt | BaseException | None, latency_ms: float) -> Work:
    now, provider = clock.now(), work.chosen
    if work.message is None:
        work.outcome = reconcile.decide(work.delivery, provider, answer, now, fence=work.fence)
        return work
    if answer is None:
        answer = TypeError(f"{type(provider).__name__}.send returned None, not a Receipt")
    work.outcome = of_result(
        work.delivery,
        answer,
        now,
        fence=work.fence,
        provider=provider.alias,
        reconcile=timedelta(seconds=provider.reconcile_seconds),
        latency_ms=latency_ms,
    )
    return work


def _settle(works: Iterable[Work]) -> int:
    outcomes = [(each.delivery, each.outcome) for each in works if each.outcome]
    return _persist(lambda: settle(outcomes)) if outcomes else 0


def _persist(write: Callable[[], _T]) -> _T:
    """Call `write`, again and again while the database is away: what was sent must be written down.

    Each write is fenced, so that one whose answer was lost does no harm when it is repeated.
    """
    give_up = time.monotonic() + DATABASE_PATIENCE_SECONDS
    pause = 0.1
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if time.monotonic() > give_up:
                raise
            logger.warning("The database is away; trying again in %.1f s", pause, exc_info=True)
            outbox.connection().close()
            time.sleep(pause)
            pause = min(pause * 2, 5)


def _threads() -> ThreadPoolExecutor:
    """The pool of this process; a forked child makes its own."""
    global _pool
    if _pool is None or _pool[0] != os.getpid():
        _pool = os.getpid(), ThreadPoolExecutor(conf.get().CONCURRENCY, thread_name_prefix="notify-send")
    return _pool[1]
