"""One open page: greeting, live messages, replay, reading; and what it is refused."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from uuid_utils.compat import uuid7

from notifications.models import Notification
from notifications.realtime import broadcast, protocol
from notifications.realtime.consumers import NotificationConsumer
from project.accounts.models import User
from project.asgi import application
from project.settings.backends import channel_layers

pytestmark = pytest.mark.django_db(transaction=True)

EMPTY = {"unread": 0, "unseen": 0}


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)], autouse=True)
async def layer(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> AsyncIterator[Any]:
    """The channel layer of this test: embedded, or on Redis, where a prefix keeps others' messages away."""
    settings.CHANNEL_LAYERS = layers = channel_layers(
        request.getfixturevalue("redis_url") if request.param == "redis" else "", tmp_path
    )
    if request.param == "redis":
        layers["default"]["CONFIG"]["prefix"] = f"test-{uuid7()}"
    layer = get_channel_layer()
    yield layer
    await asyncio.to_thread(broadcast._broadcaster.stop, 5)
    await layer.flush()
    if request.param == "sqlite":
        await layer.close()
    await database_sync_to_async(connections.close_all)()


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha", password="secret")


@pytest.fixture
def ben() -> User:
    return User.objects.create_user("ben", password="secret")


def headers(client: Client, origin: str = "http://testserver") -> list[tuple[bytes, bytes]]:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return [(b"host", b"testserver"), (b"origin", origin.encode()), (b"cookie", cookies.encode())]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class Page:
    """An open page of a person, as a browser would have it."""

    def __init__(self, user: User) -> None:
        self.user = user

    async def __aenter__(self) -> "Page":
        client = await sync_to_async(signed_in)(self.user)
        self.socket = WebsocketCommunicator(application, "/ws/notifications/", headers=headers(client))
        accepted, _ = await self.socket.connect(5)
        assert accepted
        self.hello = await self.next("hello")
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.socket.disconnect(timeout=5)

    async def say(self, **message: Any) -> None:
        await self.socket.send_json_to(message)

    async def next(self, type_: str) -> dict[str, Any]:
        """The next message of that type; fresh counts in between are passed over."""
        while True:
            message: dict[str, Any] = await self.socket.receive_json_from(5)
            if message["type"] == type_:
                return message
            assert message["type"] == "counts", message

    async def resume(self, since: str | UUID | None, **options: Any) -> dict[str, Any]:
        await self.say(type="resume", since=since and str(since), **options)
        return await self.next("replayed")

    async def closed(self) -> int:
        while (event := await self.socket.receive_output(5))["type"] != "websocket.close":
            assert event["type"] == "websocket.send"
        code: int = event["code"]
        return code


def row(user: User, title: str = "Hello", **values: Any) -> Notification:
    values.setdefault("position", uuid7())
    return Notification(recipient=user, type="clinic.reminder", category="appointments", title=title, **values)


def store(user: User, title: str = "Hello", **values: Any) -> Notification:
    """A notification that is in the inbox, pushed at commit."""
    with transaction.atomic():
        stored = row(user, title, **values)
        stored.save()
        transaction.on_commit(lambda: broadcast.push([(user.pk, protocol.new(stored))]))
    return stored


astore = database_sync_to_async(store)


def titles(answer: dict[str, Any]) -> list[str]:
    return [item["title"] for item in answer["items"]]


