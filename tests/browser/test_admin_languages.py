"""The pages of texts in the languages of staff, in a browser: words, direction, width, and what scripts say (T4)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from channels.db import database_sync_to_async
from playwright.async_api import Page, expect

from notifications.services import templates as services
from project.accounts.models import User
from tests.browser.template_editor import LIST, REMINDER, answered, browser_of, make_editor, opened

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
SAVE = {"ar": "حفظ المسودة", "hi": "मसौदा सहेजें", "es": "Guardar borrador"}
ROWS = {"ar": "صف", "hi": "पंक्ति", "es": "fila"}
SEGMENT = {"ar": "مقطع واحد", "hi": "1 खंड", "es": "1 segmento"}
FAULT = {"ar": "خطأ", "hi": "त्रुटि", "es": "error"}


@pytest.fixture
def editor(language: str) -> User:
    user = make_editor()
    user.language = language
    user.save()
    key = "clinic.appointment_reminder_day"
    services.publish(services.begin(key, "sms", "", by=None), by=None)
    services.begin(key, "sms", "", by=None)
    return user


async def look(page: Page, name: str, language: str) -> None:
    """Assert the language and direction of a page, and that it is no wider than the browser."""
    root = page.locator("html")
    assert await root.get_attribute("lang") == language, name
    assert await root.get_attribute("dir") == ("rtl" if language == "ar" else "ltr"), name
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/admin-{name}-{language}.png", full_page=True)
    wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], name


@pytest.mark.parametrize("language", ["ar", "hi", "es"])
async def test_the_pages_of_texts_are_whole_in_the_language_of_the_editor(
    chromium: str, editor: User, language: str
) -> None:
    async with browser_of(editor, chromium, WIDE) as context:
        page = await context.new_page()
        await page.goto(LIST)
        await page.locator("[name=words]").fill("reminder")
        await expect(page.locator("#notify-filter output")).to_contain_text(ROWS[language])
        await look(page, "list", language)
        page = await opened(context, f"{REMINDER}sms/default/")
        await expect(page.locator("button[value=save]")).to_have_text(SAVE[language])
        await page.locator("#notify-text textarea").fill("Hi")
        await expect(page.locator("[data-show=parts]")).to_have_text(SEGMENT[language])
        await look(page, "sms", language)
        await page.locator("#notify-text textarea").fill("{% nonsense %}")
        await expect(page.locator("#notify-findings li b").first).to_have_text(FAULT[language])
        page = await opened(context, f"{REMINDER}email/default/")
        await answered(page)
        await look(page, "email", language)
        await page.goto(f"{REMINDER}sms/default/history/")
        await look(page, "history", language)
    await database_sync_to_async(editor.refresh_from_db)()
    assert editor.language == language
