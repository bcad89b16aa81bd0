"""A/B tests of texts in a browser: planned with a live bar, started and promoted, under a strict policy (T5)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Permission
from django.db import connections
from playwright.async_api import Locator, Page, Route, async_playwright, expect

from notifications import clock
from notifications.models import Delivery, Experiment, Notification, Status, TemplateVersion
from notifications.services import templates as staff
from project.accounts.models import User
from tests.browser.site import ARGUMENTS, serve_static, sign_in
from tests.clinic import make_user
from tests.services.web import web_server

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]

TYPE = "clinic.appointment_confirmed"
PLAN = "/admin/notify/experiment/add/"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'"
VIEWS = {"laptop": (1280, 800), "phone": (390, 844)}


@pytest.fixture
def kavita(transactional_db: None) -> User:
    """Who writes and publishes texts."""
    user = make_user(username="kavita", first_name="Kavita", last_name="Joshi", is_staff=True)
    may = [f"{verb}_template" for verb in ("view", "change", "publish")]
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notify", codename__in=may))
    return user


@pytest.fixture
def texts(transactional_db: None) -> TemplateVersion:
    """For the inbox, where it needs no tracking to know who read: a published text, and one in review."""
    parts = staff.present_parts(TYPE, "in_app", "")
    staff.publish(staff.begin(TYPE, "in_app", by=None, parts=parts), by=None)
    warm = {**parts, "in_app.title.txt": "We look forward to seeing you, {{ recipient_name }}"}
    return staff.submit(staff.begin(TYPE, "in_app", by=None, parts=warm, note="warmer"), by=None)


@pytest.fixture
async def page(kavita: User, chromium: str, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """Kavita's browser. Nothing inline is obeyed, and whatever the browser complains of fails the test."""
    width, height = VIEWS[getattr(request, "param", "laptop")]
    complaints: list[str] = []
    with web_server() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            context = await browser.new_context(
                base_url=server.origin, locale="en-GB", viewport={"width": width, "height": height}
            )
            context.on("weberror", lambda error: complaints.append(str(error.error)))
            context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            await context.route("**/admin/**", strictly)
            await serve_static(context)
            await sign_in(context, kavita, server.origin)
            yield await context.new_page()
            await browser.close()
    await database_sync_to_async(connections.close_all)()
    assert complaints == []


async def strictly(route: Route) -> None:
    """The server's answer, with a policy that forbids whatever is inline."""
    if route.request.method != "GET":
        return await route.continue_()
    answer = await route.fetch()
    return await route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


async def horizontal(place: Locator) -> tuple[float, float]:
    """Where it begins, and its width."""
    box = await place.bounding_box()
    assert box is not None
    return box["x"], box["width"]


async def assert_fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def many_click_on(label: str) -> None:
    """Four hundred recipients each, of whom 40 clicked, and of that variant 120."""
    for variant in Experiment.objects.get().variants.all():
        people = User.objects.bulk_create(User(username=f"{variant.label}{number}") for number in range(400))
        clicked = 120 if variant.label == label else 40
        sent = [
            Notification(recipient=each, type=TYPE, read_at=clock.now() if number < clicked else None)
            for number, each in enumerate(people)
        ]
        Notification.objects.bulk_create(sent)
        Delivery.objects.bulk_create(
            Delivery(notification=each, channel="in_app", status=Status.DELIVERED, variant=variant) for each in sent
        )


@pytest.mark.parametrize("page", list(VIEWS), indirect=True)
async def test_a_test_is_planned_started_read_and_its_winner_promoted(page: Page, texts: TemplateVersion) -> None:
    await page.goto(PLAN)
    await page.get_by_role("link", name=f"{TYPE} in_app").click()
    bar = page.get_by_role("img", name="A 50 %, B 50 %")
    await expect(bar).to_be_visible()
    await page.get_by_label("Weight of text A", exact=True).fill("150")
    await page.get_by_label("Name of text B", exact=True).fill("warm")
    await expect(page.get_by_role("img", name="A 75 %, warm 25 %")).to_be_visible()
    pieces = page.locator("#notify-shares span")
    (_, wide), (_, narrow) = [await horizontal(pieces.nth(place)) for place in (0, 1)]
    assert wide / narrow == pytest.approx(3, rel=0.02)
    await assert_fits(page)
    await page.get_by_label("Name", exact=True).fill("warmer subject")
    await page.get_by_role("button", name="Plan the test").click()

    await expect(page.get_by_role("heading", name="warmer subject not started")).to_be_visible()
    await page.get_by_role("link", name="Start").click()
    await expect(page.get_by_text("25% of the recipients get version 2 (warm).")).to_be_visible()
    await page.get_by_role("button", name="Start the test").click()
    await expect(page.get_by_role("heading", name="warmer subject running")).to_be_visible()
    await expect(page.get_by_text("Too early to say.")).to_be_visible()

    await database_sync_to_async(many_click_on)("warm")
    await page.get_by_role("link", name="count again").click()
    said = "warm is better than A, 95 % sure: 30 % clicked instead of 10 %."
    await expect(page.get_by_text(said)).to_be_visible()
    interval = page.get_by_role("img", name="30.0 %, between 25.7 % and 34.7 %")
    (start, width), (low, _) = await horizontal(interval), await horizontal(interval.locator(".notify-range"))
    assert (low - start) / width == pytest.approx(25.7 / 35, abs=0.02), "the line ends at 35 %"
    await assert_fits(page)

    await page.get_by_role("link", name="Promote warm").click()
    await page.get_by_role("button", name="Promote warm").click()
    await expect(page.get_by_text("warm is promoted. Version 2 is published")).to_be_visible()
    published = await TemplateVersion.objects.aget(state="published")
    assert published.number == 2
