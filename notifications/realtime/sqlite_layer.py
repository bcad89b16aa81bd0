"""A Django Channels layer for several processes on one machine, with nothing installed but Python.

    CHANNEL_LAYERS = {"default": {
        "BACKEND": "notifications.realtime.sqlite_layer.SQLiteChannelLayer",
        "CONFIG": {"path": BASE_DIR / "var" / "channels.sqlite3"},
    }}

A message to a group is one row, however many sockets wait for it: each process hands it to its own
members. Messages are hints that may be lost (the inbox row is the truth), and are never repeated.
"""

import asyncio
import base64
import json
import os
import random
import secrets
import sqlite3
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer
from django.core.exceptions import ImproperlyConfigured

from notifications.realtime.sqlite_file import Busy, MessageFile
from notifications.realtime.sqlite_mailbox import Mailbox

MINIMUM_SQLITE = (3, 35, 0)  # DELETE … RETURNING
BYTES = "__bytes__"
PATIENCE = 5.0  # seconds to go on trying while other processes hold the file

P = ParamSpec("P")
T = TypeVar("T")

_layers: "weakref.WeakSet[SQLiteChannelLayer]" = weakref.WeakSet()


class SQLiteChannelLayer(BaseChannelLayer):  # type: ignore[misc] # channels has no types
    """Channel layer over a small SQLite file at `path`.

    `expiry` and `group_expiry` are seconds; `capacity` is how many messages one channel may hold: beyond it
    `send` raises `ChannelFull` and `group_send` drops the oldest. `poll_interval` is the longest time, in
    seconds, until a process notices what another one sent.
    """

    extensions = ("groups", "flush")

    def __init__(
        self,
        path: str | os.PathLike[str],
        expiry: float = 60,
        group_expiry: float = 86_400,
        capacity: int = 1_000,  # ten times the usual: what was sent between two looks arrives at once
        channel_capacity: Mapping[Any, int] | None = None,
        poll_interval: float = 0.05,
    ) -> None:
        if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
            wanted = ".".join(map(str, MINIMUM_SQLITE))
            raise ImproperlyConfigured(f"SQLiteChannelLayer needs SQLite {wanted}; this is {sqlite3.sqlite_version}.")
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self.group_expiry = group_expiry
        self.poll_interval = poll_interval
        self._file = MessageFile(path)
        self._mailboxes: dict[asyncio.AbstractEventLoop, Mailbox] = {}
        self._closing = weakref.finalize(self, _close_in, os.getpid(), self._file)
        _layers.add(self)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send to one channel. Raises `ChannelFull` when `capacity` messages wait there."""
        self.require_valid_channel_name(channel)
        if not await self._attempt(self._file.add_direct, channel, *self._stamped(message), self.get_capacity(channel)):
            raise ChannelFull(channel)
        self._wake()

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message of a channel. Of several receivers, in any process, one gets it."""
        self.require_valid_channel_name(channel)
        return _decode(await self._mailbox().receive(channel))

    async def new_channel(self, prefix: str = "specific.") -> str:
        """A new channel name that belongs to this event loop."""
        return f"{prefix}.{self._mailbox().token}!{secrets.token_hex(8)}"

    async def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group. It gets what is sent from now on."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        expires = time.time() + self.group_expiry
        if home := self._home(channel):
            home.join(group, channel, await self._attempt(self._file.newest), expires)
        else:
            await self._attempt(self._file.add_member, group, channel, expires)

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a channel from a group; nothing happens if it is no member."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        if home := self._home(channel):
            home.leave(group, channel)
        else:
            await self._attempt(self._file.remove_member, group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to all members of a group, as one row. Members that are full are passed over."""
        self.require_valid_group_name(group)
        body, expires = self._stamped(message)
        await self._attempt(self._file.add_grouped, group, body, expires)
        for channel in await self._attempt(self._file.members, group):
            await self._attempt(self._file.add_direct, channel, body, expires, self.get_capacity(channel))
        self._wake()

    async def flush(self) -> None:
        """Delete all messages and memberships."""
        await self._attempt(self._file.clear)
        for mailbox in self._mailboxes.values():
            mailbox.clear()

    async def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._file.close()

    def after_fork(self) -> None:
        """Begin anew in a child process, where the parent's connections and loops must not be used."""
        self._file.after_fork()
        self._mailboxes = {}
        self._closing.detach()
        self._closing = weakref.finalize(self, _close_in, os.getpid(), self._file)

    def _mailbox(self) -> Mailbox:
        loop = asyncio.get_running_loop()
        mailbox = self._mailboxes.get(loop)
        if mailbox is None:
            open_loops = {each: box for each, box in self._mailboxes.items() if not each.is_closed()}
            mailbox = Mailbox(self._file, self.poll_interval, self.get_capacity)
            self._mailboxes = {**open_loops, loop: mailbox}
        return mailbox

    def _home(self, channel: str) -> Mailbox | None:
        """The mailbox of this process that made a channel's name, if one did."""
        token = channel.partition("!")[0].rpartition(".")[2]
        return next((box for box in self._mailboxes.values() if box.token == token), None)

    def _wake(self) -> None:
        for mailbox in list(self._mailboxes.values()):
            mailbox.wake()

    def _stamped(self, message: dict[str, Any]) -> tuple[bytes, float]:
        if not isinstance(message, dict):
            raise TypeError(f"A message is a dict, not {type(message).__name__}.")
        return _encode(message), time.time() + self.expiry

    async def _attempt(self, operation: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call, again while another process holds the file, and once more if the file was gone or damaged."""
        deadline = time.monotonic() + PATIENCE
        reopened = False
        while True:
            try:
                return operation(*arguments, **options)
            except Busy:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(random.uniform(0.0005, 0.003))  # noqa: S311 - spreads retries, guards nothing
            except sqlite3.DatabaseError:
                if reopened:
                    raise
                reopened = True


def _encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), default=_encode_bytes).encode()


def _encode_bytes(value: object) -> dict[str, str]:
    if isinstance(value, bytes | bytearray):
        return {BYTES: base64.b64encode(value).decode()}
    raise TypeError(f"A channel message cannot hold a {type(value).__name__}: only what JSON knows, and bytes.")


def _decode(body: bytes) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(body, object_hook=_decode_bytes if BYTES.encode() in body else None)
    return message


def _decode_bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[BYTES]) if value.keys() == {BYTES} else value


def _close_in(pid: int, file: MessageFile) -> None:
    if os.getpid() == pid:
        file.close()


def _after_fork() -> None:
    for layer in list(_layers):
        layer.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
