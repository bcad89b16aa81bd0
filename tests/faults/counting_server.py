"""A provider's side of the wire: an HTTP server that counts what it takes, and misbehaves as it is told.

    POST /messages {"id": …, "receipt": bool}   takes a message, with a receipt to be fetched if wanted
    GET  /messages/<id>                         200 and {"state": …} if it was taken, else 404
    GET  /receipts                              ids of messages whose receipts are not acknowledged
    POST /receipts [id, …]                      acknowledges them
    GET  /counts                                {id: how often it was taken}
    POST /mark                                  what arrives from now on is behind one more mark
    GET  /arrivals                              [[text, how many marks were before it], …], in the order of arrival
    POST /control {"default": …, "script": […]} behaviours: the script meets the next messages, the default the rest

A process of its own, so that its count outlives every worker. The standard library alone, so that it starts at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(kw_only=True)
class Behaviour:
    """How one message is answered. Times are in seconds."""

    before: float = 0
    """how long until it is taken"""
    after: float = 0
    """how long from then until the answer"""
    status: int = 200
    """anything but 200 takes nothing"""
    retry_after: str = ""
    takes: bool = True
    body: str | None = None
    """sent instead of the answer that a client expects"""
    drip: float = 0
    """the pause between any two bytes of the body"""
    hang_up: bool = False
    """close the connection instead of answering"""
    failure_rate: float = 0
    """share of messages that are answered with a 500 instead"""
    fate: str = "sent"
    """what a look-up says of messages that were taken; empty: look-ups are answered with a 500"""


@dataclass
class Counting:
    """What was taken, how often, and which receipts are outstanding."""

    taken: Counter[str] = field(default_factory=Counter)
    unacknowledged: dict[str, None] = field(default_factory=dict)
    arrivals: list[tuple[str, int]] = field(default_factory=list)
    marks: int = 0
    default: Behaviour = field(default_factory=Behaviour)
    script: list[Behaviour] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> None:
        self.taken[message["id"]] += 1
        if message.get("receipt"):
            self.unacknowledged[message["id"]] = None

    def next_behaviour(self) -> Behaviour:
        if self.script:
            return self.script.pop(0)
        if random.random() < self.default.failure_rate:
            return Behaviour(status=500)
        return self.default


class Connection:
    """One client: requests one after the other, kept alive between them."""

    def __init__(self, counting: Counting, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counting, self.reader, self.writer = counting, reader, writer

    async def serve(self) -> None:
        try:
            while request := await self._read():
                await self._answer(*request)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a client that was killed
        finally:
            self.writer.close()

    async def _read(self) -> tuple[str, str, Any] | None:
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return None
        first, *headers = head.split("\r\n")
        method, path, _ = first.split(" ")
        lengths = [line.split(":")[1] for line in headers if line.lower().startswith("content-length:")]
        body = await self.reader.readexactly(int(lengths[0])) if lengths else b""
        return method, path, json.loads(body or b"null")

    async def _answer(self, method: str, path: str, body: Any) -> None:
        counting = self.counting
        match method, path.removeprefix("/").split("/"):
            case "POST", ["messages"]:
                counting.arrivals.append((body.get("text", ""), counting.marks))
                await self._message(body, counting.next_behaviour())
            case "GET", ["messages", message_id]:
                found = 200 if message_id in counting.taken else 404
                await self._send(found if counting.default.fate else 500, {"state": counting.default.fate})
            case "GET", ["receipts"]:
                await self._send(200, list(counting.unacknowledged)[:500])
            case "POST", ["receipts"]:
                for each in body:
                    counting.unacknowledged.pop(each, None)
                await self._send(200, {})
            case "GET", ["counts"]:
                await self._send(200, counting.taken)
            case "POST", ["mark"]:
                counting.marks += 1
                await self._send(200, {})
            case "GET", ["arrivals"]:
                await self._send(200, counting.arrivals)
            case "POST", ["control"]:
                counting.default = Behaviour(**body.get("default", {}))
                counting.script = [Behaviour(**each) for each in body.get("script", [])]
                await self._send(200, {})
            case _:
                await self._send(404, {"unknown": path})

    async def _message(self, message: dict[str, Any], behaviour: Behaviour) -> None:
        await asyncio.sleep(behaviour.before)
        if behaviour.status == 200 and behaviour.takes:
            self.counting.take(message)
        await asyncio.sleep(behaviour.after)
        if behaviour.hang_up:
            raise ConnectionResetError
        headers = {"Retry-After": behaviour.retry_after} if behaviour.retry_after else {}
        expected = json.dumps({"provider_id": f"at-server-{message['id']}"})
        text = expected if behaviour.body is None else behaviour.body
        await self._send(behaviour.status, text, headers, behaviour.drip)

    async def _send(self, status: int, content: Any, headers: dict[str, str] | None = None, drip: float = 0) -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        for byte in [bytes([each]) for each in body] if drip else [body]:
            self.writer.write(byte)
            await self.writer.drain()
            await asyncio.sleep(drip)


async def main() -> None:
    """Serve on a free loopback port, which is printed, until the process that started this one has gone."""
    counting = Counting()
    server = await asyncio.start_server(lambda *streams: Connection(counting, *streams).serve(), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:  # a test run that was killed leaves nothing behind
        await asyncio.sleep(0.5)
    sys.exit(0)


if __name__ == "__main__":
    asyncio.run(main())
