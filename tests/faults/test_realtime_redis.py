"""Fault: Redis flushed or down. Requests do not hang, push resumes, and an open page misses nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import connections
from pytest_django import Settings

from notifications.realtime import broadcast
from project.settings.backends import channel_layers
from tests.faults.servers import Server
from tests.integration.test_realtime_servers import asha, astore, cookie, next_of, opened
from tests.services.web import WebServer, web_server

__all__ = ["asha", "cookie"]  # fixtures

MESSAGE = {"type": "changed"}
EVENT = {"type": "inbox.event", "message": MESSAGE}

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
def layer_on(settings: Settings, tmp_path: Any, redis_server: Server) -> Iterator[None]:
    settings.CHANNEL_LAYERS = channel_layers(redis_server.url, tmp_path)
    broadcast._start_afresh()
    yield
    broadcast._broadcaster.stop(5)


async def arrives(layer: Any, channel: str, seconds: float) -> bool:
    """Push again and again, as an application does, until a message gets through."""
    receiving = asyncio.create_task(layer.receive(channel))
    try:
        async with asyncio.timeout(seconds):
            while not receiving.done():
                broadcast.push([(7, MESSAGE)])
                await asyncio.wait([receiving], timeout=0.2)
    except TimeoutError:
        return False
    else:
        return bool(receiving.result() == EVENT)
    finally:
        receiving.cancel()


async def test_push_resumes_after_redis_came_back_empty(redis_server: Server) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(broadcast.group_of(7), channel)
    receiving = asyncio.create_task(layer.receive(channel))
    broadcast.push([(7, MESSAGE)])
    async with asyncio.timeout(3):
        assert await receiving == EVENT

    await asyncio.to_thread(redis_server.kill)
    started = time.perf_counter()
    broadcast.push([(7, MESSAGE)] * 100)
    assert time.perf_counter() - started < 0.1
    assert await asyncio.to_thread(broadcast.flush, 5)
    assert broadcast.dropped() == 100

    await asyncio.to_thread(redis_server.start)
    listening = asyncio.create_task(arrives(layer, channel, 15))
    assert await listening
    await layer.flush()


def test_a_redis_that_is_down_costs_a_request_nothing(redis_server: Server) -> None:
    redis_server.stop()
    started = time.perf_counter()
    for number in range(1000):
        broadcast.push([(number, MESSAGE)])
    assert time.perf_counter() - started < 0.5
    assert broadcast.flush(10)
    assert broadcast.dropped() == 1000
    redis_server.start()
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    assert broadcast.dropped() == 1000


@pytest.fixture
def web(redis_server: Server, transactional_db: None) -> Iterator[WebServer]:
    with web_server("uvicorn", redis_server.url) as server:
        yield server


@pytest.fixture
async def database() -> AsyncIterator[None]:
    yield
    await database_sync_to_async(connections.close_all)()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("database")
async def test_an_open_page_finds_what_was_stored_during_the_outage(
    redis_server: Server, web: WebServer, asha: Any, cookie: str
) -> None:
    async with opened(web, cookie) as page:
        await next_of(page, "hello")
        await asyncio.to_thread(redis_server.kill)
        await astore(asha, "during the outage")
        assert await asyncio.to_thread(broadcast.flush, 5)
        await page.send('{"type": "ping"}')
        assert (await next_of(page, "pong"))["cursor"] is not None
        await page.send('{"type": "resume", "since": null}')
        assert [item["title"] for item in (await next_of(page, "replayed"))["items"]] == ["during the outage"]

        await asyncio.to_thread(redis_server.start)
        live = asyncio.create_task(next_of(page, "notification"))
        while not live.done():  # the server's subscription comes back within a second or two
            await astore(asha, "after the outage")
            await asyncio.wait([live], timeout=0.5)
        assert live.result()["item"]["title"] == "after the outage"
