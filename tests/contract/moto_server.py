"""moto's server: the services of AWS on loopback."""

from __future__ import annotations

import contextlib
import http.client
import logging
from collections.abc import Iterator, Mapping

from moto.server import ThreadedMotoServer

from tests.contract.http_server import Answer


@contextlib.contextmanager
def moto_server() -> Iterator[int]:
    """The port of a running moto server. Its state is the process's, so there is one at a time."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


def forwarded(port: int, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """What moto answers to a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("POST", path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, {"Content-Type": answer.headers["Content-Type"]}, answer.read())
    finally:
        connection.close()


def reset(port: int) -> None:
    """Forget what was sent."""
    assert forwarded(port, "/moto-api/reset").status == 200
