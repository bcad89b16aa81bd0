"""The loopback provider, a process of its own: answers each POST after 50 ms and keeps connections open."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator

from tests.performance.processes import free_port, started, wait_for_port

DELAY_SECONDS = 0.05
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"id": "taken"}'


@contextlib.contextmanager
def provider_server() -> Iterator[str]:
    """The URL of a running provider."""
    port = free_port()
    with started([sys.executable, "-m", "tests.performance.http_server", str(port)]):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/messages"


class Connection(asyncio.Protocol):
    """One connection; its requests come one after the other."""

    def __init__(self) -> None:
        self.received = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head):
            self.received = b""
            asyncio.get_running_loop().call_later(DELAY_SECONDS, self.answer)

    def answer(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(ANSWER)


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


async def serve(port: int) -> None:
    """Until it is ended."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