def moved(position: UUID, **by: float) -> UUID:
    """A position that much later, or earlier."""
    return UUID(int=position.int + (timedelta(**by) // timedelta(milliseconds=1) << 80))


async def test_the_greeting_says_where_the_inbox_stands(asha: User, ben: User) -> None:
    async with Page(asha) as page:
        assert page.hello == {"type": "hello", "version": 1, "cursor": None, "counts": EMPTY}
    await astore(asha, read_at=timezone.now(), seen_at=timezone.now())
    newest = await astore(asha)
    await astore(ben)
    async with Page(asha) as page:
        assert page.hello["cursor"] == str(newest.position)
        assert page.hello["counts"] == {"unread": 1, "unseen": 1}


async def test_a_notification_arrives_at_every_page_of_its_person_and_at_no_other(asha: User, ben: User) -> None:
    async with Page(asha) as phone, Page(asha) as desk, Page(ben) as other:
        stored = await astore(asha, "Your appointment is confirmed")
        for page in (phone, desk):
            live = await page.next("notification")
            assert live["item"] == json.loads(json.dumps(protocol.item(stored)))
            assert (await page.next("counts"))["counts"] == {"unread": 1, "unseen": 1}
        assert await other.socket.receive_nothing(0.3)


async def test_a_burst_causes_one_count(asha: User) -> None:
    async with Page(asha) as page:
        for number in range(10):
            await astore(asha, str(number))
        seen = [await page.socket.receive_json_from(5) for _ in range(11)]
        assert [message["item"]["title"] for message in seen[:10]] == [str(number) for number in range(10)]
        assert seen[10] == {"type": "counts", "counts": {"unread": 10, "unseen": 10}}
        assert await page.socket.receive_nothing(0.5)


async def test_what_was_missed_is_replayed_oldest_first(asha: User, ben: User) -> None:
    old = await astore(asha, "long ago", position=moved(uuid7(), minutes=-5))
    for title in ("one", "two", "three"):
        await astore(asha, title)
    await astore(ben, "of another person")
    await astore(asha, "archived", archived_at=timezone.now())
    await astore(asha, "not in the inbox", position=None)
    async with Page(asha) as page:
        answer = await page.resume(old.position)
        assert titles(answer) == ["long ago", "one", "two", "three"]  # its own too: within the overlap
        assert answer["more"] is False
        assert answer["cursor"] == page.hello["cursor"]
        assert titles(await page.resume(answer["cursor"])) == ["one", "two", "three"]
        assert titles(await page.resume(None)) == ["long ago", "one", "two", "three"]


async def test_a_replay_overlaps_by_five_seconds(asha: User) -> None:
    since = uuid7()
    for title, seconds in (("too old", -5.5), ("within", -4.5), ("after", 0.5)):
        await astore(asha, title, position=moved(since, seconds=seconds))
    async with Page(asha) as page:
        assert titles(await page.resume(since)) == ["within", "after"]
        assert titles(await page.resume(since, exact=True)) == ["after"]


async def test_a_long_absence_is_replayed_in_batches(asha: User) -> None:
    start = uuid7()
    rows = [row(asha, str(number), position=moved(start, milliseconds=number)) for number in range(250)]
    await database_sync_to_async(Notification.objects.bulk_create)(rows)
    async with Page(asha) as page:
        answer, seen, sizes = await page.resume(start), [], []
        while True:
            seen += titles(answer)
            sizes.append(len(answer["items"]))
            if not answer["more"]:
                break
            answer = await page.resume(answer["cursor"], exact=True)
        assert seen == [str(number) for number in range(250)]
        assert sizes == [100, 100, 50]
        assert answer["cursor"] == page.hello["cursor"]


async def test_nothing_is_missed_when_the_earlier_position_is_committed_later(asha: User) -> None:
    """Two transactions: the first takes its position and commits when the second is already read."""
    taken, go_on = threading.Event(), threading.Event()

    def first() -> None:
        late = row(asha, "earlier position, later commit")
        if connection.vendor == "postgresql":  # SQLite has one writer: there the row is written late as well
            with transaction.atomic():
                late.save()
                taken.set()
                go_on.wait(10)
        else:
            taken.set()
            go_on.wait(10)
            late.save()
        connections.close_all()

    transaction_of_its_own = threading.Thread(target=first)
    transaction_of_its_own.start()
    await asyncio.to_thread(taken.wait, 10)
    async with Page(asha) as page:
        second = await astore(asha, "later position, earlier commit")
        cursor = (await page.next("notification"))["item"]["position"]
        assert cursor == str(second.position)
    go_on.set()
    await asyncio.to_thread(transaction_of_its_own.join, 10)
    async with Page(asha) as page:
        assert page.hello["cursor"] == cursor  # by its cursor alone, the page would be up to date
        answer = await page.resume(cursor)
        assert titles(answer) == ["earlier position, later commit", "later position, earlier commit"]


async def test_a_page_marks_its_own_notifications_only(asha: User, ben: User) -> None:
    mine, others = await astore(asha), await astore(ben)
    async with Page(asha) as page, Page(asha) as second:
        await page.say(type="read", ids=[str(mine.pk), str(others.pk), str(uuid7())])
        for each in (page, second):
            counts = (await each.next("counts"))["counts"]
            assert counts == EMPTY
    await database_sync_to_async(mine.refresh_from_db)()
    await database_sync_to_async(others.refresh_from_db)()
    assert mine.read_at is not None
    assert others.read_at is None


async def test_seen_marks_the_named_ones_or_all(asha: User) -> None:
    first, _, _ = [await astore(asha) for _ in range(3)]
    async with Page(asha) as page:
        await page.say(type="seen", ids=[str(first.pk)])
        assert (await page.next("counts"))["counts"] == {"unread": 3, "unseen": 2}
        await page.say(type="seen")
        assert (await page.next("counts"))["counts"] == {"unread": 3, "unseen": 0}


async def test_a_pong_tells_whether_anything_was_missed(asha: User) -> None:
    async with Page(asha) as page:
        await page.say(type="ping")
        assert await page.next("pong") == {"type": "pong", "cursor": None}
        silent = row(asha)  # stored, and its push lost
        await database_sync_to_async(silent.save)()
        await page.say(type="ping")
        assert (await page.next("pong"))["cursor"] == str(silent.position)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_message"),
        ('{"type": "subscribe", "group": "notify.user.1"}', "unknown_type"),
        ('{"type": "resume", "since": "yesterday"}', "bad_cursor"),
        ('{"type": "read", "ids": ["1 OR 1=1"]}', "bad_ids"),
    ],
)
async def test_a_wrong_message_is_answered_and_the_connection_stays(asha: User, text: str, code: str) -> None:
    async with Page(asha) as page:
        await page.socket.send_to(text_data=text)
        answer = await page.next("error")
        assert answer["code"] == code
        assert answer["detail"]
        await page.say(type="ping")
        assert await page.next("pong")


