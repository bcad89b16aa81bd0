"""A worker's round: claim, make ready, send, settle, until nothing is due.

Requests run in a bounded pool of threads that hold no database connection; everything else happens in the worker's
own thread. As soon as part of the pool is free it is filled again, so a slow answer holds up nobody but itself. A few
requests wait in front of the pool, so that its threads need not wait for the database.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue

from notifications import clock, conf
from notifications.pipeline import failover
from notifications.pipeline.persist import persist
from notifications.pipeline.request import Answer, Request, Unrecorded, call, finish, health_of, requests
from notifications.pipeline.settle import settle
from notifications.pipeline.starting import start
from notifications.pipeline.work import Work, choose_another, claim, expose, give_back, hold, outdated, prepare
from notifications.templating import measures

POLL_SECONDS = 0.2
"""how often a worker that waits for answers looks for new work"""

GATHER_SECONDS = 0.01
"""how long an answer waits for others, to be settled with them in one transaction"""

LEASE_MARGIN = timedelta(seconds=5)
"""what is still unopened so short before the end of its lease is given back"""

Answered = Future[tuple[list[Answer], float]]
_pool: tuple[int, ThreadPoolExecutor] | None = None


def run(lane: str, *, until: float, stop: threading.Event | None = None) -> int:
    """Deliver what is due in a lane until nothing is, `time.monotonic()` reaches `until`, or `stop` is set.

    Returns how many deliveries were settled. What is in flight at the end is waited for.
    """
    settled = Round(lane, until, stop).run()
    persist(partial(measures.flush, now=True))
    return settled


class Round:
    """One worker's round on a lane."""

    def __init__(self, lane: str, until: float, stop: threading.Event | None = None) -> None:
        self.lane = lane
        self.until = until
        self.stop = stop or threading.Event()
        self.ready: deque[Request] = deque()
        self.suspects: deque[Work] = deque()
        self.in_flight: dict[Answered, Request] = {}
        self.answered: SimpleQueue[Answered] = SimpleQueue()
        self.unrecorded = Unrecorded()
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
        free = _size(self.ready) < conf.get().CONCURRENCY and not self.suspects and not self.alone
        return free and self.next_claim <= time.monotonic() and not self._is_over()

    def _is_over(self) -> bool:
        return self.stop.is_set() or time.monotonic() >= self.until

    def _take(self) -> None:
        claimed = persist(lambda: claim(self.lane, conf.get().BATCH_SIZE))
        if not claimed:
            self.next_claim = time.monotonic() + POLL_SECONDS
            return
        self.suspects.extend(each for each in claimed if each.suspect)
        if self.suspects:
            persist(lambda: hold(self.suspects))
        self._prepare([each for each in claimed if not each.suspect])

    def _take_up_suspect(self) -> None:
        suspect = self.suspects.popleft()
        persist(lambda: expose(suspect))
        self._prepare([suspect])

    def _prepare(self, works: Sequence[Work]) -> None:
        persist(lambda: prepare(works))
        self._settle([each for each in works if each.outcome])
        self._make_ready([each for each in works if not each.outcome])

    def _make_ready(self, works: Sequence[Work]) -> None:
        """In the bulk lane messages may share a request: there throughput counts for more than a single one."""
        together = self.lane == "bulk" and bool(works)
        probed = persist(failover.probed) if together else set()
        self.ready.extend(requests(works, together=together, probed=probed))

    def _open(self) -> None:
        """Open as many requests as there are threads free, and a few more that wait for the next free one.

        Local providers need none, and answer at once. A request for many counts for a few, not for all it carries:
        were it alone, the failures of a provider that is silent would be too far apart for its breaker to open.
        """
        self._choose_again()
        threads = conf.get().CONCURRENCY
        free = min(threads, threads + 2 * _group() - sum(map(_places, self.in_flight.values())))
        wave: list[Request] = []
        while self.ready and (free > 0 or self.ready[0].provider.local):
            free -= 0 if self.ready[0].provider.local else _places(self.ready[0])
            wave.append(self.ready.popleft())
        held = set(start([work for each in wave for work in each.works if work.message]))
        self._choose([work for each in wave for work in each.works if work.provider is None])
        self._word_again([work for each in wave for work in each.works if work.provider and work not in held])
        for each in wave:
            each.works = [work for work in each.works if work in held or not work.message]
        opened = [each for each in wave if each.works]
        self._finish([(each, call(each, self.unrecorded)) for each in opened if each.provider.local])
        for each in opened:
            if not each.provider.local:
                future = _threads().submit(call, each, self.unrecorded)
                self.in_flight[future] = each
                future.add_done_callback(self.answered.put)

    def _choose_again(self) -> None:
        """Those made ready for a provider that was taken out of use since go to another one."""
        if not self.ready or not (out := persist(failover.out_of_use)):
            return
        ready, self.ready = self.ready, deque()
        late: list[Work] = []
        for each in ready:
            if each.provider.alias in out and each.works[0].message:
                late.extend(each.works)
            else:
                self.ready.append(each)
        self._choose(late)

    def _word_again(self, works: Sequence[Work]) -> None:
        """Those that were not started, if it was for the texts: others were published after they were worded."""
        late = persist(lambda: outdated(works))
        for each in late:
            each.message = each.provider = None
        if late:
            self._prepare(late)

    def _choose(self, works: Sequence[Work]) -> None:
        for work in works:
            persist(partial(choose_another, work, clock.now()))
        self._settle([each for each in works if each.outcome])
        self._make_ready([each for each in works if not each.outcome])

    def _collect(self) -> None:
        """Wait for an answer, a moment more for others, and settle them together. A failure waits for no others."""
        answered: list[Answered] = []
        patience = POLL_SECONDS
        with suppress(Empty):
            while len(answered) < min(_group(), len(self.in_flight)):
                answered.append(self.answered.get(timeout=patience))
                patience = GATHER_SECONDS
                if health_of(answered[-1].result()[0]) is False:
                    break
        self._finish([(self.in_flight.pop(future), future.result()) for future in answered])

    def _finish(self, called: Sequence[tuple[Request, tuple[list[Answer], float]]]) -> None:
        """Write down what came of requests, first of their messages and then of the providers."""
        works, answers, failed, detail = [], [], [], ""
        for request, (results, latency_ms) in called:
            works += [finish(*each, latency_ms) for each in zip(request.works, results, strict=True)]
            first, health = request.works[0], health_of(results)
            if first.message is None or health is None or first.delivery.started_at is None:
                continue
            alias = request.provider.alias
            answers.append(failover.Answered(alias, health, began=first.delivery.started_at))
            if not health:
                failed.append(alias)
                detail = detail or (first.outcome.settlement.detail if first.outcome else "")
        self._settle(works)
        if answers:
            persist(lambda: failover.record(answers, clock.now(), detail))
            self.unrecorded.recorded(failed)

    def _settle(self, works: Sequence[Work]) -> None:
        outcomes = [(each.delivery, each.outcome) for each in works if each.outcome]
        if outcomes:
            self.settled += persist(lambda: settle(outcomes))
            persist(measures.flush)

    def _give_back_what_is_late(self) -> None:
        """Others may have what this worker cannot open in time: its time, or their lease, is about to end."""
        held = [*(work for each in self.ready for work in each.works), *self.suspects]
        if not held:
            return
        lease_left = min(each.fence for each in held) - clock.now()
        if self._is_over() or lease_left < LEASE_MARGIN:
            persist(lambda: give_back(held))
            self.ready.clear()
            self.suspects.clear()


def _size(requests: Iterable[Request]) -> int:
    return sum(len(each.works) for each in requests)


def _places(request: Request) -> int:
    return min(len(request.works), _group())


def _group() -> int:
    """How many answers are worth a transaction."""
    return max(1, conf.get().CONCURRENCY // 4)


def _threads() -> ThreadPoolExecutor:
    """The pool of this process; a forked child makes its own."""
    global _pool
    if _pool is None or _pool[0] != os.getpid():
        _pool = os.getpid(), ThreadPoolExecutor(conf.get().CONCURRENCY, thread_name_prefix="notify-send")
    return _pool[1]
