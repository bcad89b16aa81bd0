"""CSS written into the elements it is for, as mail programs need it: when a text is compiled, not for each message.

The tree is written out with a marker for each value and each branching, led through css-inline, and read back. Where
that cannot be done faithfully, `inlined` says so with None, and each message is led through css-inline by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from notifications.templating.html import START, State, advance
from notifications.templating.nodes import Body, For, If, Place, Plural, Scope, Text

if TYPE_CHECKING:
    from css_inline import CSSInliner

_MARK = "qzn{}nzq"
_MARKS = re.compile(r"<!--qzn(\d+)nzq-->|qzn(\d+)nzq")
_BY_SELECTORS = ("class", "id", "style", "dir", "lang")
"""attributes that style sheets look at, or are written into"""
_NOWHERE = Place("", 0, 0)


def inline(html: str) -> str:
    """A whole email with its styles inlined; media queries stay."""
    return _inliner().inline(html)


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def inlined(body: Body) -> Body | None:
    """The tree of an email with its styles inlined; None: it has to be done for each message."""
    writer = _Writer()
    if not writer.write(body, START):
        return None
    source = "".join(writer.pieces)
    if len(_MARKS.findall(source)) != len(writer.marked):
        return None  # the text itself holds what looks like a marker
    html = inline(source)
    found = [int(one or other) for one, other in _MARKS.findall(html)]
    if found != list(range(len(writer.marked))):
        return None  # moved, doubled or dropped: the HTML is not well-formed there
    return _Reader(html, writer.marked).read()


class _Writer:
    """The tree as HTML with markers. Those of a branching node stand before, between and behind its bodies."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.marked: list[Any] = []
        self.state = START

    def write(self, body: Body, state: State) -> bool:
        """Whether all of it can be written."""
        self.state = state
        return all(map(self._node, body))

    def _node(self, node: Any) -> bool:
        if isinstance(node, Text):
            self.pieces.append(node.text)
            self.state = advance(self.state, node.text)
            return True
        bodies = _bodies(node)
        before = self.state
        if not self._mark(node):
            return False
        for each in bodies:
            self.state = before
            if not (all(map(self._node, each)) and self._mark(None)):
                return False
        return True

    def _mark(self, node: Any) -> bool:
        if self.state.kind in ("tag", "name", "before", "comment", "raw"):
            return False
        if self.state.kind == "value" and self.state.attribute in _BY_SELECTORS:
            return False
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
