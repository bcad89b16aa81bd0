"""An SMTP connection whose every wait ends at one moment, however slowly the server drips."""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

CHUNK_BYTES = 16_384
"""one TLS record: what the socket's time-out spans at the most"""


@dataclass
class _Deadline:
    at: float  # by time.monotonic()

    def left(self) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _Reader(io.RawIOBase):
    """Reads from a socket until the deadline, where the socket's own time-out starts anew with each byte."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class Session(smtplib.SMTP):
    """Connected when made. Raises `OSError` or `smtplib.SMTPException`, and is closed then.

    `until` is a moment of `time.monotonic()`; with `tls` the connection is encrypted from its first byte.
    """

    def __init__(
        self, host: str, port: int, *, local_hostname: str, until: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._deadline = _Deadline(until)
        self._tls = tls
        self.opened_at = self.used_at = time.monotonic()
        super().__init__(host, port, local_hostname=local_hostname)

    def __del__(self) -> None:
        self.close()

    @property
    def until(self) -> float:
        """When waiting ends."""
        return self._deadline.at

    @until.setter
    def until(self, moment: float) -> None:
        self._deadline.at = moment

    def write(self, data: bytes) -> tuple[int, bytes]:
        """Send a message, dots doubled and ended, and read what the server says to it: code and text."""
        self.send(data)
        return self.getreply()

    def is_alive(self, until: float, command: str = "NOOP") -> bool:
        """Whether the server still answers, and kindly."""
        self.until = until
        try:
            code, _ = self.docmd(command)
        except (OSError, smtplib.SMTPException):
            return False
        return code == 250

    def leave(self) -> None:
        """Say good-bye and close, without waiting for the answer."""
        self.until = time.monotonic() + 1
        try:
            self.putcmd("QUIT")
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            self.close()

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(data), CHUNK_BYTES):
            if self.sock is not None:
                self.sock.settimeout(self._deadline.left())
            super().send(data[start : start + CHUNK_BYTES])

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Reader(self.sock, self._deadline))
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A socket to the first of the host's addresses that answers; each has an equal share of the time left."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys((str(each[4][0]), port) for each in found))
        for number, address in enumerate(addresses):
            try:
                left = self._deadline.left()
                sock = socket.create_connection(address, left / (len(addresses) - number))
                break
            except OSError:
                if number == len(addresses) - 1:
                    raise
        if self._tls is None:
            return sock
        sock.settimeout(self._deadline.left())
        return self._tls.wrap_socket(sock, server_hostname=host)
