"""The inbox's WebSocket as real servers serve it to a real client, in another process than the one that notifies."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import connections, transaction
from django.test import Client
from uuid_utils.compat import uuid7
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from notifications.models import Notification
from notifications.realtime import broadcast, protocol
from project.accounts.models import User
from tests.services.web import WebServer, web_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[WebServer]:
    with web_server(request.param) as server:
        yield server


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(broadcast._broadcaster.stop, 5)
    await get_channel_layer().close()
    await database_sync_to_async(connections.close_all)()


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha", password="secret")


@pytest.fixture
def cookie(asha: User) -> str:
    client = Client()
    client.force_login(asha)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def opened(server: WebServer, cookie: str = "", origin: str | None = "") -> connect:
    """Connect as a browser would: with cookies and an origin, this site's unless another is given."""
    return connect(
        server.socket_url,
        origin=server.origin if origin == "" else origin,  # type: ignore[arg-type] # a NewType of str
        additional_headers={"Cookie": cookie},
        proxy=None,
        compression=None,
    )


async def next_of(socket: ClientConnection, type_: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == type_:
                return message


async def close_code(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code


def store(user: User, title: str) -> float:
    """Commit a notification and push it. Returns the time of the commit."""
    with transaction.atomic():
        row = Notification(recipient=user, type="a", category="b", title=title, position=uuid7())
        row.save()
        transaction.on_commit(lambda: broadcast.push([(user.pk, protocol.new(row))]))
    return time.perf_counter()


astore = database_sync_to_async(store)


async def test_a_commit_in_one_process_is_on_the_page_of_another_within_150_ms(
    server: WebServer, asha: User, cookie: str
) -> None:
    async with opened(server, cookie) as socket:
        assert (await next_of(socket, "hello"))["cursor"] is None
        delays = []
        for number in range(25):
            committed = await astore(asha, str(number))
            assert (await next_of(socket, "notification"))["item"]["title"] == str(number)
            delays.append(time.perf_counter() - committed)
    p95 = statistics.quantiles(delays, n=20)[-1]
    assert p95 < 0.15, f"p95 {p95 * 1000:.0f} ms, median {statistics.median(delays) * 1000:.0f} ms"


async def test_a_client_learns_why_it_was_closed(server: WebServer, cookie: str) -> None:
    async with opened(server) as socket:
        assert await close_code(socket) == 4401
    raised = 3000 if server.program == "daphne" else 0  # it sends none of the standard's codes but 1000
    for frame, code in ((b"\x00", 1003), ('{"type": "ping", "padding": "%s"}' % ("x" * 17_000), 1009)):
        async with opened(server, cookie) as socket:
            await socket.send(frame)
            assert await close_code(socket) == code + raised
    async with opened(server, cookie) as socket:
        for _ in range(200):
            await socket.send('{"type": "ping"}')
        assert await close_code(socket) == 4429


async def test_another_origin_and_another_port_get_403(server: WebServer, cookie: str) -> None:
    host = urlsplit(server.origin).hostname
    for origin in ("https://evil.example", f"http://{host}:{server.port + 1}", f"http://{host}", "null", None):
        with pytest.raises(InvalidStatus) as refused:
            await opened(server, cookie, origin).__aenter__()
        assert refused.value.response.status_code == 403
