"""An SMTP connection whose every wait ends at one moment, however slowly the server drips."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from typing import Any

from notifications.providers.transport import deadline
from notifications.providers.transport.deadline import Deadline


class Session(smtplib.SMTP):
    """Connected when made. Raises `OSError` or `smtplib.SMTPException`, and is closed then.

    `until` is a moment of `time.monotonic()`; with `tls` the connection is encrypted from its first byte.
    """

    def __init__(
        self, host: str, port: int, *, local_hostname: str, until: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._deadline = Deadline(until)
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
        if self.sock is None:
            super().send(data)  # which says that it is not connected
        else:
            deadline.send(data, self.sock, self._deadline, super().send)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = deadline.reader(self.sock, self._deadline)
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = deadline.connect(host, port, self._deadline)
        return sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=host)
