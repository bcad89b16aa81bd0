"""A worker's round: claim, make ready, send, settle, until nothing is due.

Requests run in a bounded pool of threads that hold no database connection; everything else happens in the worker's
own thread. As soon as part of the pool is free it is filled again, so a slow answer holds up nobody but itself. A few
requests wait in front of the pool, so that its threads need not wait for the database.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from notifications import clock, conf
from notifications.channels.registry import get_channel
from notifications.exceptions import UnknownOutcome
from notifications.messages import Receipt
from notifications.models import Reason, Status, outbox
from notifications.pipeline import failover, reconcile
from notifications.pipeline.gate import Verdict
from notifications.pipeline.outcome import healthy, of_result, of_verdict
from notifications.pipeline.settle import settle
from notifications.pipeline.work import Work, choose_provider, claim, expose, give_back, hold, prepare

logger = logging.getLogger(__name__)

SETTLE_GRACE_SECONDS = 15
"""between a request's time-out and the end of its lease: for writing down what came of it"""
DATABASE_PATIENCE_SECONDS = 60
"""how long results are kept in memory for a database that is away"""

POLL_SECONDS = 0.2
"""how often a worker that waits for answers looks for new work"""

GATHER_SECONDS = 0.01
"""how long an answer waits for others, to be settled with them in one transaction"""

LEASE_MARGIN = timedelta(seconds=5)
"""what is still unopened so short before the end of its lease is given back"""

_T = TypeVar("_T")
Answer = tuple[Receipt | BaseException | None, float]
InFlight = dict[Future[Answer], Work]
_pool: tuple[int, ThreadPoolExecutor] | None = None


def run(lane: str, *, until: float, stop: threading.Event | None = None) -> int:
    """Deliver what is due in a lane until nothing is, `time.monotonic()` reaches `until`, or `stop` is set.

    Returns how many deliveries were settled. What is in flight at the end is waited for.
    """
    return Round(lane, until, stop).run()


class NotOpenedError(Exception):
    """A request was not opened: its lease would have ended first, and another worker acted on it meanwhile."""


class Round:
    """One worker's round on a lane."""

    def __init__(self, lane: str, until: float, stop: threading.Event | None = None) -> None:
        self.lane = lane
        self.until = until
        self.stop = stop or threading.Event()
        self.ready: deque[Work] = deque()
        self.suspects: deque[Work] = deque()
        self.in_flight: InFlight = {}
        self.answered: SimpleQueue[Future[Answer]] = SimpleQueue()
        self.settled = 0
        self.next_claim = 0.0
        self.alone = False  # a suspect is under way: nothing else is

    def run(self) -> int:
        """Work until nothing is left to do, or the time is up."""
        while True:
            self._give_back_what_is_late()
            if self._has_room():
                self._take()
            elif not self.ready and not self.in_flight:
                self.alone = bool(self.suspects)
                if not self.suspects:
                    return self.settled
                self._take_up_suspect()
            self._open()
            self._collect()

    def _has_room(self) -> bool:
        free = len(self.ready) < conf.get().CONCURRENCY and not self.suspects and not self.alone
        return free and self.next_claim <= time.monotonic() and not self._is_over()

    def _is_over(self) -> bool:
        return self.stop.is_set() or time.monotonic() >= self.until

    def _take(self) -> None:
        claimed = _persist(lambda: claim(self.lane, conf.get().BATCH_SIZE))
        if not claimed:
            self.next_claim = time.monotonic() + POLL_SECONDS
            return
        self.suspects.extend(each for each in claimed if each.suspect)
        if self.suspects:
            _persist(lambda: hold(self.suspects))
        self._prepare([each for each in claimed if not each.suspect])

    def _take_up_suspect(self) -> None:
        suspect = self.suspects.popleft()
        _persist(lambda: expose(suspect))
        self._prepare([suspect])

    def _prepare(self, works: Sequence[Work]) -> None:
        _persist(lambda: prepare(works))
        self._settle([each for each in works if each.outcome])
        self.ready.extend(each for each in works if not each.outcome)

    def _open(self) -> None:
        """Open as many requests as there are threads free, and a few more that wait for the next free one.

        Local providers need none, and answer at once.
        """
        self._choose_again()
        threads = conf.get().CONCURRENCY
        free = min(threads, threads + 2 * _group() - len(self.in_flight))
        wave: list[Work] = []
        while self.ready and (free > 0 or self.ready[0].chosen.local):
            free -= not self.ready[0].chosen.local
            wave.append(self.ready.popleft())
        opened = _start([each for each in wave if each.message]) + [each for each in wave if not each.message]
        self._settle([_finish(each, *_call(each)) for each in opened if each.chosen.local])
        for work in opened:
            if not work.chosen.local:
                future = _threads().submit(_call, work)
                self.in_flight[future] = work
                future.add_done_callback(self.answered.put)

    def _choose_again(self) -> None:
        """Those made ready for a provider that was taken out of use since go to another one."""
        if not self.ready or not (out := _persist(failover.out_of_use)):
            return
        late = [each for each in self.ready if each.message and each.chosen.alias in out]
        for work in late:
            _persist(partial(choose_provider, work, clock.now()))
        self._settle([each for each in late if each.outcome])
        self.ready = deque(each for each in self.ready if not each.outcome)

    def _collect(self) -> None:
        """Wait for an answer, a moment more for others, and settle them together."""
        answered: list[Future[Answer]] = []
        patience = POLL_SECONDS
        with suppress(Empty):
            while len(answered) < min(_group(), len(self.in_flight)):
                answered.append(self.answered.get(timeout=patience))
                patience = GATHER_SECONDS
        self._settle([_finish(self.in_flight.pop(future), *future.result()) for future in answered])

    def _settle(self, works: Sequence[Work]) -> None:
        outcomes = [(each.delivery, each.outcome) for each in works if each.outcome]
        if outcomes:
            self.settled += _persist(lambda: settle(outcomes))
        answers = [
            failover.Answered(each.chosen.alias, each.healthy, began=each.delivery.started_at)
            for each in works
            if each.healthy is not None and each.delivery.started_at is not None
        ]
        if answers:
            failed = next(
                (each.outcome.settlement.detail for each in works if each.outcome and each.healthy is False), ""
            )
            _persist(lambda: failover.record(answers, clock.now(), failed))

    def _give_back_what_is_late(self) -> None:
        """Others may have what this worker cannot open in time: its time, or their lease, is about to end."""
        held = [*self.ready, *self.suspects]
        if not held:
            return
        lease_left = min(each.fence for each in held) - clock.now()
        if self._is_over() or lease_left < LEASE_MARGIN:
            _persist(lambda: give_back(held))
            self.ready.clear()
            self.suspects.clear()


