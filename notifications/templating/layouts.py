"""Layouts laid around a text, and what it includes put into it: one tree without blocks is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from notifications.exceptions import TemplateSyntaxError, known
from notifications.templating.nodes import (
    Block,
    Body,
    Condition,
    For,
    If,
    Include,
    Not,
    Output,
    Parsed,
    Path,
    Place,
    Plural,
    Scope,
    Text,
)

Load = Callable[[str], "Parsed | None"]
"""gives the layout of that name, or None"""
DEPTH_MAX = 8
"""layouts that extend or include each other"""
SIZE_MAX = 20_000
"""nodes of the whole tree"""
SUPER = ("block", "super")


def assemble(parsed: Parsed, load: Load, constants: Mapping[str, Any]) -> Body:
    """The whole tree. What is decided by `constants` alone is decided here. Raises `TemplateSyntaxError`."""
    return _Assembly(load, constants).whole(parsed, 0)


class _Assembly:
    def __init__(self, load: Load, constants: Mapping[str, Any]) -> None:
        self.load, self.constants = load, constants
        self.size = 0

    def whole(self, parsed: Parsed, depth: int) -> Body:
        chain = self._chain(parsed)
        blocks: dict[str, list[Block]] = defaultdict(list)
        for each in chain:
            for block in each.blocks.values():
                blocks[block.name].append(block)
        return self._body(chain[-1].body, blocks, (), depth)

    def _chain(self, parsed: Parsed) -> list[Parsed]:
        """The text and the layouts around it, the outermost last."""
        chain = [parsed]
        while (inner := chain[-1]).extends:
            place = inner.extends_place or Place(inner.name, 1, 1)
            if len(chain) > DEPTH_MAX:
                raise TemplateSyntaxError.at(place, f"More than {DEPTH_MAX} layouts extend each other.")
            chain.append(self._loaded(inner.extends, place))
            _refuse_what_is_not_shown(inner)
        offered: set[str] = set()
        for each in reversed(chain):
            if each.extends and (unknown := set(each.blocks) - offered - _nested(each)):
                block = each.blocks[min(unknown)]
                raise TemplateSyntaxError.at(
                    block.place, f"The layout {each.extends} has no block '{block.name}'. {known(offered)}"
                )
            offered |= set(each.blocks)
        return chain

    def _loaded(self, name: str, place: Place) -> Parsed:
        layout = self.load(name)
        if layout is None:
            raise TemplateSyntaxError.at(place, f"There is no layout {name}.")
        return layout

    def _body(self, body: Body, blocks: Mapping[str, list[Block]], above: tuple[Block, ...], depth: int) -> Body:
        """`above`: the blocks that the present one replaces, for {{ block.super }}."""
        nodes: list[Any] = []
        for node in body:
            self.size += 1
            if self.size > SIZE_MAX:
                raise TemplateSyntaxError.at(node.place, f"The text has more than {SIZE_MAX:,} parts. Make it shorter.")
            if isinstance(node, Block):
                first, *others = blocks[node.name]
                nodes += self._body(first.body, blocks, tuple(others), depth)
            elif isinstance(node, Output) and isinstance(node.value, Path) and node.value.names == SUPER:
                if above:
                    nodes += self._body(above[0].body, blocks, above[1:], depth)
            elif isinstance(node, Include):
                nodes.append(self._included(node, depth))
            elif isinstance(node, If):
                nodes += self._if(node, blocks, above, depth)
            elif isinstance(node, For):
                bodies = [self._body(each, blocks, above, depth) for each in (node.body, node.empty)]
                nodes.append(For(node.names, node.items, node.backwards, bodies[0], bodies[1], node.place))
            elif isinstance(node, Plural):
                cases = tuple((name, self._body(each, blocks, above, depth)) for name, each in node.cases)
                nodes.append(Plural(node.count, cases, node.place))
            elif isinstance(node, Output) and isinstance(node.value, Path) and node.value.names[0] in self.constants:
                nodes.append(Text(str(self.constants[node.value.names[0]]), node.place))
            else:
                nodes.append(node)
        return tuple(nodes)

    def _included(self, node: Include, depth: int) -> Scope:
        if depth >= DEPTH_MAX:
            raise TemplateSyntaxError.at(node.place, f"More than {DEPTH_MAX} texts include each other.")
        return Scope(node.values, self.whole(self._loaded(node.template, node.place), depth + 1), node.place)

    def _if(self, node: If, blocks: Mapping[str, list[Block]], above: tuple[Block, ...], depth: int) -> Body:
        """The branches that may be taken; if only one can be, its nodes."""
        branches: list[tuple[Condition | None, Body]] = []
        for condition, body in node.branches:
            decided = None if condition is None else self._decided(condition)
            if decided is False:
                continue
            taken = self._body(body, blocks, above, depth)
            branches.append((None if decided else condition, taken))
            if decided or condition is None:
                break
        if branches and branches[0][0] is None:
            return branches[0][1]
        return (If(tuple(branches), node.place),) if branches else ()

    def _decided(self, condition: Condition) -> bool | None:
        if isinstance(condition, Not):
            decided = self._decided(condition.condition)
            return None if decided is None else not decided
        if isinstance(condition, Path) and condition.names[0] in self.constants:
            return bool(self.constants[condition.names[0]])
        return None


def _nested(parsed: Parsed) -> set[str]:
    """Blocks inside blocks: a text may have new ones in those of its layout."""
    outer = {node.name for node in parsed.body if isinstance(node, Block)}
    return set(parsed.blocks) - outer


def _refuse_what_is_not_shown(parsed: Parsed) -> None:
    for node in parsed.body:
        blank = isinstance(node, Text) and not node.text.strip()
        if not (blank or isinstance(node, Block)):
            raise TemplateSyntaxError.at(
                _first_word(node),
                f"This stands in no block, so {parsed.extends} does not show it. "
                "Put it into one, such as {% block content %} … {% endblock %}.",
            )


def _first_word(node: Any) -> Place:
    place: Place = node.place
    if isinstance(node, Text):
        blank = node.text[: len(node.text) - len(node.text.lstrip())]
        if passed := blank.count("\n"):
            return Place(place.template, place.line + passed, len(blank) - blank.rfind("\n"))
        return Place(place.template, place.line, place.column + len(blank))
    return place
