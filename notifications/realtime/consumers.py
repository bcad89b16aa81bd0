"""The WebSocket of a person's inbox."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError

from notifications import services
from notifications.models import Notification
from notifications.realtime import broadcast, protocol
from notifications.realtime.allowance import Allowance
from notifications.realtime.client_messages import MAX_IDS, BadMessageError, Ping, Read, Resume, Seen, parse
from notifications.services.read_state import with_marks

logger = logging.getLogger(__name__)

# Close codes: those of the standard (RFC 6455), and our own above 4000. Where the server cannot send one of the
# standard's, it is raised by 3000.
OWN_CODES = 4000
NOT_TEXT = 1003
TOO_LARGE = 1009
TRY_LATER = 1013
SIGNED_OUT = 4401
TOO_MANY = 4429


class NotificationConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """One open page. Whose inbox it is, the session alone says; a page cannot ask for another one."""

    overlap = timedelta(seconds=5)
    """how long before its cursor a replay begins: what took its position first may be committed last"""
    batch = 100
    """notifications in one `replayed`"""
    max_bytes = 16_384
    burst, rate = 60, 10
    """messages a page may send at once, and a second"""
    recount_delay = 0.2
    """seconds: a burst of notifications causes one count"""

    user: Any = None  # None: nobody, or closed

    async def connect(self) -> None:
        """Greet a signed-in person; else accept and close with 4401, for only then the page learns why."""
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.accept()
            await self.close(SIGNED_OUT)
            return
        self.allowance = Allowance(self.burst, self.rate)
        self.recount: asyncio.Task[None] | None = None
        self.recount_due = False
        self.group = broadcast.group_of(user.pk)
        # Before the inbox is read: what comes in between is pushed, and nothing falls through.
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        self.user = user
        try:
            position, counts = await database_sync_to_async(_state)(user)
        except DatabaseError:
            logger.warning("An inbox could not be read; its page is asked to try again", exc_info=True)
            await self._refuse(TRY_LATER)
        else:
            await self.send_json(protocol.hello(position, counts))

    async def disconnect(self, code: int) -> None:
        """Leave the group and stop counting."""
        if hasattr(self, "group"):
            self.user = None
            if self.recount is not None:
                self.recount.cancel()
                with suppress(asyncio.CancelledError):
                    await self.recount
            try:
                await self.channel_layer.group_discard(self.group, self.channel_name)
            except Exception as error:  # whatever the layer raises when its server is down: the page has gone anyway
                logger.info("A closed page could not leave its group: %r", error)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in the base class, but what is only passed on spares the thread that tends to the database."""
        if message["type"] == broadcast.EVENT:
            await self.inbox_event(message)
        else:
            await super().dispatch(message)

    async def inbox_event(self, event: dict[str, Any]) -> None:
        """Pass on what was pushed; the counts follow."""
        if self.user is None:
            return
        if event["message"]["type"] == "notification":
            await self.send_json(event["message"])
        self._count_soon()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Check a frame, then do what it says."""
        if self.user is None:
            return
        if text_data is None:
            await self._refuse(NOT_TEXT)
        elif len(text_data.encode(errors="replace")) > self.max_bytes:
            await self._refuse(TOO_LARGE)
        elif not self.allowance.take(asyncio.get_running_loop().time()):
            await self._refuse(TOO_MANY)
        else:
            await self._answer(text_data)

    async def _answer(self, text: str) -> None:
        try:
            match parse(text):
                case Resume() as resume:
                    await self.send_json(await database_sync_to_async(self._replay)(resume))
                case Read(ids):
                    await self._mark(services.mark_read, ids)
                case Seen(ids):
                    await self._mark(services.mark_seen, ids)
                case Ping():
                    await self.send_json(protocol.pong(await database_sync_to_async(_newest)(self.user)))
        except BadMessageError as error:
            await self.send_json(protocol.error(error.code, str(error)))
        except DatabaseError:
            logger.warning("A page's message could not be answered", exc_info=True)
            await self.send_json(protocol.error("unavailable", "Try again in a moment."))

    def _replay(self, resume: Resume) -> protocol.Replayed:
        rows = Notification.objects.inbox(self.user).order_by("position")
        if resume.since is not None and resume.exact:
            rows = rows.filter(position__gt=resume.since)
        elif resume.since is not None:
            rows = rows.filter(position__gte=_earlier(resume.since, self.overlap))
        found = list(rows[: self.batch + 1])
        items = with_marks(self.user, found[: self.batch])
        return protocol.replayed(items, more=len(found) > self.batch, since=resume.since)

    async def _mark(self, mark: Any, ids: tuple[UUID, ...] | None) -> None:
        await database_sync_to_async(_mark)(mark, self.user, ids)
        self._count_soon()  # the service tells all pages; this one also knows when the channel layer is down

    def _count_soon(self) -> None:
        self.recount_due = True
        if self.recount is None or self.recount.done():
            self.recount = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while self.recount_due and self.user is not None:
            await asyncio.sleep(self.recount_delay)
            self.recount_due = False
            try:
                counts = await database_sync_to_async(Notification.objects.counts)(self.user)
                await self.send_json(protocol.counts(counts))
            except DatabaseError:
                logger.warning("Counts could not be read; the next change brings them", exc_info=True)
            except OSError:
                return  # the page has gone

    async def _refuse(self, code: int) -> None:
        self.user = None
        try:
            await self.close(code)
        except Exception:  # daphne's: it knows no codes of the standard but 1000
            if code > OWN_CODES:
                raise
            await self.close(code + 3000)


def _state(user: Any) -> tuple[UUID | None, dict[str, int]]:
    return _newest(user), Notification.objects.counts(user)


def _newest(user: Any) -> UUID | None:
    return Notification.objects.inbox(user).values_list("position", flat=True).first()


def _mark(mark: Any, user: Any, ids: tuple[UUID, ...] | None) -> None:
    if ids is None:
        ids = tuple(Notification.objects.unseen(user).values_list("pk", flat=True)[:MAX_IDS])
    mark(user, ids)


def _earlier(position: UUID, by: timedelta) -> UUID:
    """The lowest UUIDv7 of the time that far before; its first 48 bits are milliseconds."""
    milliseconds = (position.int >> 80) - by // timedelta(milliseconds=1)
    return UUID(int=max(0, milliseconds) << 80)
