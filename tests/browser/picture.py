"""Takes the picture of the demonstration for the README: `python -m tests.browser.picture`."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.demo import PROJECT, browser, running_demo
from tests.services import reachable

PICTURE = PROJECT / "docs" / "images" / "demo.png"
LARGEST = 300_000


def main() -> None:
    """Start the demonstration, book, confirm and move an appointment, and take the picture."""
    chromium = reachable.chromium_path()
    if not chromium:
        raise SystemExit("Chromium is missing: install it, or name it by CHROMIUM.")
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder)) as demo, browser(chromium) as opened:
        page = opened.new_page(viewport={"width": 1440, "height": 930})
        page.goto(demo.url)
        page.wait_for_selector("#connection[data-state=online]")
        play(page)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURE)
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(PROJECT)}: {size / 1000:.0f} kB")
    if size > LARGEST:
        raise SystemExit(f"It may have {LARGEST / 1000:.0f} kB at most.")


def play(page: Page) -> None:
    """Have something on every screen."""
    page.select_option("[name=treatment]", "Abhyanga")
    page.click("text=Book for Asha")
    page.wait_for_selector("#mails li")
    page.click("#appointments >> text=Confirm")
    page.wait_for_selector("#pushes >> text=Appointment confirmed")
    page.click("text=Move …")
    new_time = page.locator("#appointments input")
    new_time.fill(new_time.input_value()[:11] + "16:00")
    page.click(".moving button")
    page.wait_for_selector("#sms li")
    page.frame_locator("#mail").get_by_role("heading", name="new time").wait_for()
    page.locator("#deliveries [data-status=delivered]").nth(3).wait_for()
    page.wait_for_timeout(4_500)  # until the note of the last action has gone


if __name__ == "__main__":
    main()
