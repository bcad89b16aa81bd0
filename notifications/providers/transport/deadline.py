"""Waits that all end at one moment, where a socket's own time-out starts anew with each byte."""

from __future__ import annotations

import io
import socket
import time
from dataclasses import dataclass
from typing import Any, Protocol

CHUNK_BYTES = 16_384
"""one TLS record: what the socket's time-out spans at the most"""


@dataclass
class Deadline:
    """A moment of `time.monotonic()`. It may be moved."""

    at: float

    def left(self) -> float:
        """Seconds until then. Raises `TimeoutError` when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._file = sock.makefile("rb", buffering=0)  # keeps the socket open for as long as it is read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._file.readinto(buffer) or 0

    def close(self) -> None:
        self._file.close()
        super().close()


class _Send(Protocol):
    def __call__(self, data: bytes, /) -> Any: ...


def reader(sock: socket.socket, deadline: Deadline) -> io.BufferedReader:
    """Like `sock.makefile("rb")`, but reading ends at the deadline, however slowly the other side drips."""
    return io.BufferedReader(_Reader(sock, deadline))


def send(data: bytes, sock: socket.socket, deadline: Deadline, by: _Send) -> None:
    """Send through `by`, a piece at a time, so that it ends at the deadline even if each piece is taken slowly."""
    for start in range(0, len(data), CHUNK_BYTES):
        sock.settimeout(deadline.left())
        by(data[start : start + CHUNK_BYTES])


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A socket to the first of the host's addresses that answers; each has an equal share of the time left.

    Raises `OSError`: that of the last address, or `socket.gaierror` when there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys((str(each[4][0]), port) for each in found))
    for number, address in enumerate(addresses):
        try:
            sock = socket.create_connection(address, deadline.left() / (len(addresses) - number))
        except OSError:
            if number == len(addresses) - 1:
                raise
        else:
            sock.settimeout(max(deadline.at - time.monotonic(), 0.001))
            return sock
    raise OSError(f"{host} has no address")
