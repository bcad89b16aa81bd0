"""Layouts laid around a text, and what it includes put into it: one tree without blocks is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from notifications.exceptions import TemplateSyntaxError, known
from notifications.templating.nodes import (
    Block,
    Body,
    Condition,
    Constant,
    Filtered,
    For,
    Format,
    If,
    Include,
    Link,
    Not,
    Operation,
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
LENGTH_MAX = 500_000
"""characters of the whole tree"""
NESTING_MAX = 60
"""branches, blocks and layouts inside each other"""
SUPER = ("block", "super")


def assemble(parsed: Parsed, load: Load, constants: Mapping[str, Any]) -> Body:
    """The whole tree. What is decided by `constants` alone is decided here. Raises `TemplateSyntaxError`."""
    return _Assembly(load, constants).whole(parsed, 0)


class _Assembly:
    def __init__(self, load: Load, constants: Mapping[str, Any]) -> None:
        self.load, self.constants = load, constants
        self.size = self.length = self.nesting = 0
        self.open_blocks: list[str] = []

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
            raise TemplateSyntaxError.at(
                place, f"There is no layout {name}. Check its name; layouts are files that developers add."
            )
        return layout

    def _body(self, body: Body, blocks: Mapping[str, list[Block]], above: tuple[Block, ...], depth: int) -> Body:
        """`above`: the blocks that the present one replaces, for {{ block.super }}."""
        self.nesting += 1
        nodes: list[Any] = []
        for node in body:
            self._count(node)
            if isinstance(node, Block):
                nodes += self._block(node, blocks, depth)
            elif isinstance(node, Output) and isinstance(node.value, Path) and node.value.names == SUPER:
                if above:
                    nodes += self._body(above[0].body, blocks, above[1:], depth)
            elif isinstance(node, Include):
                nodes.append(self._included(node, depth))
            elif isinstance(node, If):
                nodes += self._if(node, blocks, above, depth)
            elif isinstance(node, For):
                inner, empty = (self._body(each, blocks, above, depth) for each in (node.body, node.empty))
                nodes.append(replace(node, items=self._known(node.items), body=inner, empty=empty))
            elif isinstance(node, Plural):
                cases = tuple((name, self._body(each, blocks, above, depth)) for name, each in node.cases)
                nodes.append(replace(node, count=self._known(node.count), cases=cases))
            else:
                nodes.append(self._leaf(node))
        self.nesting -= 1
        return tuple(nodes)

    def _count(self, node: Any) -> None:
        self.size += 1
        if self.size > SIZE_MAX:
            raise TemplateSyntaxError.at(node.place, f"The text has more than {SIZE_MAX:,} parts. Make it shorter.")
        if isinstance(node, Text):
            self.length += len(node.text)
            if self.length > LENGTH_MAX:
                raise TemplateSyntaxError.at(
                    node.place, f"With its layouts the text has more than {LENGTH_MAX:,} characters. Make it shorter."
                )
        if self.nesting > NESTING_MAX:
            raise TemplateSyntaxError.at(
                node.place, f"With its layouts the text is nested more than {NESTING_MAX} deep. Use fewer tags."
            )

    def _block(self, node: Block, blocks: Mapping[str, list[Block]], depth: int) -> Body:
        if node.name in self.open_blocks:
            raise TemplateSyntaxError.at(
                node.place, f"The block '{node.name}' would stand inside itself. Take it out of the block around it."
            )
        first, *others = blocks[node.name]
        self.open_blocks.append(node.name)
        body = self._body(first.body, blocks, tuple(others), depth)
        self.open_blocks.pop()
        return body

    def _leaf(self, node: Any) -> Any:
        if isinstance(node, Output):
            value = self._known(node.value)
            if isinstance(value, Constant) and value is not node.value:
                return Text(str(value.value), node.place)
            return replace(node, value=value)
        if isinstance(node, Format):
            return replace(node, value=self._known(node.value), argument=node.argument and self._known(node.argument))
        if isinstance(node, Link):
            return replace(node, address=self._known(node.address), label=node.label and self._known(node.label))
        return node

    def _known(self, condition: Any) -> Any:
        """An expression or a condition, with the constants in their places."""
        if isinstance(condition, Path) and len(condition.names) == 1 and condition.names[0] in self.constants:
            return Constant(self.constants[condition.names[0]])
        if isinstance(condition, Filtered):
            argument = condition.argument and self._known(condition.argument)
            return replace(condition, value=self._known(condition.value), argument=argument)
        if isinstance(condition, Not):
            return Not(self._known(condition.condition))
        if isinstance(condition, Operation):
            return replace(condition, left=self._known(condition.left), right=self._known(condition.right))
        return condition

    def _included(self, node: Include, depth: int) -> Scope:
        if depth >= DEPTH_MAX:
            raise TemplateSyntaxError.at(node.place, f"More than {DEPTH_MAX} texts include each other.")
        values = tuple((name, self._known(value)) for name, value in node.values)
        outer, self.open_blocks = self.open_blocks, []  # an included text has blocks of its own
        body = self.whole(self._loaded(node.template, node.place), depth + 1)
        self.open_blocks = outer
        return Scope(values, body, node.place)

    def _if(self, node: If, blocks: Mapping[str, list[Block]], above: tuple[Block, ...], depth: int) -> Body:
        """The branches that may be taken; if only one can be, its nodes."""
        branches: list[tuple[Condition | None, Body]] = []
        for condition, body in node.branches:
            condition = None if condition is None else self._known(condition)
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
        return bool(condition.value) if isinstance(condition, Constant) else None


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
