"""An HTTP server on a free loopback port, which also behaves badly when it is told to."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from uuid import UUID

from notifications.testing.providers import Scenario


@dataclass
class Request:
    """What came in."""

    path: str
    headers: Message
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What goes out. With `raw` those bytes are all of it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes = b""


def answer_json(status: int, content: Any, **headers: str) -> Answer:
    """An answer with a JSON body; X_Request_Id names the header X-Request-Id."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "application/json", **named}, json.dumps(content).encode())


class _Listener(ThreadingHTTPServer):
    request_queue_size = 128
    owner: HttpServer

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = self.socket.accept()
        if self.owner.tls is not None:
            connection = self.owner.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.owner.opened(connection)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.owner.holds(request):
            super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection given up by one of both sides is part of the game; any other error ends it too: no answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.owner.serve(self, Request(self.path, self.headers, body, self.command))

    do_GET = do_CONNECT = do_DELETE = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


class HttpServer(ABC):
    """A `ProviderServer`. A subclass takes messages, and says how its service words its refusals."""

    refusals: ClassVar[Mapping[Scenario, Answer]]
    """scenario → the answer to a message that is not taken"""
    nonsense: Answer = Answer(200, {"Content-Type": "text/html"}, b"<h1>It works!</h1>")
    """what it says of a message that it took, in `Scenario.MALFORMED`"""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.requests: list[Request] = []
        self.scripted: Answer | None = None
        """answers any request while it is set; nothing is taken"""
        self.connections = 0
        self._scenario = Scenario.SUCCESS
        self._open: list[socket.socket] = []
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listener: _Listener | None = None
        self.port = 0
        self.listen()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/"

    @abstractmethod
    def take(self, request: Request) -> Answer:
        """Take a message and say so, or refuse what is no message."""

    @abstractmethod
    def taken(self) -> list[UUID]: ...

    def show(self, scenario: Scenario) -> None:
        self._scenario = scenario
        if scenario == Scenario.SILENT_BEFORE_REQUEST:
            self.drop_connections()
        if scenario == Scenario.REFUSED:
            self.refuse()
        elif self._listener is None:
            self.listen()

    def listen(self) -> None:
        """Listen, again on the same port."""
        self._over.clear()
        self._listener = _Listener(("127.0.0.1", self.port), _Handler)
        self._listener.owner = self
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def refuse(self) -> None:
        """Stop listening, and close what is open."""
        self._over.set()
        if self._listener is not None:
            self._listener.shutdown()
            self.drop_connections()
            self._listener.server_close()
            self._listener = None

    close = refuse

    def drop_connections(self) -> None:
        """Close what is open, and go on listening."""
        with self._lock:
            connections, self._open = self._open, []
        for each in connections:
            _end(each)
        while self._held:
            self._held.pop().close()

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._open.append(connection)

    def holds(self, connection: socket.socket) -> bool:
        """Whether it stays silent: with TLS nobody can write a request then."""
        if self._scenario != Scenario.SILENT_BEFORE_REQUEST:
            return False
        self._held.append(connection)
        return True

    def serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        """Answer a request, each in its connection's thread."""
        with self._lock:
            self.requests.append(request)
        if self.scripted is not None:
            write(handler, self.scripted)
        elif self._scenario in self.refusals:
            write(handler, self.refusals[self._scenario])
        elif self._scenario == Scenario.SILENT:
            self._over.wait()
        else:
            answer = self.take(request)
            if self._scenario == Scenario.SILENT_AFTER_TAKING:
                self._over.wait()
            elif self._scenario == Scenario.DROPS_AFTER_TAKING:
                _end(handler.connection)
            elif self._scenario == Scenario.DRIPS:
                self._drip(handler)
            else:
                write(handler, self.nonsense if self._scenario == Scenario.MALFORMED else answer)

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not self._over.wait(0.1):
            handler.wfile.write(b".")


def write(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.raw:
        handler.wfile.write(answer.raw)
        handler.close_connection = True
        return
    handler.send_response_only(answer.status)
    for name, value in {"Date": handler.date_time_string(), **answer.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
    handler.wfile.write(answer.body)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
