"""Every page for people, in every language, in a narrow browser: its words, its direction, its width (T4)."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.test import Client
from playwright.async_api import Browser, Page, Route, async_playwright
from pytest_django import Settings

from notifications import clock, links
from notifications.models import ContactPoint, Delivery
from notifications.services import notify
from notifications.testing import deliver_all
from project.accounts.models import User
from project.clinic import views as clinic_views
from project.clinic.models import Patient, Status
from project.demo.seed import seed
from tests.app.notifications import Everywhere
from tests.browser.site import ARGUMENTS, serve_static
from tests.clinic import make_appointment
from tests.pharmacy import make_prescription

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

ORIGIN = "http://clinic.test"
LANGUAGES = [code for code, _ in django_settings.LANGUAGES]
ENGLISH = re.compile(
    r"\b(?:the|your|you|our|of|this|is|are|has|was|message|messages|phone|save|send|remove|switch|change|use|language|"
    r"appointment|appointments|prescription|medicines|sign|password|username|where|when|with|from|issued|valid|until|"
    r"verify|verified|browser|device|devices|desk|book|tomorrow|confirm|cancel|move|unread|nothing|requested|confirmed|"
    r"cancelled|delivered|sent|sends|says|reminds|waiting|mailbox|minutes|days|back|page|undo|welcome|fewer|more|"
    r"room|steam|ward|consultation)\b",
    re.IGNORECASE,
)
"""words that our pages use in English, and no name or medicine of these tests has"""
SPOKEN = """() => {
  document.querySelectorAll("select[name=time_zone] option").forEach((each) => each.remove());
  return [
  document.title,
  document.body.innerText,
  ...[...document.querySelectorAll("[aria-label], [placeholder], [title]")]
    .flatMap((each) => ["aria-label", "placeholder", "title"].map((name) => each.getAttribute(name) ?? "")),
  ...[...document.querySelectorAll("option")].map((each) => each.textContent),
  ...[...document.querySelectorAll("optgroup")].map((each) => each.label),
].join("\\n")}"""
"""all that is read of a page, by eye or ear; places of time zones have their names of the IANA database"""


class Site:
    """Answers a browser's requests in this process, as who is signed in."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    async def answer(self, route: Route) -> None:
        request = route.request
        url = urlsplit(request.url)
        response = await sync_to_async(self.client.generic)(
            request.method,
            f"{url.path}?{url.query}" if url.query else url.path,
            request.post_data_buffer or b"",
            request.headers.get("content-type", "application/octet-stream"),
            headers={"accept-language": request.headers.get("accept-language", "")},
        )
        await route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.content)


@pytest.fixture
def patient(settings: Settings, transactional_db: None) -> Patient:
    """Asha of the demonstration, with something to see on each page."""
    settings.DEBUG = True
    seed()
    found = Patient.objects.get(user__username="asha")
    now = clock.now()
    own = {"user": found.user, "self_entered": True}
    ContactPoint.objects.create(**own, channel="sms", address="+447911123451", verified_at=now)
    ContactPoint.objects.create(**own, channel="sms", address="+447911123453", label="Amma")
    ContactPoint.objects.create(**own, channel="email", address="asha.menon.kochi.kerala@mail.example", disabled_at=now)
    ContactPoint.objects.create(user=found.user, channel="push", address="fcm:a", label="Pixel 9", seen_at=now)
    ContactPoint.objects.filter(label="Phone").delete()
    doctor = User.objects.get(username="meera").doctor
    for status in (Status.CONFIRMED, Status.REQUESTED, Status.CANCELLED):
        make_appointment(patient=found, doctor=doctor, status=status)
    make_prescription(patient=found, doctor=doctor, issued=True, items=2)
    return found


@sync_to_async
def pages(site: Site, patient: Patient, language: str) -> dict[str, str]:
    """name → path of each page that the patient may see, once some messages have come."""
    User.objects.update(language=language)
    patient.user.refresh_from_db()
    notify(Everywhere(text="7"), to=patient.user)
    deliver_all()
    email = Delivery.objects.filter(notification__type="tests.everywhere", channel="email").latest("pk")
    site.client.force_login(patient.user)
    return {
        "addresses": "/account/addresses/",
        "appointments": "/appointments/",
        "appointment": f"/appointments/{patient.appointments.latest('pk').pk}/",
        "prescription": f"/prescriptions/{patient.prescriptions.latest('pk').pk}/",
        "unsubscribe": urlsplit(links.unsubscribe_url(email.pk)).path,
        "demonstration": "/",
    }


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        await browser.close()


async def look(page: Page, name: str, language: str, status: int = 200) -> None:
    """Assert that a page is open in a language, with its direction, all its words, and no wider than the browser."""
    where = f"{name} in {language}"
    root = page.locator("html")
    assert await root.get_attribute("lang") == language, where
    assert await root.get_attribute("dir") == ("rtl" if language == "ar" else "ltr"), where
    if folder := os.environ.get("SCREENSHOTS"):
        width = await page.evaluate("innerWidth")
        await page.screenshot(path=f"{folder}/{name}-{language}-{width}.png", full_page=True)
    wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], where
    spoken = await page.evaluate(SPOKEN)
    assert len(spoken) > 40, where
    if language == "en":
        assert ENGLISH.search(spoken), where
    else:
        assert [line for line in spoken.splitlines() if ENGLISH.search(line)] == [], where


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_page_is_whole_in_each_language(
    browser: Browser, patient: Patient, settings: Settings, monkeypatch: pytest.MonkeyPatch, language: str, width: int
) -> None:
    site = Site()
    options: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "locale": language, "base_url": ORIGIN}
    context = await browser.new_context(**options)
    await context.route(f"{ORIGIN}/**", site.answer)
    await serve_static(context)
    page = await context.new_page()
    await page.goto("/accounts/login/")
    await look(page, "login", language)
    for name, path in (await pages(site, patient, language)).items():
        await page.goto(path)
        if name == "demonstration":
            await page.locator("#appointments .appointment").first.wait_for()
            await page.locator("#deliveries li").first.wait_for()
            # What was sent is worded by its own templates.
            await page.evaluate("document.querySelectorAll('#pushes, #sms, #mails, #items').forEach((e) => e.remove())")
        await page.locator("details").evaluate_all("all => all.forEach((each) => each.open = true)")
        await look(page, name, language)
        if name == "unsubscribe":
            await page.locator("button").first.click()
            await page.get_by_role("status").wait_for()
            await look(page, "unsubscribed", language)
    settings.DEBUG = False
    await page.goto("/nothing/")
    await look(page, "404", language)
    monkeypatch.setattr(clinic_views, "render", lambda *args: 1 / 0)
    await page.goto("/appointments/")
    await look(page, "500", language)
    await sync_to_async(site.client.force_login)(await User.objects.aget(username="desk"))
    await page.goto("/admin/accounts/user/")
    await look(page, "403", language)
    await context.close()
