"""How requests over HTTP reach their server: bounded in time, on connections that are kept, with nothing added."""

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifications.exceptions import TemporaryError, UnknownOutcome
from notifications.providers.sendgrid import SendGridProvider
from notifications.providers.transport import http
from notifications.testing.providers import Scenario
from tests.contract.conftest import MakeMail
from tests.contract.http_server import Answer
from tests.contract.sendgrid_server import API_KEY, SendGridServer

MakeSendGrid = Callable[..., SendGridProvider]


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[SendGridServer]:
    server = SendGridServer(tls=tls)
    yield server
    server.close()


@pytest.fixture
def make_provider(server: SendGridServer) -> Iterator[MakeSendGrid]:
    made: list[SendGridProvider] = []

    def make(**options: Any) -> SendGridProvider:
        defaults = {"alias": "sendgrid", "api_key": API_KEY, "api_url": f"{server.url}v3/", "timeout_seconds": 5}
        made.append(SendGridProvider(**{**defaults, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_server_that_closed_its_connections_gets_the_message_at_once(
    make_provider: MakeSendGrid, server: SendGridServer, make_mail: MakeMail
) -> None:
    provider = make_provider()
    provider.send(make_mail())
    server.drop_connections()
    time.sleep(0.05)  # for the news to arrive
    provider.send(make_mail())
    assert (len(server.mails), server.connections) == (2, 2)


def test_a_connection_that_was_idle_for_long_is_not_trusted(
    make_provider: MakeSendGrid, server: SendGridServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "REUSE_IDLE_SECONDS", 0.1)
    provider = make_provider()
    provider.send(make_mail())
    time.sleep(0.15)
    provider.send(make_mail())
    assert (len(server.mails), server.connections) == (2, 2)


def test_a_forked_process_leaves_the_connections_to_its_parent(
    make_provider: MakeSendGrid, server: SendGridServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = make_provider()
    provider.send(make_mail())
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)  # as if this were the child
    provider.send(make_mail())
    assert (len(server.mails), server.connections) == (2, 2)


def test_a_large_message_that_is_taken_slowly_ends_in_time(
    make_provider: MakeSendGrid, tls: ssl.SSLContext, make_mail: MakeMail
) -> None:
    with slow_reader(tls) as port:
        provider = make_provider(api_url=f"https://127.0.0.1:{port}/", timeout_seconds=0.5)
        begun = time.monotonic()
        with pytest.raises(UnknownOutcome, match="timed out"):
            provider.send(make_mail(text="x" * 20_000_000))
        assert time.monotonic() - begun < 2.5


def test_many_addresses_of_a_host_share_the_time(
    make_provider: MakeSendGrid, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [f"127.0.0.{number}" for number in range(1, 5)]
    with deaf_server(hosts) as port:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        look_up = socket.getaddrinfo

        def look_up_all(host: str, *args: Any, **kwargs: Any) -> Any:
            return found if host == "mail.example.org" else look_up(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", look_up_all)
        begun = time.monotonic()
        with pytest.raises(TemporaryError, match="was not reached"):
            make_provider(api_url=f"https://mail.example.org:{port}/", timeout_seconds=0.6).send(make_mail())
        assert time.monotonic() - begun < 2


def test_a_host_that_does_not_exist_is_temporary(make_provider: MakeSendGrid, make_mail: MakeMail) -> None:
    with pytest.raises(TemporaryError, match="was not reached"):
        make_provider(api_url="https://no.such.host.invalid/").send(make_mail())


def test_a_certificate_that_is_not_trusted_is_not_accepted(
    make_provider: MakeSendGrid, server: SendGridServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(TemporaryError, match="CERTIFICATE_VERIFY_FAILED"):
        make_provider().send(make_mail())
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    make_provider: MakeSendGrid, server: SendGridServer, make_mail: MakeMail, status: int
) -> None:
    server.scripted = Answer(status, {"Location": f"{server.url}v3/mail/send", "X-Message-Id": "7"})
    with pytest.raises(TemporaryError, match="redirect"):
        make_provider().send(make_mail())
    assert len(server.requests) == 1


def test_no_cookie_comes_back_and_no_netrc_replaces_the_key(
    make_provider: MakeSendGrid,
    server: SendGridServer,
    make_mail: MakeMail,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "netrc").write_text("default login other password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    provider = make_provider()
    server.scripted = Answer(202, {"X-Message-Id": "7", "Set-Cookie": "session=1; Path=/"})
    provider.send(make_mail())
    provider.send(make_mail())
    for request in server.requests:
        assert request.headers["Authorization"] == f"Bearer {API_KEY}"
        assert request.headers["Cookie"] is None


@pytest.mark.parametrize(
    ("scenario", "answer"),
    [
        (Scenario.PERMANENT, Answer(raw=b"HTTP/1.1 403 Forbidden\r\n\r\n")),
        (Scenario.DROPS_AFTER_TAKING, Answer(raw=b"\r\n")),
    ],
)
def test_a_proxy_that_does_not_connect_did_not_get_the_message(
    make_provider: MakeSendGrid,
    server: SendGridServer,
    make_mail: MakeMail,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Scenario,
    answer: Answer,
) -> None:
    proxy = SendGridServer()
    proxy.scripted = answer
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(TemporaryError, match="was not reached"):
        make_provider().send(make_mail())
    assert [each.path for each in proxy.requests] == [f"127.0.0.1:{server.port}"]
    assert server.requests == []
    proxy.close()


def test_a_silent_proxy_did_not_get_the_message(
    make_provider: MakeSendGrid, server: SendGridServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = SendGridServer()
    proxy.show(Scenario.SILENT)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(TemporaryError, match="was not reached"):
        make_provider(timeout_seconds=0.4).send(make_mail())
    assert server.requests == []
    proxy.close()


@contextlib.contextmanager
def slow_reader(tls: ssl.SSLContext) -> Iterator[int]:
    """The port of a server that takes a few bytes at a time and never answers."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                accepted, _ = listener.accept()
                with tls.wrap_socket(accepted, server_side=True) as connection:
                    while connection.recv(100) and not over.wait(0.05):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join()


@contextlib.contextmanager
def deaf_server(hosts: list[str]) -> Iterator[int]:
    """The port of servers whose queue of connections is full: they do not even accept."""
    port = 0
    with contextlib.ExitStack() as stack:
        for host in hosts:
            listener = stack.enter_context(socket.create_server((host, port), backlog=0))
            port = listener.getsockname()[1]
            for _ in range(3):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex((host, port))
        yield port
