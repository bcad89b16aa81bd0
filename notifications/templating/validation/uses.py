"""Where a text asks for values: which ones, what for, and whether there are such, as far as their examples show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from notifications.exceptions import known
from notifications.templating.engine import Missing, Run, value_of
from notifications.templating.expressions import suggestion
from notifications.templating.format_tags import FORMATS
from notifications.templating.nodes import (
    Body,
    Condition,
    Constant,
    Expression,
    Filtered,
    For,
    Format,
    If,
    Link,
    Not,
    Operation,
    Output,
    Path,
    Place,
    Plural,
    Scope,
)
from notifications.templating.plain import NotPlainError, plain
from notifications.templating.reading import named

UNKNOWN: Any = object()
"""the example of a value that has none"""
_LOOP = {"counter": 1, "counter0": 0, "revcounter": 1, "revcounter0": 0, "first": True, "last": True}


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a text asks for a value."""

    name: str
    """as it is written there"""
    root: str
    """the value that the text is given, of which it is a part; "": one of the text's own, as forloop"""
    place: Place
    written: bool
    """readers see it; False: it only decides what they see"""
    guarded: bool
    """nothing fails where it is missing"""
    problem: str = ""
    """why there is no such value, and what to do"""
    failure: str = ""
    """why it cannot be used like that"""


@dataclass(frozen=True, slots=True)
class _Value:
    root: str
    example: Any
    also: tuple[str, ...] = ()
    """other values that it may come from: {% for each in names|default:others %}"""


def uses_of(body: Body, examples: Mapping[str, Any], known_values: Mapping[str, Any] | None) -> list[Use]:
    """All uses in a text, in order. `known_values`: all that there are; None: nobody knows what else there is."""
    walk = _Walk(known_values is None)
    walk.body(body, {name: _Value(name, _example(value)) for name, value in examples.items()})
    return walk.uses


def _example(value: Any) -> Any:
    try:
        return UNKNOWN if value is None else plain(value)
    except NotPlainError:
        return UNKNOWN


Seen = Mapping[str, _Value]


