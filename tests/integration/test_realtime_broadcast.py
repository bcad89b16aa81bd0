"""Pushing costs its caller nothing, whatever state the channel layer is in."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from pytest_django import Settings

from notifications.realtime import broadcast

MESSAGE = {"type": "changed"}
SQLITE = "notifications.realtime.sqlite_layer.SQLiteChannelLayer"


@pytest.fixture(autouse=True)
def path(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A channel layer and a broadcaster of the test's own."""
    path = tmp_path / "channels.sqlite3"
    use(settings, path)
    broadcast._start_afresh()
    yield path
    broadcast._broadcaster.stop(5)
    asyncio.run(close())


def use(settings: Settings, path: Path) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": SQLITE, "CONFIG": {"path": str(path)}}}


async def close() -> None:
    if layer := get_channel_layer():
        await layer.close()


async def receive(layer: Any, channel: str) -> Mapping[str, Any]:
    async with asyncio.timeout(3):
        message: Mapping[str, Any] = await layer.receive(channel)
        return message


def stored(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        (number,) = connection.execute("SELECT count(*) FROM grouped").fetchone()
        return int(number)
    finally:
        connection.close()


async def test_a_message_reaches_the_pages_of_its_person_only() -> None:
    layer = get_channel_layer()
    mine, others = await layer.new_channel(), await layer.new_channel()
    await layer.group_add(broadcast.group_of(7), mine)
    await layer.group_add(broadcast.group_of(70), others)
    broadcast.push([(7, MESSAGE)])
    assert await receive(layer, mine) == {"type": "inbox.event", "message": MESSAGE}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await layer.receive(others)


def test_a_large_batch_is_handed_over_completely(path: Path) -> None:
    broadcast.push((number, MESSAGE) for number in range(1700))
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(10)
    assert stored(path) == 1701
    assert broadcast.dropped() == 0


def test_pushing_does_not_wait(path: Path) -> None:
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    started = time.perf_counter()
    for number in range(100):
        broadcast.push([(number, MESSAGE)])
    assert time.perf_counter() - started < 0.2
    assert not broadcast.flush(0.05)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert broadcast.flush(5)
    assert stored(path) == 101


def test_a_full_queue_drops_and_counts(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    broadcast.push([(1, MESSAGE)] * (broadcast.CAPACITY + 500))
    broadcast.push([(1, MESSAGE)] * 10)
    assert broadcast.dropped() == 510
    assert [each.message for each in caplog.records] == [
        "Live messages are not pushed: the queue is full. They stand in the inbox; retrying quietly"
    ]
    blocker.execute("ROLLBACK")
    blocker.close()


def test_an_outage_is_logged_once_and_ends_by_itself(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="notifications.realtime.broadcast")
    use(settings, tmp_path)  # a folder: it cannot be opened
    for _ in range(5):
        broadcast.push([(1, MESSAGE), (2, MESSAGE)])
        assert broadcast.flush(5)
    assert broadcast.dropped() == 10
    assert [each.levelname for each in caplog.records] == ["ERROR"]
    assert "unable to open database file" in caplog.text
    use(settings, tmp_path / "good.sqlite3")
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    assert stored(tmp_path / "good.sqlite3") == 1
    assert [each.levelname for each in caplog.records] == ["ERROR", "INFO"]
    assert caplog.records[1].message == "Live messages are pushed again; 10 were dropped since the start"


def test_nothing_is_raised(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    broadcast.push((1, MESSAGE) for _ in [1, 2] if 1 / 0)
    assert "division by zero" in caplog.text
    settings.CHANNEL_LAYERS = {}
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    assert 'CHANNEL_LAYERS has no "default"' in caplog.text
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "no.such.Layer"}}
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    broadcast.push([])
    assert broadcast.flush(0)
    settings.CHANNEL_LAYERS = {}


def test_a_forked_child_pushes_by_itself(path: Path) -> None:
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    pid = os.fork()
    if pid == 0:
        broadcast.push([(2, MESSAGE)])
        os._exit(0 if broadcast.flush(5) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert stored(path) == 2


def test_a_process_that_ends_hands_over_what_it_pushed(path: Path) -> None:
    program = f"""
import django
from django.conf import settings
settings.configure(CHANNEL_LAYERS={django_settings.CHANNEL_LAYERS!r})
django.setup()
from notifications.realtime import broadcast
broadcast.push((number, {{"type": "changed"}}) for number in range(1000))
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=30)
    assert stored(path) == 1000


def test_a_process_whose_layer_hangs_ends_all_the_same(path: Path) -> None:
    broadcast.push([(1, MESSAGE)])
    assert broadcast.flush(5)
    program = f"""
import time, django
from django.conf import settings
settings.configure(CHANNEL_LAYERS={django_settings.CHANNEL_LAYERS!r})
django.setup()
from notifications.realtime import broadcast
broadcast.push([(1, {{"type": "changed"}})])
"""
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=15)
    finally:
        blocker.close()
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr


def test_importing_it_loads_no_models() -> None:
    program = (
        "import sys; from notifications.realtime import broadcast; assert 'notifications.models' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_groups_are_valid_and_distinct_for_any_primary_key() -> None:
    layer = get_channel_layer()
    keys = [7, "7 ", "é", "a" * 100, "a" * 101, "0198c0de-0000-7000-8000-000000000001", "a@example.org", ""]
    groups = [broadcast.group_of(key) for key in keys]
    assert all(layer.require_valid_group_name(group) for group in groups)
    assert len(set(groups)) == len(keys)
