"""An editor of texts at her browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import Group
from django.db import connections
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from project.accounts import roles
from project.accounts.models import User
from tests.browser.site import ARGUMENTS, serve_static, sign_in
from tests.clinic import make_user
from tests.services.web import web_server

LIST = "/admin/notify/template/"
REMINDER = f"{LIST}clinic.appointment_reminder_day/"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}


def make_editor() -> User:
    """Kavita, of the role of editors, with a phone, and no superuser."""
    user = make_user(username="kavita", first_name="Kavita", last_name="Joshi", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.EDITOR))
    return user


@asynccontextmanager
async def browser_of(user: User, chromium: str, options: dict[str, Any]) -> AsyncIterator[BrowserContext]:
    """Signed in. Whatever goes wrong in its scripts fails the test."""
    complaints: list[str] = []
    with web_server() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            context = await browser.new_context(base_url=server.origin, locale="en-GB", **options)
            context.on("weberror", lambda error: complaints.append(str(error.error)))
            await serve_static(context)
            await sign_in(context, user, server.origin)
            yield context
            await browser.close()
    await database_sync_to_async(connections.close_all)()
    assert complaints == []


async def opened(context: BrowserContext, address: str) -> Page:
    """The editor, with its first preview."""
    page = await context.new_page()
    await page.goto(address)
    await answered(page)
    return page


async def answered(page: Page) -> None:
    """Until the preview shows what is written."""
    await expect(page.locator("#notify-preview[data-answered]")).to_have_count(1)
    await expect(page.locator(".notify-spinner")).to_be_hidden()
