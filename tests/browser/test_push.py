"""Web Push in Chromium: the offer, the subscription, and the service worker that shows what arrives (P3).

Chromium's own push service is out of reach here. Where a test subscribes, `PushManager` hands out the subscription of
a receiver in this process, which decrypts what the real provider sends; and Chromium's own tools hand that to the real
service worker, as its push service would.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connections
from playwright.async_api import BrowserContext, Page, Worker, async_playwright, expect

from notifications.models import ContactPoint
from notifications.providers.registry import get_provider
from notifications.providers.transport import vapid
from notifications.providers.webpush import WebPushProvider
from notifications.services import contact_points, notify
from notifications.testing import deliver_all
from project.accounts.models import User
from tests.app.notifications import Everywhere
from tests.browser.push_settings import with_web_push
from tests.browser.site import ARGUMENTS, serve_static, sign_in
from tests.clinic import make_appointment, make_patient
from tests.contract.webpush_server import WebPushServer
from tests.services.web import WebServer, web_server

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

KEY = vapid.generate()
HOME, SETTINGS = "/appointments/", "/account/addresses/"
# Stands for the browser's push service, which hands out endpoints.
PUSH_SERVICE = """(() => {
  let current = JSON.parse(sessionStorage.getItem("subscription"));
  const wrap = (json) => json && {
    endpoint: json.endpoint,
    options: { applicationServerKey: Uint8Array.from(json.key).buffer },
    toJSON: () => ({ endpoint: json.endpoint, expirationTime: null, keys: json.keys }),
    unsubscribe: async () => { keep(null); return true; },
  };
  const keep = (json) => { current = json; sessionStorage.setItem("subscription", JSON.stringify(json)); };
  PushManager.prototype.getSubscription = async () => wrap(current);
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error("Chromium demands userVisibleOnly");
    if (!current) {
      const text = atob(applicationServerKey.replaceAll("-", "+").replaceAll("_", "/"));
      keep({ ...%s, key: [...text].map((each) => each.charCodeAt(0)) });
    }
    return wrap(current);
  };
  const ask = Notification.requestPermission.bind(Notification);
  window.asked = 0;
  Notification.requestPermission = () => { window.asked += 1; return ask(); };
})()"""


@pytest.fixture
def receiver() -> Iterator[WebPushServer]:
    server = WebPushServer(vapid.public_text(KEY))
    yield server
    server.close()


@pytest.fixture
def server(transactional_db: None, receiver: WebPushServer, settings: Any) -> Iterator[WebServer]:
    """The site, whose provider and ours send to the receiver."""
    private, host = vapid.private_text(KEY), f"127.0.0.1:{receiver.port}"
    settings.NOTIFICATIONS = with_web_push(settings.NOTIFICATIONS, private, host)
    extra = {"DJANGO_SETTINGS_MODULE": "tests.browser.push_settings", "VAPID_PRIVATE_KEY": private, "PUSH_HOST": host}
    with web_server(**extra) as server:
        yield server
    provider = get_provider("webpush")
    assert isinstance(provider, WebPushProvider)
    provider.close()


@pytest.fixture
def asha(transactional_db: None) -> User:
    patient = make_patient(device="")
    make_appointment(patient=patient)
    user: User = patient.user
    return user


@pytest.fixture
async def context(server: WebServer, asha: User, chromium: str) -> AsyncIterator[BrowserContext]:
    """A browser in which Asha is signed in, and has not been asked for anything yet."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = await browser.new_context(base_url=server.origin, locale="en-GB")
        await serve_static(context)
        await sign_in(context, asha, server.origin)
        yield context
        await browser.close()
    await database_sync_to_async(connections.close_all)()


@pytest.fixture
async def page(context: BrowserContext, receiver: WebPushServer) -> Page:
    """A tab whose browser has a push service."""
    subscription = json.loads(receiver.subscribe().partition(":")[2])
    await context.add_init_script(PUSH_SERVICE % json.dumps(subscription))
    return await context.new_page()


@sync_to_async
def devices() -> list[ContactPoint]:
    return list(ContactPoint.objects.filter(channel="push").select_related("user").order_by("pk"))


async def allow(context: BrowserContext) -> None:
    await context.grant_permissions(["notifications"])


async def switch_on(page: Page, path: str = SETTINGS) -> None:
    await page.goto(path)
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("Your messages will be shown on this device")).to_be_visible()


async def worker_of(page: Page) -> Worker:
    """The active service worker of the site."""
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    found = page.context.service_workers
    return found[0] if found else await page.context.wait_for_event("serviceworker")


