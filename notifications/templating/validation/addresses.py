"""Links and pictures whose addresses are written out: whether they can lead anywhere from a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from notifications import conf
from notifications.templating.engine import LINK_STARTS
from notifications.templating.nodes import Body, Constant, For, If, Link, Plural, Scope
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.source import VALUE, prose_of

BROKEN = Code("notify.T040", "error", "a link leads nowhere")
SCRIPT = Code("notify.T041", "error", "a link runs a script")
PLACEHOLDER = Code("notify.T042", "error", "a link leads to a host that is only for examples")
NOT_ENCRYPTED = Code("notify.T043", "warning", "a link is not encrypted")
SHORTENER = Code("notify.T044", "warning", "a link goes through a public shortener")
TELLING = Code("notify.T045", "error", "a picture of another site is told a value")

SHORTENERS = frozenset(
    {"bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "ow.ly", "rb.gy", "rebrand.ly", "shorturl.at", "t.co",
     "t.ly", "tiny.cc", "tinyurl.com", "v.gd"}
)  # fmt: skip
"""used by senders of spam, so that mail filters and phone companies block messages with them"""
EXAMPLE_HOSTS = ("example.com", "example.org", "example.net")
EXAMPLE_ENDS = (".example", ".test", ".invalid", ".localhost")
"""RFC 2606 and RFC 6761"""
PICTURES = ("src", "background", "poster")
LINKS = {"a": "href", "area": "href", "link": "href", "form": "action"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HIDDEN = re.compile("[\x00-\x20\u200b-\u200f]")
_WRITTEN_OUT = re.compile(rf"(?i)\b(?:https?|ftp)://[^\s{VALUE}<>\"']+")
_ADDRESS_VALUES = ("url", "href", "link")
"""what layouts call the address of a link, {% button %}'s among them"""


@dataclass(frozen=True, slots=True)
class _Written:
    part: str
    address: str
    place: Any
    goes_on: bool = False
    """a value follows, or is in it"""


def addresses(text: Candidate) -> Iterator[Finding]:
    """Each address that is written out, in whatever form."""
    for part in text.readable:
        found = [*_in_tags(text, part.name), *(_in_html if part.is_html else _in_text)(text, part.name)]
        for each in found:
            yield from _judged(each)


def _judged(written: _Written) -> Iterator[Finding]:
    address = written.address.strip()
    code, problem = (SCRIPT, "") if _is_script(address) else _broken(address, written.goes_on)
    if code is SCRIPT:
        problem = "It would run a script, which no mail program does. Write an address that begins with https://."
    if code is not None:
        yield code.found(f"'{_short(address)}' – {problem}" if address else problem, written.part, written.place)
        return
    if address.lower().startswith("http://"):
        yield NOT_ENCRYPTED.found(
            f"'{_short(address)}' is not encrypted. Write https:// if the site has it.", written.part, written.place
        )
    if _host(address) in SHORTENERS:
        yield SHORTENER.found(
            f"Links of {_host(address)} are blocked by mail filters and phone companies. Write the address itself.",
            written.part,
            written.place,
        )


def _broken(address: str, goes_on: bool) -> tuple[Code | None, str]:
    if not address or address == "#":
        return BROKEN, "This link leads nowhere. Give it an address, such as {{ link }}."
    if any(each.isspace() for each in address) and not address.lower().startswith(("mailto:", "sms:")):
        return BROKEN, "An address has no spaces in it. Take them out, or write %20 for each."
    scheme = _SCHEME.match(address)
    if scheme is None and address.startswith("//"):
        return BROKEN, "Write https: before it."
    if scheme is None and not address.startswith("#"):
        return BROKEN, "From a message it leads nowhere. Write the whole address: {{ site_url }}/… or https://…"
    if scheme and not address.lower().startswith(LINK_STARTS):
        valid = ", ".join(each for each in LINK_STARTS if each not in "/#")
        return BROKEN, f"Mail programs do not open '{scheme[1]}:'. Begin with one of {valid}."
    if address.lower().startswith(("http://", "https://")):
        host = _host(address)
        if not host and not goes_on:
            return BROKEN, "It names no site. Write the whole address."
        if host.removeprefix("www.") in EXAMPLE_HOSTS or host == "localhost" or host.endswith(EXAMPLE_ENDS):
            return PLACEHOLDER, f"{host} is only for examples. Write the real address."
    return None, ""


def _is_script(address: str) -> bool:
    """As browsers read it: they pass over blanks and control characters."""
    return _HIDDEN.sub("", address).lower().startswith(("javascript:", "vbscript:", "data:"))


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _short(address: str) -> str:
    return address if len(address) <= 80 else address[:79] + "…"


def _in_html(text: Candidate, part: str) -> Iterator[_Written]:
    for element in text.markup(part).elements:
        address = element.attributes.get(LINKS.get(element.name, ""))
        if address is not None and not address.strip().startswith(VALUE):
            constant, value, _ = address.partition(VALUE)
            yield _Written(part, constant, element.spot, bool(value))


def _in_text(text: Candidate, part: str) -> Iterator[_Written]:
    for prose in prose_of(text.written[part], html=False):
        for found in _WRITTEN_OUT.finditer(prose.text):
            goes_on = prose.text[found.end() : found.end() + 1] == VALUE
            yield _Written(part, found[0].rstrip(".,;:!?)"), prose.at(found.start()), goes_on)


def _in_tags(text: Candidate, part: str) -> Iterator[_Written]:
    """{% link %} and {% button %}, and what else includes a layout with an address."""
    for node in _nodes(text.compiled[part].body):
        if isinstance(node, Link):
            values = [node.address]
        else:
            values = [value for name, value in node.values if name in _ADDRESS_VALUES]
        for value in values:
            if isinstance(value, Constant) and node.place.template == text.name(part):
                yield _Written(part, "" if value.value is None else str(value.value), node.place)


def _nodes(body: Body) -> Iterator[Link | Scope]:
    for node in body:
        if isinstance(node, Link | Scope):
            yield node
        if isinstance(node, Scope):
            yield from _nodes(node.body)
        elif isinstance(node, If):
            for _, each in node.branches:
                yield from _nodes(each)
        elif isinstance(node, For):
            yield from _nodes(node.body)
            yield from _nodes(node.empty)
        elif isinstance(node, Plural):
            for _, each in node.cases:
                yield from _nodes(each)


def telling_pictures(text: Candidate) -> Iterator[Finding]:
    """Mail programs ask for pictures by themselves: a value in an address tells another site who reads what."""
    own = _host(conf.get().BASE_URL)
    for part in text.readable:
        if not part.is_html:
            continue
        for element in text.markup(part.name).elements:
            for name in PICTURES:
                constant, value, _ = element.attributes.get(name, "").strip().partition(VALUE)
                host = _host(constant)
                if value and host and host != own:
                    yield TELLING.found(
                        f"{host} would be told the value in it as soon as the email is opened. Give all readers the "
                        "same picture, or keep it on this site.",
                        part.name,
                        element.spot,
                    )
