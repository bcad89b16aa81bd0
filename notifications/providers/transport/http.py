"""HTTP requests that end in time whatever the server does, and that tell whether the server may have got them.

`requests` and botocore both stand on urllib3, whose time-outs start anew with each byte. Here its connections end at
the deadline of the attempt they serve, and note when the first byte of a request is written: an error before that is
harmless, after it nobody knows. This module imports urllib3 and requests: import it where a client is made.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from notifications.providers.transport import deadline
from notifications.providers.transport.deadline import Deadline

REUSE_IDLE_SECONDS = 20
"""a connection that was idle for longer is not used again: less than servers and gateways keep one"""


@dataclass
class Attempt:
    """One request, from its first name look-up to the last byte of its answer."""

    deadline: Deadline
    written: bool = False
    """the server may have got it: its first byte was handed to the network"""


_attempt: ContextVar[Attempt] = ContextVar("notifications.attempt")


@contextlib.contextmanager
def attempt(seconds: float) -> Iterator[Attempt]:
    """Bounded connections work within such a context only; all it does ends after so many seconds."""
    token = _attempt.set(Attempt(Deadline(time.monotonic() + seconds)))
    try:
        yield _attempt.get()
    finally:
        _attempt.reset(token)


@contextlib.contextmanager
def current_attempt(seconds: float) -> Iterator[Attempt]:
    """The attempt that goes on; a new one in a thread that a library made, which knows of none."""
    current = _attempt.get(None)
    if current is not None:
        yield current
        return
    with attempt(seconds) as made:
        yield made


@contextlib.contextmanager
def aside() -> Iterator[Deadline]:
    """Requests for what the attempt needs first, such as a token: they end when it does, and write nothing of it."""
    token = _attempt.set(Attempt(_attempt.get().deadline))
    try:
        yield _attempt.get().deadline
    finally:
        _attempt.reset(token)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = deadline.reader(sock, _attempt.get().deadline)


if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


class Bounded(_Base):
    """Mix into a connection of urllib3, before its class."""

    response_class = _Response
    _process = 0
    _used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether it may serve once more; a fork's child leaves it to the parent."""
        fresh = time.monotonic() - self._used_at < REUSE_IDLE_SECONDS and self._process == os.getpid()
        return fresh and super().is_connected

    def connect(self) -> None:
        current = _attempt.get()
        written = current.written
        try:
            super().connect()
        finally:
            current.written = written  # what a proxy was told is no request
        self._process, self._used_at = os.getpid(), time.monotonic()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        current = _attempt.get()
        current.deadline.left()
        current.written = True
        deadline.send(data, self.sock, current.deadline, super().send)

    def getresponse(self) -> Any:
        response = super().getresponse()
        self._used_at = time.monotonic()
        return response

    def _new_conn(self) -> socket.socket:
        try:
            sock = deadline.connect(self.host, self.port or self.default_port, _attempt.get().deadline)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} did not answer") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        return sock


class _Connection(Bounded, HTTPConnection):
    pass


class _SecureConnection(Bounded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):  # those connect in a way of their own
            manager.pool_classes_by_scheme = POOLS
        return manager


def bound(session: requests.Session, url: str, connections: int) -> None:
    """Let a session keep so many bounded connections to the server of a URL, for all threads at once.

    Proxies and certificates are those of the environment, read once. It follows no redirect, which would turn a POST
    into a GET: `requests.TooManyRedirects`. It keeps no cookies, and asks no .netrc, which would replace credentials.
    """
    for prefix in ("http://", "https://"):
        session.mount(prefix, _Adapter(pool_connections=4, pool_maxsize=connections))
    session.proxies = get_environ_proxies(url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False
    session.max_redirects = 0
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