async def deliver(page: Page, data: str) -> None:
    """Hand a message to the service worker, as the browser's push service does."""
    session = await page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    await session.send("ServiceWorker.enable")
    for _ in range(100):
        if registrations:
            break
        await asyncio.sleep(0.05)
    origin = await page.evaluate("location.origin")
    message = {"origin": origin, "registrationId": registrations[0]["registrationId"], "data": data}
    await session.send("ServiceWorker.deliverPushMessage", message)
    await session.detach()


async def shown(page: Page, number: int = 1) -> list[dict[str, Any]]:
    """The notifications on the screen."""
    script = """async (number) => {
      const registration = await navigator.serviceWorker.ready;
      for (let tries = 0; tries < 100; tries += 1) {
        const found = await registration.getNotifications();
        if (found.length >= number) return found.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return [];
    }"""
    found: list[dict[str, Any]] = await page.evaluate(script, number)
    return found


async def test_a_message_travels_from_notify_to_the_screen(
    page: Page, receiver: WebPushServer, asha: User, server: WebServer
) -> None:
    await allow(page.context)
    await switch_on(page, HOME)
    (device,) = await devices()
    assert (device.user, device.label) == (asha, "Chrome, Linux")

    @sync_to_async
    def send() -> Any:
        (notification,) = notify(Everywhere(text="Größe 🎈"), to=asha)
        deliver_all()
        return notification.pk

    pk = await send()
    (push,) = receiver.pushes
    await deliver(page, json.dumps(push.content))
    (notification,) = await shown(page)
    assert (notification["title"], notification["body"]) == ("Größe 🎈", "Push: Größe 🎈")
    assert notification["data"] == {"link": "http://localhost:8000/visits/", "notification_id": str(pk)}
    assert notification["tag"] == push.content["tag"]


async def test_what_cannot_be_read_is_shown_in_neutral_words(page: Page) -> None:
    await allow(page.context)
    await switch_on(page)
    unreadable = ["", "no JSON", "null", "[]", '"text"', '{"title": 5}', '{"title": "", "body": "x"}']
    for data in unreadable:
        await deliver(page, data)
    notifications = await shown(page, len(unreadable))
    assert [(each["title"], each["body"]) for each in notifications] == [
        ("You have a new message", "Sign in to read it.")
    ] * len(unreadable)


async def test_a_second_message_of_the_same_tag_takes_the_place_of_the_first(page: Page) -> None:
    await allow(page.context)
    await switch_on(page)
    for title, tag in (("first", "a"), ("other", "b"), ("second", "a")):
        await deliver(page, json.dumps({"title": title, "tag": tag}))
        await shown(page, 1 if title == "first" else 2)
    await page.wait_for_function(
        "navigator.serviceWorker.ready.then((r) => r.getNotifications())"
        ".then((all) => all.map(({ title }) => title).sort().join() === 'other,second')"
    )


async def test_a_click_opens_pages_of_this_site_only(page: Page, server: WebServer) -> None:
    await allow(page.context)
    await switch_on(page)
    worker, here = await worker_of(page), server.origin
    for link, opened in (
        ("/visits/", "/visits/"),
        (f"{here}/visits/?a=1", "/visits/?a=1"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ):
        await deliver(page, json.dumps({"title": "x", "link": link}))
        await shown(page)
        assert await click(worker) == [f"open {here}{opened}"], link


async def test_a_click_goes_to_the_tab_that_has_the_page_open(page: Page, server: WebServer) -> None:
    await allow(page.context)
    await switch_on(page)
    await deliver(page, json.dumps({"title": "x", "link": SETTINGS}))
    await shown(page)
    assert await click(await worker_of(page)) == [f"focus {server.origin}{SETTINGS}"]


async def click(worker: Worker) -> list[str]:
    """Click the notification, and say what the worker opened; the browser itself opens nothing without a hand."""
    script = """async () => {
      const done = [];
      self.clients.openWindow = async (url) => done.push(`open ${url}`);
      WindowClient.prototype.focus = async function () { done.push(`focus ${this.url}`); };
      const [notification] = await self.registration.getNotifications();
      const waits = [];
      const event = new NotificationEvent("notificationclick", { notification });
      event.waitUntil = (promise) => waits.push(promise);
      self.dispatchEvent(event);
      await Promise.all(waits);
      if ((await self.registration.getNotifications()).length) done.push("still shown");
      return done;
    }"""
    found: list[str] = await worker.evaluate(script)
    return found


# The offer.


async def test_nothing_is_asked_before_a_click(page: Page) -> None:
    await page.goto(HOME)
    await expect(page.get_by_text("Be told at once when one of them")).to_be_visible()
    assert await page.evaluate("window.asked") == 0
    assert await devices() == []


async def test_without_an_appointment_nothing_is_offered(page: Page, asha: User, server: WebServer) -> None:
    other = await sync_to_async(make_patient)(device="")
    await sign_in(page.context, other.user, server.origin)
    await page.goto(HOME)
    await expect(page.get_by_text("You have no appointments yet")).to_be_visible()
    await expect(page.get_by_role("button", name="Switch on")).to_have_count(0)


async def test_not_now_is_remembered(page: Page) -> None:
    await page.goto(HOME)
    await page.get_by_role("button", name="Not now").click()
    offer = page.locator("[data-push-offer]")
    await expect(offer).to_be_hidden()
    await page.reload()
    await page.wait_for_selector("[data-push-offer][data-state=default]", state="attached")
    await expect(offer).to_be_hidden()
    assert await page.evaluate("window.asked") == 0
    await page.goto(SETTINGS)
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible()


async def test_who_refuses_is_told_how_to_undo_it(page: Page) -> None:
    await page.goto(HOME)
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("Messages are blocked in this browser").last).to_be_visible()
    assert await devices() == []


