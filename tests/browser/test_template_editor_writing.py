"""Writing in the editor of texts: mistakes, the keyboard, what is not saved, and every screen (T3, T4)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from project.accounts.models import User
from tests.browser.template_editor import DESKTOP, LIST, REMINDER, browser_of, make_editor, opened

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

VIEWS = {
    "laptop": {"viewport": {"width": 1280, "height": 800}},
    "desktop-dark": DESKTOP,
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def kavita(transactional_db: None) -> User:
    return make_editor()


@pytest.fixture
async def context(kavita: User, chromium: str, request: pytest.FixtureRequest) -> AsyncIterator[BrowserContext]:
    async with browser_of(kavita, chromium, getattr(request, "param", DESKTOP)) as context:
        yield context


async def test_a_mistake_is_marked_where_it_is_and_a_click_leads_there(context: BrowserContext) -> None:
    page = await opened(context, f"{REMINDER}email/default/")
    field = page.get_by_label("Email email.html")
    await field.fill("<p>Dear {{ doctor }},</p>\n<p>{% if place %}here</p>\n")
    await expect(page.locator("#notify-preview-error")).to_be_visible()
    await expect(field).to_have_attribute("aria-invalid", "true")
    marked = page.locator("[data-part='email.html'] .notify-lines div[data-level=error]")
    await expect(marked).to_have_text("<p>{% if place %}here</p>")
    await page.get_by_role("button", name="email.html, line 2").first.click()
    await expect(field).to_be_focused()
    assert await field.evaluate("area => area.value.slice(0, area.selectionStart).split('\\n').length") == 2
    await field.fill("<p>Dear {{ doctor }},</p>\n")
    await expect(page.locator("#notify-preview-error")).to_be_hidden()
    await expect(field).to_have_attribute("aria-invalid", "false")


async def test_only_the_answer_to_the_last_question_is_shown(context: BrowserContext) -> None:
    page = await opened(context, f"{REMINDER}sms/default/")
    asked = 0

    async def the_first_late(route: Any) -> None:
        nonlocal asked
        asked += 1
        answer = await route.fetch()
        if asked == 1:
            await page.wait_for_timeout(1500)
        await route.fulfill(response=answer)

    await page.route("**/preview/", the_first_late)
    field = page.get_by_label("Text message sms.txt")
    await field.fill("first")
    await expect(page.locator(".notify-spinner")).to_be_visible()
    await page.wait_for_timeout(500)
    await field.fill("second")
    await expect(page.locator(".notify-said")).to_have_text("second")
    await page.wait_for_timeout(1500)
    await expect(page.locator(".notify-said")).to_have_text("second")
    assert asked == 2
    await page.route("**/preview/", lambda route: route.abort())
    await field.fill("third")
    await expect(page.locator("#notify-preview-error")).to_contain_text("Your text is still here")


async def test_the_keyboard_writes_spaces_and_still_gets_out(context: BrowserContext) -> None:
    page = await opened(context, f"{REMINDER}email/default/")
    field = page.get_by_label("Email email.html")
    await field.fill("")
    await field.focus()
    await page.keyboard.press("Tab")
    await page.keyboard.type("x")
    await expect(field).to_have_value("  x")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Plain text email.txt")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(field).to_be_focused()
    await field.press("Control+a")
    await page.get_by_role("button", name="starts_at").click()
    await expect(field).to_have_value("{{ starts_at }}")
    await field.press("Control+z")
    await expect(field).to_have_value("  x")
    subject = page.get_by_label("Subject email.subject.txt")
    await subject.focus()
    await page.keyboard.press("Tab")
    await expect(field).to_be_focused()


async def test_what_is_not_saved_is_not_left_unasked(context: BrowserContext) -> None:
    page = await opened(context, f"{REMINDER}sms/default/")
    asked: list[str] = []

    async def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    field = page.get_by_label("Text message sms.txt")
    await field.press_sequentially("x")
    await page.get_by_role("link", name="Spanish").click()
    await expect(field).to_be_visible()
    assert asked == ["beforeunload"]
    await field.press("Control+s")
    await expect(page.locator(".messagelist")).to_contain_text("Version 1 is saved.")
    await page.get_by_role("link", name="Spanish").click()
    await expect(page).to_have_url(re.compile("/sms/es/$"))
    assert asked == ["beforeunload"]


TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? []
  : [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > innerWidth)
    .map((each) => each.outerHTML.slice(0, 200))"""
UNLABELLED = """() => [...document.querySelectorAll("#content :is(input:not([type=hidden]), select, textarea, button)")]
  .filter((each) => !each.labels?.length && !each.getAttribute("aria-label") && !each.textContent.trim())
  .map((each) => each.outerHTML)"""


@pytest.mark.parametrize("context", VIEWS.values(), ids=VIEWS, indirect=True)
async def test_every_page_fits_and_each_control_has_a_name(context: BrowserContext) -> None:
    page = await context.new_page()
    for address in (LIST, f"{REMINDER}sms/ar/", f"{REMINDER}email/ar/", f"{REMINDER}in_app/default/"):
        await page.goto(address)
        assert await page.evaluate(TOO_WIDE) == [], address
        assert await page.evaluate(UNLABELLED) == [], address
    await page.goto(f"{REMINDER}sms/ar/")
    field = page.get_by_label("Text message sms.txt")
    await expect(field).to_have_attribute("dir", "rtl")
    await field.fill("مرحبا {{ doctor }}")
    await page.get_by_role("button", name="Publish …").click()
    for last in ("publish/", "history/"):
        await page.goto(f"{REMINDER}sms/ar/{last}")
        assert await page.evaluate(TOO_WIDE) == [], last
        assert await page.evaluate(UNLABELLED) == [], last
