"""The page of a person's addresses in a browser: by hand, without a script, on any width (U4)."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connections
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from notifications import clock
from notifications.models import ContactPoint
from notifications.testing import deliver_all, outbox
from project.accounts.models import User
from tests.browser.site import ARGUMENTS, serve_static, sign_in
from tests.clinic import make_patient
from tests.services.web import WebServer, web_server

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

PAGE = "/account/addresses/"
NUMBER = "+447911123451"
VIEWS = {
    "phone-light": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
    "desktop-light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
}


@pytest.fixture
def asha(transactional_db: None) -> User:
    user: User = make_patient(device="").user
    return user


@pytest.fixture
async def context(asha: User, chromium: str, request: pytest.FixtureRequest) -> AsyncIterator[BrowserContext]:
    """Asha's browser, without scripts unless a test says otherwise: the page needs none."""
    options: dict[str, Any] = getattr(request, "param", {"java_script_enabled": False})
    server: WebServer
    with web_server() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            context = await browser.new_context(base_url=server.origin, locale="en-GB", **options)
            await serve_static(context)
            await sign_in(context, asha, server.origin)
            yield context
            await browser.close()
    await database_sync_to_async(connections.close_all)()


@sync_to_async
def code_sent() -> str:
    deliver_all()
    found = re.match(r"\d{6}", outbox("sms", to=NUMBER)[-1].content["text"])
    assert found
    return found[0]


@sync_to_async
def points() -> list[tuple[str, str, bool]]:
    return list(ContactPoint.objects.order_by("pk").values_list("address", "label", "is_primary"))


async def test_a_number_is_added_verified_named_and_removed_without_a_script(context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(PAGE)
    await page.get_by_text("Add a phone number").click()
    await page.get_by_label("Mobile number").fill("020 7946 0018")
    await page.get_by_role("button", name="Send the code").first.click()
    await expect(page.get_by_role("alert")).to_contain_text("with + and the country code")
    await page.get_by_label("Mobile number").fill("+44 7911 123451")
    await page.get_by_role("button", name="Send the code").first.click()
    await expect(page.get_by_role("status").first).to_contain_text("A code is on its way to +447911123451")
    code = page.get_by_label("The code that we have sent you")
    await code.fill("000000")
    await page.get_by_role("button", name="Verify").click()
    await expect(page.get_by_text("This is not the code")).to_be_visible()
    await code.fill(await code_sent())
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Verified: +447911123451")).to_be_visible()
    await expect(page.locator("[id^=point-]")).to_contain_text("In use")
    await page.get_by_text("Change").first.click()
    await page.get_by_label("Name, such as “Work phone”").fill("Work")
    await page.get_by_role("button", name="Save").click()
    assert await points() == [(NUMBER, "Work", True)]
    await page.get_by_text("Change").first.click()
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("From your account")).to_have_count(2)
    assert await points() == []


@sync_to_async
def move(user: User) -> None:
    """To a number from India, in the zone that everybody has who has chosen none."""
    User.objects.filter(pk=user.pk).update(time_zone="UTC")
    ContactPoint.objects.create(
        user=user, channel="sms", address="+919876543210", verified_at=clock.now(), is_primary=True
    )


@sync_to_async
def zone_of(user: User) -> str:
    return User.objects.get(pk=user.pk).time_zone


async def test_the_time_zone_of_a_number_is_taken_up_by_one_press_and_any_other_chosen(
    context: BrowserContext, asha: User
) -> None:
    await move(asha)
    page = await context.new_page()
    await page.goto(PAGE)
    await page.get_by_role("button", name="Use Asia/Kolkata").click()
    await expect(page.get_by_text("are those of Asia/Kolkata from now on")).to_be_visible()
    assert await zone_of(asha) == "Asia/Kolkata"
    await page.get_by_label("Times in our messages are those of").select_option(label="Argentina, Buenos Aires")
    await page.get_by_role("button", name="Use this zone").click()
    await expect(page.get_by_text("are those of America/Argentina/Buenos_Aires from now on")).to_be_visible()
    assert await zone_of(asha) == "America/Argentina/Buenos_Aires"


@sync_to_async
def fill(user: User) -> None:
    """One address of each kind and state."""
    now = clock.now()
    common = {"user": user, "self_entered": True}
    ContactPoint.objects.create(**common, channel="sms", address=NUMBER, verified_at=now)
    ContactPoint.objects.create(**common, channel="sms", address="+447911123452", verified_at=now, label="Work phone")
    ContactPoint.objects.create(**common, channel="sms", address="+447911123453", label="Amma’s phone")
    ContactPoint.objects.create(
        **common, channel="email", address="a.very.long.address.of.asha.menon@mail.lotus-house.example", disabled_at=now
    )
    device = {"user": user, "channel": "push", "seen_at": now}
    ContactPoint.objects.create(**device, address="fcm:a", label="Pixel 9")
    ContactPoint.objects.create(**device, address="fcm:b", disabled_at=now, disabled_by="owner")


@pytest.mark.parametrize("context", VIEWS.values(), ids=VIEWS, indirect=True)
async def test_it_fits_any_width_and_can_be_hit_with_a_thumb(
    context: BrowserContext, asha: User, request: pytest.FixtureRequest
) -> None:
    await fill(asha)
    await move(asha)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(PAGE)
    await page.locator("summary").evaluate_all("all => all.forEach((each) => each.parentElement.open = true)")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = await page.evaluate(
        "[...document.querySelectorAll('button, summary, select, input:not([type=hidden])')]"
        ".filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)"
        ".map((each) => each.outerHTML)"
    )
    assert small == []
    unnamed = await page.evaluate(
        "[...document.querySelectorAll('select, input:not([type=hidden])')]"
        ".filter((each) => !each.labels.length).length"
    )
    assert unnamed == 0
    assert await contrast_of(page) >= 4.5
    assert complaints == []
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/addresses-{request.node.callspec.id}.png", full_page=True)


async def contrast_of(page: Page) -> float:
    """The least contrast of a text with what is behind it (WCAG 1.4.3)."""
    found: float = await page.evaluate(
        """() => {
          const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
            .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
            .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
          const ground = (each) => {
            for (let at = each; at; at = at.parentElement) {
              const colour = channels(getComputedStyle(at).backgroundColor);
              if (colour.length === 3 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
          };
          const texts = [...document.querySelectorAll("main *")].filter((each) => each.checkVisibility() &&
            [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
          return Math.min(...texts.map((each) => {
            const [a, b] = [light(channels(getComputedStyle(each).color)), light(ground(each))];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          }));
        }"""
    )
    return found
