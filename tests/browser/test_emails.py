"""Every shipped email, in Chromium: it fits each screen, can be read light and dark, and says what it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.demo import browser
from tests.browser.email_audit import faults, overflow, unreadable
from tests.browser.email_samples import READERS, Sample, samples, shipped
from tests.browser.emails import SCHEMES, take

pytestmark = [pytest.mark.chromium, pytest.mark.django_db]

WIDTHS = (320, 360, 480, 481, 600, 700)
KEYS = [each.key for each in shipped()]


@pytest.fixture
def found() -> list[Sample]:
    """All emails for all readers; before the browser opens, whose loop allows no database."""
    return list(samples(*READERS))


@pytest.fixture
def chromium_browser(chromium: str, found: list[Sample]) -> Iterator[Browser]:
    """Chromium."""
    with browser(chromium) as opened:
        yield opened


@pytest.fixture
def pages(chromium_browser: Browser, found: list[Sample]) -> Iterator[tuple[str, Sample, Page]]:
    """Each email in each colour scheme, on a page that loads nothing."""

    def shown() -> Iterator[tuple[str, Sample, Page]]:
        for scheme in SCHEMES:
            page = chromium_browser.new_page(color_scheme=scheme)
            page.route("**/*", lambda route: route.abort())
            for sample in found:
                page.set_content(sample.message.html)
                yield scheme, sample, page

    return shown()


def test_every_shipped_email_has_its_samples(found: list[Sample]) -> None:
    assert len(KEYS) >= 5
    assert [(each.reader, each.key) for each in found] == [(reader, key) for reader in READERS for key in KEYS]


def test_emails_fit_each_screen_can_be_read_and_say_what_they_are(pages: Any) -> None:
    wrong, seen = [], 0
    for scheme, sample, page in pages:
        where = f"{sample.name}, {scheme}"
        wrong += [f"{where}: {each}" for each in (*unreadable(page), *faults(page))]
        if scheme == "light":  # the colours change no widths
            too_wide = {width: more for width in WIDTHS if (more := overflow(page, width))}
            wrong += [f"{where}: too wide by {too_wide}"] if too_wide else []
        html = page.locator("html")
        assert html.get_attribute("lang") == sample.language
        assert html.get_attribute("dir") == ("rtl" if sample.language == "ar" else "ltr")
        seen += 1
    assert wrong == []
    assert seen == len(KEYS) * len(READERS) * len(SCHEMES)


def test_from_right_to_left_it_is_the_mirror_image(chromium_browser: Browser, found: list[Sample]) -> None:
    places = {}
    for sample in found:
        if sample.key == "clinic.appointment_confirmed" and sample.reader in ("ltr", "rtl"):
            page = chromium_browser.new_page(viewport={"width": 700, "height": 640})
            page.set_content(sample.message.html)
            places[sample.reader] = [page.locator(each).first.bounding_box() for each in (".facts th", ".button td")]
    for left, right in zip(places["ltr"], places["rtl"], strict=True):
        assert left is not None
        assert right is not None
        assert abs(left["x"] - (700 - right["x"] - right["width"])) <= 1


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<html lang=en dir=ltr><title>T</title><h1>T</h1><a href='/x'>x</a>", "relative link"),
        ("<html lang=en dir=ltr><title>T</title><h1>T</h1><img src='https://example.org/x.png'>", "no alt"),
        ("<html lang=en dir=ltr><title>T</title><h1>T</h1><a href='https://example.org/'></a>", "empty link"),
        ("<html lang=en dir=ltr><title>T</title>T", "not one h1"),
        ("<html dir=ltr><title>T</title><h1>T</h1>", "no lang"),
        ("<html lang=en><title>T</title><h1>T</h1>", "no dir"),
    ],
)
def test_the_audit_sees_what_is_wrong(chromium_browser: Browser, html: str, fault: str) -> None:
    page = chromium_browser.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    assert [each.partition(":")[0] for each in faults(page)] == [fault]


def test_the_audit_measures_contrast_and_width(chromium_browser: Browser) -> None:
    page = chromium_browser.new_page()
    page.set_content(
        "<p style='color: #767676'>fair</p><p style='color: #777777'>poor</p><div style='width: 400px'>wide"
    )
    assert unreadable(page) == ["poor: 4.48"]
    assert overflow(page, 320) > 0
    assert overflow(page, 700) == 0


def test_the_command_takes_a_picture_of_each_and_a_page_of_all(
    chromium_browser: Browser, found: list[Sample], tmp_path: Path
) -> None:
    taken = take(chromium_browser, found[:2], tmp_path)
    assert len(taken) == len(set(taken)) == 2 * 4
    for each in taken:
        assert each.read_bytes().startswith(b"\x89PNG")
        assert each.name in (tmp_path / "index.html").read_text()
