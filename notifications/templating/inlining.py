"""CSS written into the elements it is for, as mail programs need it: when a text is compiled, not for each message.

The tree is written out with a marker for each value and each branching, led through css-inline, and read back. Where
that cannot be done faithfully, `inlined` says so with None, and each message is led through css-inline by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from notifications.templating.markup import START, State, advance
from notifications.templating.nodes import Body, For, If, Link, LinkPart, Place, Plural, Scope, Text

if TYPE_CHECKING:
    from css_inline import CSSInliner

_MARK = "qzn{}nzq"
_MARKS = re.compile(r"<!--qzn(\d+)nzq-->|qzn(\d+)nzq")
_BY_SELECTORS = ("class", "id", "style", "dir", "lang")
"""attributes that style sheets look at, or are written into"""
_BY_POSITION = re.compile(r":(?:nth-|first-|last-|only-|empty|has\b)|[+~]")
"""in selectors: what depends on which other elements there are, so on which branches are taken"""
_IMPLIED = frozenset({"html", "head", "body", "tbody", "colgroup"})
"""elements that HTML has where they are not written"""
_TABLE_PARTS = frozenset({"table", "tbody", "thead", "tfoot", "tr", "colgroup"})
"""elements that hold no text themselves: what stands there is moved before the table"""
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
ELEMENTS_MAX = 5_000
"""of an email. css-inline overflows its stack, and ends the process, at about 10,000 inside each other"""
UNCLOSED_MAX = 50
"""of the elements that HTML opens anew in each paragraph until they are closed"""
STYLES_MAX = 50_000
"""characters of an email's style sheets: what they cost grows with the number of elements, too"""
_START = re.compile(r"<[A-Za-z]")
_FORMATTING = re.compile(
    r"<(/?)(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII
)
_NOWHERE = Place("", 0, 0)


class TooMuch(ValueError):
    """The HTML is too large for its styles to be inlined. The message holds nothing of it."""


def inline(html: str) -> str:
    """A whole email with its styles inlined; media queries stay. Raises `TooMuch`."""
    if sum(1 for _ in _START.finditer(html)) > ELEMENTS_MAX:
        raise TooMuch(f"An email has at most {ELEMENTS_MAX:,} elements; this one has more. Make it shorter")
    if _unclosed(html) > UNCLOSED_MAX:
        raise TooMuch("Of the tags that format text, such as <b> and <a>, too many are not closed. Close each")
    return _inliner().inline(html)


def _unclosed(html: str) -> int:
    opened: Counter[str] = Counter()
    for each in _FORMATTING.finditer(html):
        name = each[2].lower()
        opened[name] = max(0, opened[name] - 1) if each[1] else opened[name] + 1
    return opened.total()


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def inlined(body: Body) -> Body | None:
    """The tree of an email with its styles inlined; None: it has to be done for each message.

    Raises `TooMuch`.
    """
    writer = _Writer()
    if not writer.write(body, START):
        return None
    source = "".join(writer.pieces)
    if len(_MARKS.findall(unescape(source))) != len(writer.marked):
        return None  # the text itself holds what looks like a marker
    outline = _outline(source)
    if outline is None:
        return None
    if len(outline.styles) > STYLES_MAX:
        raise TooMuch(f"The styles of an email have at most {STYLES_MAX:,} characters; these have more. Use fewer")
    if _depends_on_values(outline, writer):
        return None
    html = inline(source)
    found = [int(one or other) for one, other in _MARKS.findall(html)]
    after = _outline(html)
    if after is None or found != list(range(len(writer.marked))) or not _faithful(outline, after, writer.marked):
        return None  # moved, doubled or dropped: the HTML is not well-formed there
    return _Reader(html, writer.marked).read()


def _outline(html: str) -> _Outline | None:
    try:
        return _Outline(html)
    except AssertionError:  # what Python's parser says of a <![ that it does not know
        return None