async def test_a_browser_that_cannot_reach_its_push_service_says_so(
    server: WebServer, asha: User, chromium: str, tmp_path: Path
) -> None:
    """Here Chromium is left as it is, with a profile, without which it refuses: `subscribe` fails for real."""
    nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=chromium, args=[*ARGUMENTS, nowhere], base_url=server.origin
        )
        await serve_static(context)
        await sign_in(context, asha, server.origin)
        await allow(context)
        page = await context.new_page()
        await page.goto(SETTINGS)
        await page.get_by_role("button", name="Switch on").click()
        await expect(page.get_by_text("cannot reach its push service")).to_be_visible(timeout=30_000)
        await expect(page.get_by_role("button", name="Switch on")).to_be_visible()
        assert await devices() == []
        await context.close()
    await database_sync_to_async(connections.close_all)()


async def test_switched_off_it_is_forgotten_here_and_there(page: Page) -> None:
    await allow(page.context)
    await switch_on(page)
    await page.get_by_role("button", name="Switch off").first.click()
    await expect(page.get_by_text("Messages are off on this device")).to_be_visible()
    assert await devices() == []
    assert await page.evaluate("sessionStorage.getItem('subscription')") == "null"


async def test_a_browser_that_was_removed_on_another_page_does_not_come_back(page: Page) -> None:
    await allow(page.context)
    await switch_on(page)
    (device,) = await devices()
    await database_sync_to_async(contact_points.remove)(device)
    await page.goto(SETTINGS)
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    assert await devices() == []


async def test_on_the_next_visit_the_browser_says_that_it_is_there(page: Page) -> None:
    await allow(page.context)
    await switch_on(page)
    (before,) = await devices()
    await page.goto(SETTINGS)
    await expect(page.get_by_text("This browser shows your messages")).to_be_visible()
    (after,) = await devices()
    assert before.seen_at and after.seen_at and after.seen_at > before.seen_at


async def test_the_next_person_at_this_browser_does_not_get_the_messages_of_the_last(
    page: Page, server: WebServer
) -> None:
    await allow(page.context)
    await switch_on(page)
    other = await sync_to_async(make_patient)(device="")
    await sign_in(page.context, other.user, server.origin)
    await page.goto(SETTINGS)
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    assert await page.evaluate("sessionStorage.getItem('subscription')") == "null"


async def test_a_site_with_a_new_key_subscribes_again(page: Page) -> None:
    await allow(page.context)
    await switch_on(page)
    await page.evaluate(
        "sessionStorage.setItem('subscription', JSON.stringify({"
        "...JSON.parse(sessionStorage.getItem('subscription')), key: [1, 2, 3] }))"
    )
    await page.goto(SETTINGS)
    await expect(page.get_by_text("This browser shows your messages")).to_be_visible()
    assert len(await page.evaluate("JSON.parse(sessionStorage.getItem('subscription')).key")) == 65
    assert len(await devices()) == 1


async def test_a_subscription_that_the_browser_changes_is_told_without_a_session(
    page: Page, receiver: WebPushServer
) -> None:
    await allow(page.context)
    await switch_on(page)
    fresh = json.loads(receiver.subscribe("fresh").partition(":")[2])
    worker = await worker_of(page)
    await page.context.clear_cookies()
    await worker.evaluate(
        """async (fresh) => {
          const event = new Event("pushsubscriptionchange");
          const waits = [];
          Object.assign(event, { newSubscription: { toJSON: () => fresh }, waitUntil: (each) => waits.push(each) });
          self.dispatchEvent(event);
          await Promise.all(waits);
        }""",
        fresh,
    )
    (device,) = await devices()
    assert fresh["endpoint"] in device.address
