"""The browser client against a real server: live, interrupted, offline, signed out; each notification once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from django.db import connections, transaction
from django.test import Client
from playwright.async_api import Page, Route, WebSocketRoute, async_playwright
from uuid_utils.compat import uuid7

from notifications.models import Notification
from notifications.realtime import broadcast, protocol
from project.accounts.models import User
from tests.services.web import WebServer, web_server

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROGRAM = """
import { InboxClient } from "/inbox-client.js";
window.log = [];
window.inbox = new InboxClient(window.options ?? {});
for (const type of ["notification", "counts", "state", "error"]) {
  inbox.addEventListener(type, ({ detail }) => log.push([type, detail]));
}
inbox.connect();
"""


@pytest.fixture
def server(transactional_db: None) -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha", password="secret")


@pytest.fixture
async def page(server: WebServer, asha: User, chromium: str) -> AsyncIterator[Page]:
    """A browser tab with a signed-in person."""
    client = Client()
    await sync_to_async(client.force_login)(asha)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = await browser.new_context(bypass_csp=True)
        await context.add_cookies(
            [{"name": name, "value": cookie.value, "url": server.origin} for name, cookie in client.cookies.items()]
        )
        page = await context.new_page()
        script = finders.find("notifications/inbox-client.js")
        assert isinstance(script, str)

        async def static(route: Route) -> None:
            await route.fulfill(body=Path(script).read_text(), content_type="text/javascript")

        await page.route("**/inbox-client.js", static)
        yield page
        await browser.close()
    await asyncio.to_thread(broadcast._broadcaster.stop, 5)
    await get_channel_layer().close()
    await database_sync_to_async(connections.close_all)()


def store(user: User, title: str, push: bool = True) -> str:
    with transaction.atomic():
        row = Notification(recipient=user, type="a", category="b", title=title, position=uuid7())
        row.save()
        if push:
            transaction.on_commit(lambda: broadcast.push([(user.pk, protocol.new(row))]))
    return str(row.pk)


astore = database_sync_to_async(store)


async def visit(page: Page, server: WebServer) -> None:
    """Start the client on a page of the site: its "not found" will do."""
    await page.goto(server.origin + "/blank")
    await page.add_script_tag(content=PROGRAM, type="module")
    await state(page, "online")


async def until(page: Page, condition: str, seconds: float = 15) -> None:
    await page.wait_for_function(condition, timeout=seconds * 1000)


async def state(page: Page, wanted: str, seconds: float = 15) -> None:
    await until(page, f"window.inbox?.state === '{wanted}'", seconds)


async def titles(page: Page) -> list[str]:
    received: list[str] = await page.evaluate("log.filter(([t]) => t === 'notification').map(([, d]) => d.title)")
    return received


async def of(page: Page, type_: str) -> list[Any]:
    details: list[Any] = await page.evaluate(f"log.filter(([t]) => t === '{type_}').map(([, d]) => d)")
    return details


async def test_notifications_and_counts_arrive_live(page: Page, server: WebServer, asha: User) -> None:
    await visit(page, server)
    key = await astore(asha, "Confirmed")
    await until(page, "log.some(([t, d]) => t === 'counts' && d.unread === 1)")
    assert await titles(page) == ["Confirmed"]
    assert await page.evaluate(f"inbox.markRead(['{key}'])") is True
    await until(page, "log.filter(([t, d]) => t === 'counts' && d.unread === 0).length === 2")
    assert await of(page, "state") == ["connecting", "online"]
    assert await of(page, "error") == []


async def test_what_was_missed_while_the_server_was_down_comes_once(page: Page, server: WebServer, asha: User) -> None:
    await visit(page, server)
    await astore(asha, "before")
    await until(page, "log.some(([t]) => t === 'notification')")
    await asyncio.to_thread(server.kill)
    await state(page, "offline")
    for number in range(120):  # more than a batch
        await astore(asha, f"missed {number}")
    await asyncio.to_thread(server.start)
    await until(page, "log.filter(([t]) => t === 'notification').length >= 121", 40)
    await astore(asha, "after")
    await until(page, "log.some(([t, d]) => t === 'notification' && d.title === 'after')")
    assert await titles(page) == ["before", *(f"missed {number}" for number in range(120)), "after"]


async def test_a_lost_push_is_found_when_the_page_is_looked_at_again(page: Page, server: WebServer, asha: User) -> None:
    await visit(page, server)
    await astore(asha, "lost", False)
    await astore(asha, "pushed")
    await until(page, "log.some(([t]) => t === 'notification')")
    assert await titles(page) == ["pushed"]
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await until(page, "log.filter(([t]) => t === 'notification').length === 2")
    assert await titles(page) == ["pushed", "lost"]


async def test_back_online_it_connects_at_once(page: Page, server: WebServer, asha: User) -> None:
    await page.add_init_script("Math.random = () => 0.999")  # the longest waits
    await visit(page, server)
    await page.context.set_offline(True)
    await state(page, "offline")
    await astore(asha, "meanwhile")
    await asyncio.sleep(4)  # a few attempts in vain: the next is far off
    await page.context.set_offline(False)
    await until(page, "log.some(([t]) => t === 'notification')", 2)
    assert await titles(page) == ["meanwhile"]


async def test_signed_out_it_stops(page: Page, server: WebServer, asha: User) -> None:
    await visit(page, server)
    await database_sync_to_async(Session.objects.all().delete)()
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await state(page, "signed-out", 30)
    assert (await of(page, "state"))[-1] == "signed-out"


async def test_a_page_that_shows_some_already_is_told_of_the_others(page: Page, server: WebServer, asha: User) -> None:
    shown = await astore(asha, "shown", False)
    await astore(asha, "came while the page was loading", False)
    position = await database_sync_to_async(lambda: str(Notification.objects.get(pk=shown).position))()
    await page.add_init_script(f"window.options = {{ cursor: '{position}', known: ['{shown}'] }}")
    await visit(page, server)
    await until(page, "log.some(([t]) => t === 'notification')")
    assert await titles(page) == ["came while the page was loading"]


async def test_a_connection_that_went_dead_is_replaced(page: Page, server: WebServer, asha: User) -> None:
    """Nothing is closed and nothing answers any more, as behind a router that forgot the connection."""
    dead = asyncio.Event()
    opened = 0

    def between(page_side: WebSocketRoute) -> None:
        nonlocal opened
        opened += 1
        first = opened == 1
        server_side = page_side.connect_to_server()
        page_side.on_message(lambda data: None if first and dead.is_set() else server_side.send(data))
        server_side.on_message(lambda data: None if first and dead.is_set() else page_side.send(data))

    await page.route_web_socket("**/ws/notifications/", between)
    await page.clock.install()
    await visit(page, server)
    dead.set()
    await astore(asha, "into the void")
    await page.clock.run_for(25_000 + 10_000 + 1_000)  # a ping, no pong, a new connection
    await until(page, "log.some(([t]) => t === 'notification')")
    assert opened == 2
    assert await titles(page) == ["into the void"]


async def test_closed_it_stays_closed(page: Page, server: WebServer, asha: User) -> None:
    await visit(page, server)
    await page.evaluate("inbox.close()")
    await page.evaluate("dispatchEvent(new Event('online'))")
    assert await page.evaluate("[inbox.state, inbox.markRead(['x'])]") == ["closed", False]
