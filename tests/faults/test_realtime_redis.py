"""Fault: Redis flushed or down. Requests do not hang, and push resumes."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from pytest_django import Settings

from notifications.realtime import broadcast
from project.settings.backends import channel_layers
from tests.faults.servers import Server

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
