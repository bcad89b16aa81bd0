"""The plain text of an email, made from its HTML for who has written none."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from inscriptis import Inscriptis
from lxml.html import document_fromstring

_SHOWN_SCHEMES = ("http", "https")
_BLANK_LINES = re.compile(r"\n{3,}")


def plain_text(html: str) -> str:
    """The text with each link's address beside it, tables in columns, and no more than one blank line in a row."""
    tree = document_fromstring(html)
    for link in tree.iter("a"):
        _show_address(link)
    lines = (line.rstrip() for line in Inscriptis(tree).get_text().splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _show_address(link: Any) -> None:
    """See your page (https://…), or, where a link stands alone, See your page: https://…"""
    address = link.get("href", "").strip()
    if urlsplit(address).scheme not in _SHOWN_SCHEMES:
        return
    label = " ".join(link.text_content().split()) or " ".join(each.get("alt", "") for each in link.iter("img")).strip()
    for child in list(link):
        link.remove(child)
    if not label or label in (address, address.partition("://")[2]):
        link.text = address
    elif _stands_alone(link):
        link.text = f"{label}: {address}"
    else:
        link.text = f"{label} ({address})"


def _stands_alone(link: Any) -> bool:
    parent = link.getparent()
    around = [parent.text, link.tail] if parent is not None and len(parent) == 1 else ["more"]
    return not any(text and text.strip() for text in around)
