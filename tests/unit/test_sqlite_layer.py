"""The embedded channel layer keeps the contract of Django Channels, in one process."""

import asyncio
import os
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from channels.exceptions import ChannelFull

from notifications.realtime.sqlite_layer import SQLiteChannelLayer

MESSAGE = {"type": "test.message", "text": "Ahoy-hoy!"}


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[SQLiteChannelLayer]:
    layer = SQLiteChannelLayer(tmp_path / "var" / "channels.sqlite3", capacity=3)
    yield layer
    await layer.flush()
    await layer.close()


async def within(seconds: float, layer: SQLiteChannelLayer, channel: str) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        return await layer.receive(channel)


async def assert_silent(layer: SQLiteChannelLayer, channel: str, seconds: float = 0.25) -> None:
    with pytest.raises(TimeoutError):
        await within(seconds, layer, channel)


def rows(layer: SQLiteChannelLayer, table: str) -> int:
    connection = sqlite3.connect(layer._file.path)
    try:
        (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(number)
    finally:
        connection.close()


async def test_what_is_sent_to_a_channel_is_received_in_order(layer: SQLiteChannelLayer) -> None:
    for number in range(3):
        await layer.send("work", {"type": f"message.{number}"})
    assert [(await within(1, layer, "work"))["type"] for _ in range(3)] == [
        "message.0",
        "message.1",
        "message.2",
    ]
    assert rows(layer, "direct") == 0


async def test_all_types_of_value_of_the_specification_arrive_as_they_were(layer: SQLiteChannelLayer) -> None:
    message = {
        "type": "a",
        "bytes": b"\x00\xff",
        "list": [1, 2.5, None, True, {"é": "\u0000😀"}],
        "nested": {"b": b""},
    }
    await layer.send("work", message)
    assert await within(1, layer, "work") == message


async def test_a_value_that_cannot_be_sent_is_named(layer: SQLiteChannelLayer) -> None:
    with pytest.raises(TypeError, match="cannot hold a set: only what JSON knows, and bytes"):
        await layer.send("work", {"type": "a", "value": {1}})
    with pytest.raises(TypeError, match="A message is a dict, not list"):
        await layer.group_send("group", [MESSAGE])  # type: ignore[arg-type]


async def test_a_receiver_gets_what_is_sent_while_it_waits(layer: SQLiteChannelLayer) -> None:
    waiting = asyncio.create_task(within(2, layer, "work"))
    await asyncio.sleep(0.15)
    await layer.send("work", MESSAGE)
    assert await waiting == MESSAGE


async def test_of_several_receivers_each_message_goes_to_one(layer: SQLiteChannelLayer) -> None:
    waiting = [asyncio.create_task(within(2, layer, "work")) for _ in range(3)]
    await asyncio.sleep(0.02)
    for number in range(3):
        await layer.send("work", {"type": f"message.{number}"})
    assert {message["type"] for message in await asyncio.gather(*waiting)} == {
        "message.0",
        "message.1",
        "message.2",
    }


async def test_a_message_handed_to_a_cancelled_receiver_goes_to_the_next(layer: SQLiteChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    waiting = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    future = layer._mailbox()._waiting[channel][0]
    await layer.group_send("group", MESSAGE)
    while not future.done():
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await within(1, layer, channel) == MESSAGE


async def test_a_full_channel_refuses(layer: SQLiteChannelLayer) -> None:
    for _ in range(3):
        await layer.send("work", MESSAGE)
    with pytest.raises(ChannelFull):
        await layer.send("work", MESSAGE)
    await layer.send("other", MESSAGE)


async def test_capacities_by_pattern(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3", channel_capacity={"small.*": 1})
    await layer.send("small.one", MESSAGE)
    with pytest.raises(ChannelFull):
        await layer.send("small.one", MESSAGE)
    await layer.send("large", MESSAGE)
    await layer.send("large", MESSAGE)
    await layer.close()


async def test_new_channels_are_valid_distinct_and_private(layer: SQLiteChannelLayer) -> None:
    one, other = await layer.new_channel(), await layer.new_channel("http.request")
    assert one != other
    assert layer.require_valid_channel_name(one)
    assert layer.require_valid_channel_name(other)
    await layer.send(one, MESSAGE)
    assert await within(1, layer, one) == MESSAGE
    await assert_silent(layer, other)


@pytest.mark.parametrize("name", ["", "with space", "x" * 100, "ümlaut", "a!b!c", 7])
async def test_wrong_names_are_refused(layer: SQLiteChannelLayer, name: Any) -> None:
    with pytest.raises(TypeError, match="Channel name must be a valid"):
        await layer.send(name, MESSAGE)
    with pytest.raises(TypeError, match="Channel name must be a valid"):
        await layer.receive(name)
    with pytest.raises(TypeError, match="Group name must be a valid"):
        await layer.group_send(name, MESSAGE)


@pytest.mark.parametrize("named", [True, False], ids=["general channels", "channels of this loop"])
async def test_members_of_a_group_get_its_messages(layer: SQLiteChannelLayer, named: bool) -> None:
    first, left, third = [f"channel.{n}" if named else await layer.new_channel() for n in range(3)]
    for channel in (first, left, third):
        await layer.group_add("group", channel)
    await layer.group_discard("group", left)
    await layer.group_discard("group", "never.there")
    await layer.group_send("group", MESSAGE)
    assert await within(1, layer, first) == MESSAGE
    assert await within(1, layer, third) == MESSAGE
    await assert_silent(layer, left)


async def test_a_member_added_twice_gets_a_message_once(layer: SQLiteChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.group_add("group", channel)
    await layer.group_send("group", MESSAGE)
    assert await within(1, layer, channel) == MESSAGE
    await assert_silent(layer, channel)


async def test_a_member_gets_nothing_that_was_sent_before_it_joined(layer: SQLiteChannelLayer) -> None:
    early, late = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("group", early)
    await layer.group_send("group", MESSAGE)
    await layer.group_add("group", late)
    assert await within(1, layer, early) == MESSAGE
    await assert_silent(layer, late)


async def test_a_message_to_a_thousand_members_is_one_row(layer: SQLiteChannelLayer) -> None:
    members = [await layer.new_channel() for _ in range(1000)]
    for channel in members:
        await layer.group_add("group", channel)
    await layer.group_send("group", MESSAGE)
    assert rows(layer, "grouped") == 1
    assert rows(layer, "direct") == 0
    assert await asyncio.gather(*(within(3, layer, channel) for channel in members)) == [MESSAGE] * 1000


async def test_receivers_do_not_share_what_they_received(layer: SQLiteChannelLayer) -> None:
    one, other = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("group", one)
    await layer.group_add("group", other)
    await layer.group_send("group", {"type": "a", "list": [1]})
    (await within(1, layer, one))["list"].append(2)
    assert (await within(1, layer, other))["list"] == [1]


async def test_a_full_member_loses_the_oldest_and_no_error_is_raised(layer: SQLiteChannelLayer) -> None:
    slow = await layer.new_channel()
    await layer.group_add("group", slow)
    waiting = asyncio.create_task(layer.receive("keeps.the.loop.looking"))
    for number in range(5):
        await layer.group_send("group", {"type": f"message.{number}"})
    await asyncio.sleep(0.1)
    assert [(await within(1, layer, slow))["type"] for _ in range(3)] == [
        "message.2",
        "message.3",
        "message.4",
    ]
    waiting.cancel()


async def test_messages_expire_unread(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3", expiry=0.1)
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.send("work", MESSAGE)
    await layer.group_send("group", MESSAGE)
    await asyncio.sleep(0.15)
    await assert_silent(layer, "work")
    await assert_silent(layer, channel)
    await layer.close()


async def test_a_channel_that_lets_messages_expire_leaves_its_groups(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3", expiry=0.1)
    dead, alive = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("group", dead)
    await layer.group_add("group", alive)
    await layer.group_send("group", MESSAGE)
    assert await within(1, layer, alive) == MESSAGE
    await asyncio.sleep(0.15)
    await layer.group_send("group", MESSAGE)
    assert await within(1, layer, alive) == MESSAGE
    mailbox = layer._mailbox()
    assert set(mailbox._groups["group"]) == {alive}
    assert not mailbox._queues
    await layer.close()


async def test_memberships_expire(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3", group_expiry=0.1)
    channel = await layer.new_channel()
    for name in (channel, "general"):
        await layer.group_add("group", name)
    await asyncio.sleep(0.15)
    await layer.group_send("group", MESSAGE)  # read, and cleaned up after
    await assert_silent(layer, "general")
    assert "group" not in layer._mailbox()._groups
    await layer.close()


async def test_old_rows_are_deleted(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3", expiry=0.1)
    for number in range(50):
        await layer.group_send("group", MESSAGE)
        await layer.send(f"channel.{number}", MESSAGE)
    await asyncio.sleep(0.6)
    await layer.group_send("group", MESSAGE)
    assert (rows(layer, "grouped"), rows(layer, "direct")) == (1, 0)
    await layer.close()


async def test_flush_forgets_messages_and_groups(layer: SQLiteChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.group_add("group", "general")
    await layer.send("general", MESSAGE)
    await layer.flush()
    await layer.group_send("group", MESSAGE)
    await assert_silent(layer, channel)
    await assert_silent(layer, "general")


async def test_nothing_looks_at_the_file_when_nobody_waits(layer: SQLiteChannelLayer) -> None:
    await layer.send("work", MESSAGE)
    await within(1, layer, "work")
    await asyncio.sleep(0.15)
    assert layer._mailbox()._timer is None


async def test_a_deleted_file_is_replaced_and_members_stay(layer: SQLiteChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    for _ in range(2):
        await layer.group_send("group", MESSAGE)
        assert await within(1, layer, channel) == MESSAGE
    waiting = asyncio.create_task(within(2, layer, channel))
    await asyncio.sleep(0.1)
    layer._file.path.unlink()
    await layer.group_send("group", {"type": "after"})
    assert await waiting == {"type": "after"}


async def test_a_deleted_folder_is_made_again(layer: SQLiteChannelLayer) -> None:
    await layer.send("work", MESSAGE)
    for file in layer._file.path.parent.iterdir():
        file.unlink()
    layer._file.path.parent.rmdir()
    await layer.send("work", MESSAGE)
    assert await within(1, layer, "work") == MESSAGE


async def test_a_damaged_file_is_put_aside(layer: SQLiteChannelLayer) -> None:
    path = layer._file.path
    path.parent.mkdir()
    path.write_bytes(b"this is no database " * 100)
    await layer.send("work", MESSAGE)
    assert await within(1, layer, "work") == MESSAGE
    assert path.with_name(path.name + ".broken").read_bytes().startswith(b"this is no database")


async def test_a_file_that_cannot_be_opened_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path)  # a folder
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        await layer.send("work", MESSAGE)


async def test_the_file_is_private(layer: SQLiteChannelLayer) -> None:
    await layer.send("work", MESSAGE)
    assert stat.S_IMODE(layer._file.path.stat().st_mode) == 0o600


async def test_a_held_file_does_not_stall_the_loop(layer: SQLiteChannelLayer) -> None:
    await layer.send("other", MESSAGE)
    blocker = sqlite3.connect(layer._file.path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    waiting = asyncio.create_task(within(3, layer, "work"))
    sending = asyncio.create_task(layer.send("work", MESSAGE))
    longest, before = 0.0, time.perf_counter()
    for _ in range(100):
        await asyncio.sleep(0.002)
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    assert longest < 0.1
    assert not sending.done()
    blocker.execute("ROLLBACK")
    blocker.close()
    await sending
    assert await waiting == MESSAGE


def test_several_loops_of_a_process_each_have_their_members(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3")
    ready, received = threading.Barrier(4), []

    async def listen() -> None:
        channel = await layer.new_channel()
        await layer.group_add("group", channel)
        ready.wait(5)
        received.append(await within(3, layer, channel))

    threads = [threading.Thread(target=asyncio.run, args=(listen(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(5)
    asyncio.run(layer.group_send("group", MESSAGE))
    for thread in threads:
        thread.join(5)
    assert received == [MESSAGE] * 3
    asyncio.run(layer.new_channel())
    asyncio.run(layer.new_channel())
    assert len(layer._mailboxes) == 1  # those of closed loops are gone
    asyncio.run(layer.close())


def test_a_forked_child_uses_connections_of_its_own(tmp_path: Path) -> None:
    layer = SQLiteChannelLayer(tmp_path / "c.sqlite3")
    asyncio.run(layer.send("work", {"type": "parent"}))
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(layer.send("work", {"type": "child"}))
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

    async def both() -> list[str]:
        return [(await within(1, layer, "work"))["type"] for _ in range(2)]

    assert asyncio.run(both()) == ["parent", "child"]
    asyncio.run(layer.close())