class _Walk:
    """`open_ended`: there may be values that nobody has declared."""

    def __init__(self, open_ended: bool) -> None:
        self.open_ended = open_ended
        self.uses: list[Use] = []
        self.loop_names: set[str] = set()

    def body(self, body: Body, seen: Seen) -> None:
        for node in body:
            self._node(node, seen)

    def _node(self, node: Any, seen: Seen) -> None:
        if isinstance(node, Output):
            self._value(node.value, seen)
        elif isinstance(node, Format):
            self._format(node, seen)
        elif isinstance(node, Link):
            self._value(node.address, seen)
            if node.label is not None:
                self._value(node.label, seen)
        elif isinstance(node, If):
            for condition, body in node.branches:
                if condition is not None:
                    self._condition(condition, seen)
                self.body(body, seen)
        elif isinstance(node, For):
            self._for(node, seen)
        elif isinstance(node, Plural):
            self._value(node.count, seen, written=False)
            for _, body in node.cases:
                self.body(body, seen)
        elif isinstance(node, Scope):
            given = {name: self._value(value, seen) for name, value in node.values}
            self.body(node.body, {**seen, **given})

    def _for(self, node: For, seen: Seen) -> None:
        items = self._value(node.items, seen, written=False)
        self.loop_names |= set(node.names)
        first = _first(items.example)
        if len(node.names) == 1:
            inner = {node.names[0]: replace(items, example=first)}
        else:
            fits = isinstance(first, list | tuple) and len(first) == len(node.names)
            parts = first if fits else [UNKNOWN] * len(node.names)
            inner = {name: replace(items, example=_example(each)) for name, each in zip(node.names, parts, strict=True)}
        above = seen.get("forloop", _Value("", {})).example
        self.body(node.body, {**seen, **inner, "forloop": _Value("", {**_LOOP, "parentloop": above})})
        self.body(node.empty, seen)

    def _condition(self, condition: Condition, seen: Seen) -> None:
        if isinstance(condition, Not):
            self._condition(condition.condition, seen)
        elif isinstance(condition, Operation):
            self._condition(condition.left, seen)
            self._condition(condition.right, seen)
        else:
            self._value(condition, seen, written=False, guarded=True)

    def _format(self, node: Format, seen: Seen) -> None:
        value = self._value(node.value, seen)
        style = self._value(node.argument, seen) if node.argument is not None else None
        if value.example is UNKNOWN or (style is not None and style.example is UNKNOWN):
            return
        tag = FORMATS[node.name]
        try:
            tag.function(value.example, tag.default if style is None else style.example)
        except ValueError as error:
            self.uses.append(Use(str(node.value), value.root, node.place, True, False, failure=str(error)))

    def _value(self, expression: Expression, seen: Seen, *, written: bool = True, guarded: bool = False) -> _Value:
        if isinstance(expression, Constant):
            return _Value("", expression.value)
        if isinstance(expression, Path):
            return self._path(expression, seen, written, guarded)
        return self._filtered(expression, seen, written, guarded)

    def _filtered(self, expression: Filtered, seen: Seen, written: bool, guarded: bool) -> _Value:
        within = guarded or expression.filter == "default"
        value = self._value(expression.value, seen, written=written, guarded=within)
        argument = expression.argument
        if argument is not None:
            given = self._value(argument, seen, written=written, guarded=guarded)
            argument = Constant(given.example)
            value = replace(value, also=(*value.also, *filter(None, (given.root, *given.also))))
            if given.example is UNKNOWN:
                return replace(value, example=UNKNOWN)
        if value.example is UNKNOWN:
            return value
        tried = Filtered(Path(("x",), expression.place), expression.filter, argument, expression.place)
        try:
            return replace(value, example=value_of(tried)(Run({"x": value.example})))
        except (ValueError, Missing) as error:
            self.uses.append(Use(_path_in(expression), value.root, expression.place, written, guarded, "", str(error)))
            return replace(value, example=UNKNOWN)

    def _path(self, path: Path, seen: Seen, written: bool, guarded: bool) -> _Value:
        first = path.names[0]
        value, problem = seen.get(first), ""
        if value is None:
            problem = "" if self.open_ended else self._unknown(first, seen)
            value = _Value(first, UNKNOWN)
        for number, name in enumerate(path.names[1:], 1):
            if problem or value.example is UNKNOWN:
                value = replace(value, example=UNKNOWN)
                break
            value, problem = _inside(value, name, ".".join(path.names[:number]))
        for root in (value.root, *value.also):
            self.uses.append(Use(str(path), root, path.place, written, guarded, problem))
        return value

    def _unknown(self, name: str, seen: Seen) -> str:
        if name in self.loop_names:
            return f"'{name}' is known only between its {{% for %}} and {{% endfor %}}. Move it there."
        return f"There is no value '{name}'. {suggestion(name, seen)}"


def _inside(value: _Value, name: str, of: str) -> tuple[_Value, str]:
    """What a part of a value is, and what is wrong with asking for it."""
    example = value.example
    nothing = replace(value, example=UNKNOWN)
    if isinstance(example, dict):
        if name in example:
            return replace(value, example=_example(example[name])), ""
        names = [str(each) for each in example]
        return nothing, f"'{of}' has no '{name}'. {suggestion(name, names) if names else known(names)}"
    if isinstance(example, list | tuple):
        if name.isdigit():
            return replace(value, example=_first(example[int(name) :] or example)), ""
        return nothing, f"'{of}' is a list: write {{% for each in {of} %}}, or {of}.0 for its first."
    return nothing, f"'{of}' is {named(example)[0]} and has no '{name}' in it: write {{{{ {of} }}}}."


def _first(items: Any) -> Any:
    if isinstance(items, dict):
        items = list(items.items())
    return _example(items[0]) if isinstance(items, list | tuple) and items else UNKNOWN


def _path_in(expression: Expression) -> str:
    while isinstance(expression, Filtered):
        expression = expression.value
    return str(expression) if isinstance(expression, Path) else ""