def _start(works: Sequence[Work]) -> list[Work]:
    """Mark deliveries as started. Those whose lease is lost, or that were cancelled meanwhile, are dropped."""
    if not works:
        return []
    now, opens_before = clock.now(), time.monotonic() + SETTLE_GRACE_SECONDS
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
        work.fence, work.delivery.started_at, work.opens_before = start.due_at, now, opens_before
    return [each for each in works if each.delivery.pk in held]


def _call(work: Work) -> Answer:
    """Send, or look up, in a thread of the pool: what came of it, and the milliseconds it took."""
    begun = time.perf_counter()
    answer: Receipt | BaseException | None
    try:
        provider, message = work.chosen, work.message
        if time.monotonic() > work.opens_before:
            raise NotOpenedError("The worker was held up for so long that the request was not opened.")
        answer = provider.send(message) if message is not None else provider.look_up(work.delivery.pk)
    except Exception as error:
        answer = error
    return answer, (time.perf_counter() - begun) * 1000


def _finish(work: Work, answer: Receipt | BaseException | None, latency_ms: float) -> Work:
    now, provider = clock.now(), work.chosen
    if isinstance(answer, NotOpenedError):
        due_again = Verdict(Status.PENDING, Reason.NONE, str(answer), until=now)
        work.outcome = of_verdict(work.delivery, due_again, now, fence=work.fence)
        return work
    if work.message is None:
        work.outcome = reconcile.decide(work.delivery, provider, answer, now, fence=work.fence)
        return work
    if not isinstance(answer, Receipt | BaseException):
        answer = UnknownOutcome(f"{type(provider).__name__}.send returned {answer!r}, not a Receipt")
    work.outcome = of_result(
        work.delivery,
        answer,
        now,
        fence=work.fence,
        provider=provider.alias,
        reconcile=timedelta(seconds=provider.reconcile_seconds),
        latency_ms=latency_ms,
        providers=_persist(partial(failover.choices, get_channel(work.delivery.channel), provider.alias)),
    )
    work.healthy = healthy(answer)
    return work


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


def _group() -> int:
    """How many answers are worth a transaction."""
    return max(1, conf.get().CONCURRENCY // 4)


def _threads() -> ThreadPoolExecutor:
    """The pool of this process; a forked child makes its own."""
    global _pool
    if _pool is None or _pool[0] != os.getpid():
        _pool = os.getpid(), ThreadPoolExecutor(conf.get().CONCURRENCY, thread_name_prefix="notify-send")
    return _pool[1]
