"""The embedded channel layer between real processes: nothing lost, nothing twice, and fast enough."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from notifications.realtime.sqlite_layer import SQLiteChannelLayer

LISTENER = """
import asyncio, json, sys, time
from notifications.realtime.sqlite_layer import SQLiteChannelLayer

async def listen(layer, channel, wanted):
    received = []
    try:
        async with asyncio.timeout(20):
            while len(received) < wanted:
                message = await layer.receive(channel)
                if message["type"] == "stop":
                    break
                received.append((message["number"], time.time() - message["sent"]))
    except TimeoutError:
        pass
    return received

async def main(path, sockets, wanted, channel):
    layer = SQLiteChannelLayer(path)
    names = [channel or await layer.new_channel() for _ in range(sockets)]
    if not channel:
        for name in names:
            await layer.group_add("person", name)
    print("ready", flush=True)
    print(json.dumps(await asyncio.gather(*(listen(layer, name, wanted) for name in names))), flush=True)
    await layer.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
"""


class Listener:
    """A process that receives `wanted` messages on each socket, or competes for those of `channel`."""

    def __init__(self, path: Path, *, sockets: int, wanted: int, channel: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(path), str(sockets), str(wanted), channel],
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def received(self) -> list[list[tuple[int, float]]]:
        """For each socket the (number, seconds on the way) of its messages."""
        answer: list[list[tuple[int, float]]] = json.loads(self.line())
        return answer


@contextmanager
def listeners(*arguments: Any, processes: int, **options: Any) -> Iterator[list[Listener]]:
    started = [Listener(*arguments, **options) for _ in range(processes)]
    try:
        for listener in started:
            assert listener.line() == "ready"
        yield started
    finally:
        for listener in started:
            listener.process.kill()
            listener.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "channels.sqlite3"


def test_a_message_to_a_group_reaches_every_socket_of_every_process_within_150_ms(path: Path) -> None:
    async def send() -> None:
        layer = SQLiteChannelLayer(path)
        for number in range(60):
            await layer.group_send("person", {"type": "message", "number": number, "sent": time.time()})
            await asyncio.sleep(0.013)
        await layer.close()

    with listeners(path, sockets=20, wanted=60, processes=2) as started:
        asyncio.run(send())
        received = [socket for listener in started for socket in listener.received()]
    assert [[number for number, _ in socket] for socket in received] == [list(range(60))] * 40
    delays = [seconds for socket in received for _, seconds in socket]
    p95 = statistics.quantiles(delays, n=20)[-1]
    assert p95 < 0.15, f"p95 {p95 * 1000:.0f} ms, median {statistics.median(delays) * 1000:.0f} ms"


def test_processes_that_compete_for_a_channel_share_its_messages(path: Path) -> None:
    async def send(receivers: int) -> None:
        layer = SQLiteChannelLayer(path, capacity=1000)
        for number in range(300):
            await layer.send("work", {"type": "message", "number": number, "sent": time.time()})
        await asyncio.sleep(0.5)
        for _ in range(receivers):
            await layer.send("work", {"type": "stop"})
        await layer.close()

    with listeners(path, sockets=2, wanted=1000, channel="work", processes=2) as started:
        asyncio.run(send(receivers=4))
        numbers = [number for each in started for socket in each.received() for number, _ in socket]
    assert sorted(numbers) == list(range(300))


def test_processes_that_send_at_once_lose_nothing(path: Path) -> None:
    senders, messages = 3, 300
    sender = """
import asyncio, sys, time
from notifications.realtime.sqlite_layer import SQLiteChannelLayer
async def main(path, start, number):
    layer = SQLiteChannelLayer(path)
    for each in range(start, start + number):
        await layer.group_send("person", {"type": "message", "number": each, "sent": time.time()})
        await asyncio.sleep(0.001)
    await layer.close()
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""
    with listeners(path, sockets=1, wanted=senders * messages, processes=2) as started:
        running = [
            subprocess.Popen([sys.executable, "-c", sender, str(path), str(each * messages), str(messages)])
            for each in range(senders)
        ]
        assert [process.wait(30) for process in running] == [0] * senders
        received = [listener.received()[0] for listener in started]
    for socket in received:
        assert sorted(number for number, _ in socket) == list(range(senders * messages))


def test_processes_find_each_other_again_after_the_file_was_deleted(path: Path) -> None:
    async def send() -> None:
        layer = SQLiteChannelLayer(path)
        for number in range(4):
            await layer.group_send("person", {"type": "message", "number": number, "sent": time.time()})
            await asyncio.sleep(0.2)
            if number == 1:
                path.unlink()
        await layer.close()

    with listeners(path, sockets=2, wanted=4, processes=2) as started:
        asyncio.run(send())
        for listener in started:
            assert [[number for number, _ in socket] for socket in listener.received()] == [[0, 1, 2, 3]] * 2


def test_a_killed_sender_leaves_the_layer_usable(path: Path) -> None:
    sender = """
import asyncio, sys
from notifications.realtime.sqlite_layer import SQLiteChannelLayer
async def main(path):
    layer = SQLiteChannelLayer(path)
    while True:
        await layer.group_send("other", {"type": "noise", "text": "x" * 2000})
asyncio.run(main(sys.argv[1]))
"""
    with listeners(path, sockets=1, wanted=5, processes=1) as (listener,):
        for number in range(5):
            noisy = subprocess.Popen([sys.executable, "-c", sender, str(path)])
            time.sleep(0.4)
            noisy.kill()
            noisy.wait()

            async def send(number: int = number) -> None:
                layer = SQLiteChannelLayer(path)
                await layer.group_send("person", {"type": "message", "number": number, "sent": time.time()})
                await layer.close()

            asyncio.run(send())
        assert [number for number, _ in listener.received()[0]] == [0, 1, 2, 3, 4]