async def test_binary_frames_are_refused(asha: User) -> None:
    async with Page(asha) as page:
        await page.socket.send_to(bytes_data=b"\x00")
        assert await page.closed() == 1003


async def test_large_messages_are_refused(asha: User) -> None:
    async with Page(asha) as page:
        await page.socket.send_to(text_data=json.dumps({"type": "ping", "padding": "é" * 8_200}, ensure_ascii=False))
        assert await page.closed() == 1009


async def test_a_flood_is_cut_off_and_what_follows_it_ignored(asha: User) -> None:
    async with Page(asha) as page:
        for _ in range(NotificationConsumer.burst + 20):
            await page.say(type="nonsense")
        assert await page.closed() == 4429
        await page.say(type="ping")
        await astore(asha)
        assert await page.socket.receive_nothing(0.3)


async def test_who_is_not_signed_in_is_told_so() -> None:
    socket = WebsocketCommunicator(application, "/ws/notifications/", headers=headers(Client()))
    assert (await socket.connect(5))[0]
    assert await socket.receive_output(5) == {"type": "websocket.close", "code": 4401}
    await socket.send_json_to({"type": "ping"})
    assert await socket.receive_nothing(0.2)
    await socket.disconnect()


async def test_a_session_that_ended_opens_nothing(asha: User) -> None:
    client = await sync_to_async(signed_in)(asha)
    before = headers(client)
    await sync_to_async(client.logout)()
    socket = WebsocketCommunicator(application, "/ws/notifications/", headers=before)
    assert (await socket.connect(5))[0]
    assert (await socket.receive_output(5))["code"] == 4401
    await socket.disconnect()


async def test_a_page_of_another_site_is_refused(asha: User) -> None:
    client = await sync_to_async(signed_in)(asha)
    evil = headers(client, origin="https://evil.example")
    for each in (evil, [pair for pair in evil if pair[0] != b"origin"]):
        socket = WebsocketCommunicator(application, "/ws/notifications/", headers=each)
        assert (await socket.connect(5))[0] is False
        await socket.disconnect()


async def test_nothing_is_left_of_a_closed_page(asha: User, layer: Any) -> None:
    def members() -> dict[str, Any]:
        groups: dict[str, Any] = layer._mailbox()._groups if hasattr(layer, "_mailboxes") else layer.groups
        return groups

    async with Page(asha):
        assert [group.endswith(broadcast.group_of(asha.pk)) for group in members()] == [True]
    assert members() == {}
