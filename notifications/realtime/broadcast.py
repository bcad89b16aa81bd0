"""Hand messages for open pages to the channel layer, from synchronous code, without waiting for it.

A daemon thread with an event loop of its own does it, one in each process that pushes. A message is
a hint: what is lost here stands in the inbox, and an open page finds it there. So nothing in this
module raises or waits, a full queue drops, and a broken channel layer is logged once, not per message.
"""

import asyncio
import atexit
import hashlib
import itertools
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

CAPACITY = 10_000  # messages that may wait
BATCH = 500  # messages handed over in one call
SEND_TIMEOUT = 2.0  # seconds for a batch
EXIT_TIMEOUT = 2.0  # seconds the end of a process may wait for it

EVENT = "inbox.event"
"""The type of the channel message. Its key "message" holds what the client is sent."""

_GROUP_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def group_of(user_pk: object) -> str:
    """The group that all open pages of a person belong to."""
    name = str(user_pk)
    if not _GROUP_SAFE.fullmatch(name):
        name = "sha256." + hashlib.sha256(name.encode()).hexdigest()
    return f"notify.user.{name}"


def push(messages: Iterable[tuple[object, Mapping[str, object]]]) -> None:
    """Send each (primary key of a user, message) to the person's open pages. Never raises, never waits."""
    try:
        _broadcaster.push([(group_of(user_pk), message) for user_pk, message in messages])
    except Exception:
        logger.exception("Live messages were not pushed; they stand in the inbox")


def flush(timeout: float = EXIT_TIMEOUT) -> bool:
    """Wait until all that was pushed is handed over or dropped; False if `timeout` seconds did not do."""
    return _broadcaster.flush(timeout)


def dropped() -> int:
    """How many messages this process could not hand over since it began."""
    return _broadcaster.dropped


class Broadcaster:
    """The queue, and the thread that empties it. The thread starts with the first message."""

    def __init__(self) -> None:
        self.dropped = 0
        self._queue: deque[tuple[str, Mapping[str, object]]] = deque()
        self._changed = threading.Condition()  # guards what follows
        self._outstanding = 0  # queued or on their way
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._failing = False

    def push(self, batch: list[tuple[str, Mapping[str, object]]]) -> None:
        """Queue a batch of (group, message); what does not fit is dropped."""
        with self._changed:
            fitting = batch[: max(0, CAPACITY - self._outstanding)]
            self._queue.extend(fitting)
            self._outstanding += len(fitting)
            if fitting and self._thread is None:
                self._stopping = False
                self._thread = threading.Thread(target=self._run, name="notifications-broadcast", daemon=True)
                self._thread.start()
            elif self._loop is not None:
                self._loop.call_soon_threadsafe(self._wake.set)
        if len(fitting) < len(batch):
            self._lost(len(batch) - len(fitting), "the queue is full")

    def flush(self, timeout: float) -> bool:
        """Wait until nothing is queued or on its way."""
        with self._changed:
            return self._changed.wait_for(lambda: self._outstanding == 0, timeout)

    def stop(self, timeout: float) -> None:
        """Hand over what is queued, then end the thread and its connections, within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self.flush(timeout)
        with self._changed:
            self._stopping = True
            thread, loop = self._thread, self._loop
            if loop is not None:
                loop.call_soon_threadsafe(self._wake.set)
        if thread is not None and loop is not None:
            thread.join(max(0, deadline - time.monotonic()))

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        finally:
            with self._changed:  # a later push starts a new thread
                self._thread = self._loop = None
                self.dropped += len(self._queue)
                self._outstanding = 0
                self._queue.clear()
                self._changed.notify_all()

    async def _work(self) -> None:
        with self._changed:
            self._loop = asyncio.get_running_loop()
            self._wake = asyncio.Event()
        while True:
            while batch := list(itertools.islice(self._drain(), BATCH)):
                await self._send(batch)
                with self._changed:
                    self._outstanding -= len(batch)
                    self._changed.notify_all()
            if self._stopping:
                return
            await self._wake.wait()
            self._wake.clear()

    def _drain(self) -> Iterable[tuple[str, Mapping[str, object]]]:
        while self._queue:
            yield self._queue.popleft()

    async def _send(self, batch: list[tuple[str, Mapping[str, object]]]) -> None:
        try:
            layer = get_channel_layer()
            if layer is None:
                self._lost(len(batch), 'CHANNEL_LAYERS has no "default"')
                return
            async with asyncio.timeout(SEND_TIMEOUT):
                sends = (layer.group_send(group, {"type": EVENT, "message": message}) for group, message in batch)
                outcomes = await asyncio.gather(*sends, return_exceptions=True)
        except TimeoutError:
            self._lost(len(batch), f"the channel layer did not answer within {SEND_TIMEOUT} s")
        except Exception as error:
            self._lost(len(batch), repr(error))
        else:
            errors = [each for each in outcomes if isinstance(each, BaseException)]
            if errors:
                self._lost(len(errors), repr(errors[0]))
            elif self._failing:
                self._failing = False
                logger.info("Live messages are pushed again; %d were dropped since the start", self.dropped)

    def _lost(self, number: int, reason: str) -> None:
        self.dropped += number
        if not self._failing:
            self._failing = True
            logger.error("Live messages are not pushed: %s. They stand in the inbox; retrying quietly", reason)


_broadcaster = Broadcaster()


def _start_afresh() -> None:
    """In a forked child the parent's thread does not run, and its messages are the parent's to send."""
    global _broadcaster
    _broadcaster = Broadcaster()


def _finish() -> None:
    _broadcaster.stop(EXIT_TIMEOUT)


atexit.register(_finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)
