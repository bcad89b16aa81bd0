"""Takes pictures of every email that the project ships: `python -m tests.browser.emails [folder]`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from html import escape
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.email_samples import Sample

SCREENS = {"phone": 360, "desktop": 700}
"""device → width in pixels"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FOLDER = Path("var") / "screenshots"

SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Emails</title>
<style>
  body {{ margin: 2rem; font: 15px/1.5 system-ui, sans-serif; color: #1b2724; background: #f4f6f5; }}
  h2 {{ margin: 3rem 0 .2rem; font-size: 1.2rem; }}
  p {{ margin: 0 0 1rem; color: #55645f; }}
  .row {{ display: flex; gap: 1rem; overflow-x: auto; align-items: flex-start; }}
  figure {{ margin: 0; }}
  figcaption {{ font-size: .8rem; color: #55645f; }}
  img {{ height: 420px; border: 1px solid #cfd8d4; display: block; }}
</style>
<h1>Emails</h1>
{rows}
</html>
"""


def take(browser: Browser, samples: Iterable[Sample], folder: Path) -> list[Path]:
    """A picture of each sample on each screen, light and dark, and a page with all of them. Returns the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    taken, rows = [], []
    for sample in samples:
        figures = []
        for (device, width), scheme in product(SCREENS.items(), SCHEMES):
            picture = folder / f"{sample.name}-{device}-{scheme}.png"
            page = browser.new_page(viewport={"width": width, "height": 640}, color_scheme=scheme)
            page.set_content(sample.message.html)
            page.screenshot(path=picture, full_page=True)
            page.close()
            taken.append(picture)
            figures.append(
                f'<figure><a href="{picture.name}"><img src="{picture.name}" alt=""></a>'
                f"<figcaption>{device}, {scheme}</figcaption></figure>"
            )
        subject = escape(sample.message.subject)
        rows.append(f'<h2>{sample.name}</h2><p>{subject}</p><div class="row">{"".join(figures)}</div>')
    (folder / "index.html").write_text(SHEET.format(rows="\n".join(rows)))
    return taken


def main() -> None:
    """Take all pictures, in a database of their own that is thrown away."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings.test"
    os.environ["VAR_DIR"] = tempfile.mkdtemp()
    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    from tests.browser.demo import browser
    from tests.browser.email_samples import READERS, samples
    from tests.services import reachable

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    chromium = reachable.chromium_path()
    if not chromium:
        raise SystemExit("Chromium is missing: install it, or name it by CHROMIUM.")
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        found = list(samples(*READERS))
    finally:
        teardown_databases(databases, verbosity=0)
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
    with browser(chromium) as opened:
        taken = take(opened, found, folder)
    print(f"{len(taken)} pictures: open {folder / 'index.html'}")


if __name__ == "__main__":
    main()
