"""The contrast that validation reckons (T3) is the one that Chromium shows: text by text, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from notifications.templating import files, inlining
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.contrast import readings
from notifications.types import all_types
from tests.browser.demo import browser
from tests.browser.email_audit import CONTRAST

pytestmark = pytest.mark.chromium

OWN = [
    '<p style="color:#777">Hello</p>',
    '<h1 style="color:#777">Hello</h1>',
    '<table bgcolor="#808080"><tr><th>When</th><td>Soon <a href="https://lotus.in/">here</a></td></tr></table>',
    '<div style="background:#123;color:#ddd"><b style="color:rgb(9,200,30)">a</b> b <font color="red">c</font></div>',
    '<div style="font-size:20px"><h2 style="color:#888">a</h2><b style="color:#888">b</b>'
    '<span style="font-size:.5em;color:#888">c</span><h3>d</h3></div>',
    "<style>p { color: #999 !important } p.x { color: #000 }</style><p class='x'>a <span>b</span></p><i>c</i>",
    "<style>body { background: #fff; color: #222 } @media (prefers-color-scheme: dark) { body { background: #111 "
    "!important } p { color: #ccc } .y { color: #eee !important } }</style><p style='color:#333'>a</p><b class=y>b</b>",
]


@pytest.fixture
def chromium_browser(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as opened:
        yield opened


def emails() -> Iterator[str]:
    """Fragments that are hard to reckon, and every shipped email."""
    for fragment in OWN:
        yield inlining.inline(f'<!doctype html><html><head></head><body bgcolor="#ffffff">{fragment}</body></html>')
    for type_ in all_types():
        if "email" in (*type_.channels, *type_.fallback):
            for language in ("", "ar"):
                parts = files.parts(type_.key, ("email.subject.txt", "email.html"), language)
                yield Candidate(type_, "email", language, parts).rendered("email.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast_of_each_text_is_the_one_that_chromium_shows(chromium_browser, scheme):
    page = chromium_browser.new_page(color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    compared = 0
    for html in filter(None, emails()):
        ours = [(each.text, round(each.ratio, 3), each.needed) for each in readings(html, dark=scheme == "dark")]
        if not ours and scheme == "dark":  # it has no rules for it
            continue
        page.set_content(html)
        shown = page.evaluate(CONTRAST)
        assert ours == [(" ".join(each["text"].split()), round(each["ratio"], 3), each["needed"]) for each in shown]
        compared += len(ours)
    assert compared > 100
