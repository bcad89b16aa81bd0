"""What one event loop has to do with the embedded channel layer: its channels, their groups, the look-out.

Everything here runs on that loop, except `wake` and the changes of membership. There is no task:
the look-out is a timer that is set only while somebody waits, so nothing is left over at the end.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable

from notifications.realtime.sqlite_file import Busy, Mark, MessageFile

logger = logging.getLogger(__name__)

BATCH = 500  # group messages read before the loop gets its turn
BUSY_DELAY = 0.002  # seconds
ERROR_DELAY = 1.0  # seconds

Body = tuple[bytes, float]  # message, and when it expires


class Mailbox:
    """The channels of one event loop: queues, waiting receivers, group memberships and the look-out."""

    def __init__(self, file: MessageFile, interval: float, capacity: Callable[[str], int]) -> None:
        self.loop = asyncio.get_running_loop()
        self.token = uuid.uuid4().hex[:12]
        self._file = file
        self._interval = interval
        self._capacity = capacity
        self._queues: dict[str, deque[Body]] = {}
        self._waiting: dict[str, deque[asyncio.Future[Body]]] = {}
        self._groups: dict[str, dict[str, tuple[Mark, float]]] = {}  # channel → (newest message at joining, expires)
        self._unclaimed: set[str] = set()
        self._cursor: Mark | None = None
        self._version: tuple[int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._woken = False
        self._failing = False

    async def receive(self, channel: str) -> bytes:
        """The next message of a channel, as soon as there is one."""
        if queued := self._from_queue(channel):
            return queued[0]
        future: asyncio.Future[Body] = self.loop.create_future()
        waiting = self._waiting.setdefault(channel, deque())
        waiting.append(future)
        if channel in self._unclaimed:
            self._version = None
        self._look(0 if self._timer is None or self._version is None else self._interval)
        try:
            return (await future)[0]
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # handed over and never taken: the next receiver's
                self._queue(channel).appendleft(future.result())
            raise
        finally:
            if future in waiting:
                waiting.remove(future)
            if not waiting and self._waiting.get(channel) is waiting:
                del self._waiting[channel]

    def join(self, group: str, channel: str, newest: Mark, expires: float) -> None:
        """Make a channel a member; it gets the group messages after `newest`."""
        self._groups.setdefault(group, {})[channel] = (newest, expires)
        if self._cursor is None:
            self._cursor = newest

    def leave(self, group: str, channel: str) -> None:
        """End a membership; nothing happens if there is none."""
        members = self._groups.get(group, {})
        members.pop(channel, None)
        if not members:
            self._groups.pop(group, None)

    def clear(self) -> None:
        """Forget all messages and memberships. Who waits goes on waiting."""
        self._queues.clear()
        self._groups.clear()
        self._unclaimed.clear()
        self._version = None

    def wake(self) -> None:
        """Look at once, because this process has just written. Callable from any thread."""
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self.loop.call_soon_threadsafe(self._tick)

    def _look(self, delay: float) -> None:
        when = self.loop.time() + delay
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._woken = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        try:
            delay = 0 if self._read() else self._interval
            self._failing = False
        except Busy:
            delay = BUSY_DELAY
        except Exception:
            delay = ERROR_DELAY
            if not self._failing:
                logger.exception("The channel layer cannot read %s; it goes on trying", self._file.path)
            self._failing = True
        self._look(delay)

    def _read(self) -> bool:
        """Read what is new, if anything was committed. True: there may be more."""
        version = self._file.version()
        if version == self._version:
            return False
        if self._cursor is None:
            self._cursor = self._file.newest()
        rows = self._file.grouped_after(self._cursor, BATCH)
        for mark, group, body, expires in rows:
            for channel, (newest, _) in list(self._groups.get(group, {}).items()):
                if mark > newest:
                    self._deliver(channel, (body, expires))
            self._cursor = mark
        self._unclaimed = self._file.waiting_channels()
        for channel in self._unclaimed & self._waiting.keys():
            self._claim(channel)
        self._drop_expired()
        if len(rows) == BATCH:
            return True
        self._version = version
        return False

    def _claim(self, channel: str) -> None:
        while channel in self._waiting:
            claimed = self._file.claim(channel)
            if claimed is None:
                self._unclaimed.discard(channel)
                return
            self._deliver(channel, claimed)

    def _deliver(self, channel: str, body: Body) -> None:
        waiting = self._waiting.get(channel)
        while waiting:
            future = waiting.popleft()
            if not waiting:
                del self._waiting[channel]
            if not future.done():
                future.set_result(body)
                return
        self._queue(channel).append(body)

    def _queue(self, channel: str) -> deque[Body]:
        # Full: the oldest goes. The newest is what a person wants to see, and it carries the latest counts.
        return self._queues.setdefault(channel, deque(maxlen=self._capacity(channel)))

    def _from_queue(self, channel: str) -> Body | None:
        queue = self._queues.get(channel)
        now = time.time()
        found = None
        while queue and found is None:
            body = queue.popleft()
            found = body if body[1] > now else None
        if queue is not None and not queue:
            del self._queues[channel]
        return found

    def _drop_expired(self) -> None:
        """A channel that let a message expire is dead and leaves its groups; expired memberships end too."""
        now = time.time()
        dead = {channel for channel, queue in self._queues.items() if queue and queue[0][1] < now}
        for channel in dead:
            del self._queues[channel]
        for group, members in list(self._groups.items()):
            for channel in [name for name, (_, expires) in members.items() if name in dead or expires < now]:
                self.leave(group, channel)
