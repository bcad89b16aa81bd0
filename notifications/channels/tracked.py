"""Open and click tracking of our own, in the HTML of an email."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

_ANCHOR = re.compile(r"""(<a\b[^>]*?\bhref=)(["'])(https?://.*?)\2""", re.IGNORECASE | re.DOTALL)


def with_tracked_links(html: str, tracked: Callable[[str], str], *, leave: str = "") -> str:
    """The HTML with each web link led through `tracked(target)`; `leave` is one that stays as it is."""

    def lead(match: re.Match[str]) -> str:
        target = unescape(match[3])
        address = target if target == leave else tracked(target) or target
        return f'{match[1]}"{escape(address)}"'

    return _ANCHOR.sub(lead, html)


def with_pixel(html: str, url: str) -> str:
    """The HTML with an invisible picture at its end."""
    pixel = f'<img src="{escape(url)}" width="1" height="1" alt="" style="display:block;border:0">'
    head, body, tail = html.rpartition("</body>")
    return f"{head}{pixel}{body}{tail}" if body else html + pixel