class _Outline(HTMLParser):
    """What is in a piece of HTML, in order, and in which element each marker between tags stands."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.order: list[str] = []
        self.styles = ""
        self.parents: dict[int, tuple[int, str]] = {}
        self._open = [(0, "")]
        self._count = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._count += 1
        if tag not in _VOID:
            self._open.append((self._count, tag))
        if tag not in _IMPLIED and tag != "style":
            self.order.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _IMPLIED and tag not in _VOID and tag != "style":
            self.order.append(f"</{tag}>")
        names = [name for _, name in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self._open[-1][1] == "style":
            self.styles += data
        else:
            self.order += data.split()

    def handle_comment(self, data: str) -> None:
        if match := _MARKS.fullmatch(f"<!--{data}-->"):
            self.order.append(match[0])
            self.parents[int(match[1])] = self._open[-1]


def _depends_on_values(outline: _Outline, writer: _Writer) -> bool:
    """Whether the style sheet may look at what the values are, or at which branches are taken."""
    by_value = writer.in_attributes and "[" in outline.styles
    return by_value or bool(writer.marked and _BY_POSITION.search(_selectors(outline.styles)))


def _selectors(css: str) -> str:
    """The style sheet without what stands inside the innermost braces, and without comments."""
    css = re.sub(r"/\*.*?(?:\*/|\Z)", "", css, flags=re.DOTALL)
    return re.sub(r"\{[^{}]*\}", "{}", css)


def _faithful(before: _Outline, after: _Outline, marked: list[Any]) -> bool:
    """Whether all is where it was: text, elements and markers in the same order, and each body in one element."""
    if before.order != after.order:
        return False
    open_nodes: list[tuple[int, str]] = []
    left: list[int] = []
    for number, node in enumerate(marked):
        parent = after.parents.get(number, (0, "an attribute"))
        if node is None:
            if parent != open_nodes[-1]:
                return False
            left[-1] -= 1
            if not left[-1]:
                open_nodes.pop()
                left.pop()
            continue
        bodies = _bodies(node)
        if not bodies and parent[1] in _TABLE_PARTS:
            return False
        if bodies:
            open_nodes.append(parent)
            left.append(len(bodies))
    return True


class _Writer:
    """The tree as HTML with markers. Those of a branching node stand before, between and behind its bodies."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.marked: list[Any] = []
        self.state = START
        self.in_attributes = False

    def write(self, body: Body, state: State) -> bool:
        """Whether all of it can be written."""
        self.state = state
        return all(map(self._node, body))

    def _node(self, node: Any) -> bool:
        if isinstance(node, Text):
            self.pieces.append(node.text)
            self.state = advance(self.state, node.text)
            return True
        if isinstance(node, Link):
            return self._link(node)
        bodies = _bodies(node)
        before = self.state
        if not self._mark(node):
            return False
        for each in bodies:
            self.state = before
            if not (all(map(self._node, each)) and self._mark(None)):
                return False
        return True

    def _link(self, node: Link) -> bool:
        """As the element that it is: style sheets are about it, too."""
        self.pieces.append('<a href="')
        self.state = advance(self.state, '<a href="')
        marked = self._mark(LinkPart(node, "address"))
        self.pieces.append('">')
        self.state = advance(self.state, '">')
        marked = marked and self._mark(LinkPart(node, "label"))
        self.pieces.append("</a>")
        self.state = advance(self.state, "</a>")
        return marked

    def _mark(self, node: Any) -> bool:
        if self.state.kind in ("tag", "name", "before", "comment", "raw"):
            return False
        if self.state.kind == "value" and self.state.attribute in _BY_SELECTORS:
            return False
        self.in_attributes = self.in_attributes or self.state.kind == "value"
        mark = _MARK.format(len(self.marked))
        self.pieces.append(f"<!--{mark}-->" if self.state.between_tags and self.state.kind == "text" else mark)
        self.marked.append(node)
        return True


class _Reader:
    """The tree from the HTML with markers."""

    def __init__(self, html: str, marked: list[Any]) -> None:
        self.pieces = _pieces(html)
        self.marked = marked

    def read(self) -> Body:
        nodes: list[Any] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                nodes.append(Text(piece, _NOWHERE))
                continue
            node = self.marked[piece]
            if node is None:  # the end of a body
                break
            nodes.append(_with_bodies(node, [self.read() for _ in _bodies(node)]))
        return tuple(nodes)


def _pieces(html: str) -> Iterator[str | int]:
    position = 0
    for match in _MARKS.finditer(html):
        if match.start() > position:
            yield html[position : match.start()]
        yield int(match[1] or match[2])
        position = match.end()
    if position < len(html):
        yield html[position:]


def _bodies(node: Any) -> list[Body]:
    if isinstance(node, If):
        return [body for _, body in node.branches]
    if isinstance(node, For):
        return [node.body, node.empty]
    if isinstance(node, Plural):
        return [body for _, body in node.cases]
    return [node.body] if isinstance(node, Scope) else []


def _with_bodies(node: Any, bodies: list[Body]) -> Any:
    if isinstance(node, If):
        pairs = zip(node.branches, bodies, strict=True)
        return replace(node, branches=tuple((condition, body) for (condition, _), body in pairs))
    if isinstance(node, For):
        return replace(node, body=bodies[0], empty=bodies[1])
    if isinstance(node, Plural):
        cases = zip(node.cases, bodies, strict=True)
        return replace(node, cases=tuple((name, body) for (name, _), body in cases))
    return replace(node, body=bodies[0]) if isinstance(node, Scope) else node
