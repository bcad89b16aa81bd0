"""From a transaction to an open page, through a real server process and a real WebSocket."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction
from django.test import Client
from websockets import Origin
from websockets.sync.client import ClientConnection, connect

from notifications.models import Notification
from notifications.realtime import broadcast, protocol
from notifications.services import notify
from tests.performance.harness import Bench, Goal, Measured, latencies, row
from tests.performance.notifications import TEXT, BellMessage
from tests.performance.processes import free_port, started, wait_for_port
from tests.performance.workload import draft, empty, people

PATIENCE_SECONDS = 10


@row(
    "commit → WebSocket, Redis pubsub layer",
    beside="pair commit + bare group_send",
    goals=(Goal("median_ms", "<=", 10), Goal("p95_ms", "<=", 25), Goal("ratio", "<=", 3)),
    databases=("postgresql",),
)
def redis_layer(bench: Bench) -> Measured:
    return _latency(bench)


@row(
    "commit → WebSocket, embedded",
    beside="pair commit + bare group_send",
    goals=(Goal("p95_ms", "<=", 150),),
    databases=("sqlite",),
)
def embedded_layer(bench: Bench) -> Measured:
    return _latency(bench)


def _latency(bench: Bench) -> Measured:
    """From the beginning of the transaction to the message at the client, each side in turn."""
    empty()
    (user,) = people(1)
    ours: list[float] = []
    peer: list[float] = []
    with open_page(user) as page, sender() as send:

        def through_notify() -> str:
            (created,) = notify(BellMessage(text=TEXT), to=user)
            return str(created.pk)

        def bare() -> str:
            notification, delivery = draft(user, BellMessage)
            notification.enter_inbox()
            with transaction.atomic():
                notification.save(force_insert=True)
                delivery.save(force_insert=True)
            send(notification)
            return str(notification.pk)

        for number in range(bench.pick(40, 200) + 5):
            for act, samples in (
                ((through_notify, ours), (bare, peer)) if number % 2 else ((bare, peer), (through_notify, ours))
            ):
                time.sleep(random.uniform(0.02, 0.08))  # out of step with whoever polls
                seconds = _until_shown(page, act)
                if number >= 5:
                    samples.append(seconds)
    return latencies(ours, peer)


def _until_shown(page: ClientConnection, act: Callable[[], str]) -> float:
    begun = time.perf_counter()
    wanted = act()
    while True:
        message = json.loads(page.recv(PATIENCE_SECONDS))
        if message["type"] == "notification" and message["item"]["id"] == wanted:
            return time.perf_counter() - begun


@contextmanager
def open_page(user: Any) -> Iterator[ClientConnection]:
    """A signed-in person's WebSocket to a server of its own."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "project.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    client = Client()
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    with started(command):
        wait_for_port(port)
        with connect(
            f"ws://127.0.0.1:{port}/ws/notifications/",
            origin=Origin(f"http://127.0.0.1:{port}"),
            additional_headers={"Cookie": cookie},
            proxy=None,
        ) as page:
            assert json.loads(page.recv(PATIENCE_SECONDS))["type"] == "hello"
            yield page


@contextmanager
def sender() -> Iterator[Callable[[Notification], None]]:
    """What hands a notification to the channel layer and waits for no answer: an event loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def send(notification: Notification) -> None:
        message = {"type": broadcast.EVENT, "message": protocol.new(notification)}
        group = broadcast.group_of(notification.recipient_id)
        asyncio.run_coroutine_threadsafe(get_channel_layer().group_send(group, message), loop).result(PATIENCE_SECONDS)

    try:
        yield send
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
