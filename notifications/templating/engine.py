"""The language of notification texts: Django's template syntax, with less in it. From a tree to text.

A text sees the values that it is given, as plain data, and nothing else. Nothing in here gets an attribute of a value,
calls one, or reads a file: what is not in the language cannot be asked for. What it costs is limited, too.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.utils.safestring import SafeString

from notifications.exceptions import TemplateError, TemplateSyntaxError
from notifications.templating import formats, inlining
from notifications.templating.filters import FILTERS
from notifications.templating.format_tags import FORMATS
from notifications.templating.html import with_contexts
from notifications.templating.layouts import Load, assemble
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
    LinkPart,
    Not,
    Operation,
    Output,
    Path,
    Place,
    Plural,
    Scope,
    Text,
)
from notifications.templating.parser import parse
from notifications.templating.plain import SCALARS, NotPlainError, plain
from notifications.templating.reading import FormatError

ITERATIONS_MAX = 10_000
"""of all loops of a text together"""
OUTPUT_MAX = 1_000_000
"""characters"""
SECONDS_MAX = 1.0
"""of this thread's processor time, so that a busy machine fails nothing"""
STEPS_BETWEEN_LOOKS = 64
CHARACTERS_IN_STEP = 256
LINK_STARTS = ("https://", "http://", "mailto:", "tel:", "/", "#", "sms:")


class Missing(LookupError):
    """A value was asked for that was not given."""


class Refused(ValueError):
    """A value is of a wrong kind, or a limit is reached. The message holds nothing of the values."""


class Run:
    """One rendering: the values in sight, what has come out, and what it has cost."""

    __slots__ = ("deadline", "fuel", "iterations", "out", "place", "plain", "size", "values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.out: list[str] = []
        self.size = self.iterations = 0
        self.fuel = STEPS_BETWEEN_LOOKS
        self.deadline = 0.0
        self.place: Place | None = None
        self.plain: dict[int, tuple[Any, Any]] = {}
        """id → the value, kept so that no other gets its id, and what it is as plain data"""

    def write(self, text: str) -> None:
        self.size += len(text)
        if self.size > OUTPUT_MAX:
            raise Refused(f"The text grows beyond {OUTPUT_MAX:,} characters")
        self.out.append(text)
        self.spend(1)

    def repeat(self) -> None:
        """Once more through a loop."""
        self.iterations += 1
        if self.iterations > ITERATIONS_MAX:
            raise Refused(f"Its loops go round more than {ITERATIONS_MAX:,} times")
        if self.size > OUTPUT_MAX:
            raise Refused(f"The text grows beyond {OUTPUT_MAX:,} characters")
        self.spend(1)

    def spend(self, steps: int) -> None:
        """Take so many steps. The clock is looked at now and then: each look takes longer than most steps."""
        self.fuel -= steps
        if self.fuel > 0:
            return
        self.fuel = STEPS_BETWEEN_LOOKS
        now = time.thread_time()
        self.deadline = self.deadline or now + SECONDS_MAX
        if now > self.deadline:
            raise Refused(f"It takes longer than {SECONDS_MAX:g} s")


def _cost(value: Any) -> int:
    """Steps that it takes to look through a value."""
    return 1 + len(value) // CHARACTERS_IN_STEP if type(value) in (str, list, tuple) else 1


Step = Callable[[Run], None]
Getter = Callable[[Run], Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A text, ready to be rendered, again and again and by any thread."""

    name: str
    body: Body
    """the whole tree with its layouts, for those who check it"""
    steps: Sequence[Step | str]
    inline_each: bool = False
    """its styles could not be inlined beforehand"""

    def render(self, values: Mapping[str, Any]) -> str:
        """The text. Raises `TemplateError` with the template's name and the line."""
        run = Run(values)
        try:
            _perform(self.steps, run)
            text = _well_formed("".join(run.out))
            return inlining.inline(text) if self.inline_each else text
        except Exception as error:
            raise _failure(self.name, run.place, error) from error


def _well_formed(text: str) -> str:
    """Without NUL and halves of characters, which neither databases nor providers take: readers see a sign instead."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def compile_text(
    source: str, *, name: str, html: bool, load: Load, constants: Mapping[str, Any], styled: bool = False
) -> Compiled:
    """Compile the source of a part. `name` is what errors call it; `html`: values are escaped.

    `load` gives layouts. `constants` are the values that are the same for all readers of the language. `styled`: it is
    an email, whose styles are inlined. Raises `TemplateSyntaxError`.
    """
    body = assemble(parse(source, name, html=html), load, constants)
    if html:
        body = with_contexts(body)
    try:
        written = inlining.inlined(body) if styled else body
    except inlining.TooMuch as error:
        raise TemplateSyntaxError.at(Place(name, 1, 1), f"{error}.") from None
    return Compiled(
        name=name,
        body=body,
        steps=_Compiler(html).body(body if written is None else written),
        inline_each=styled and written is None,
    )


def _failure(name: str, place: Place | None, error: Exception) -> TemplateError:
    template, line, column = (place.template, place.line, place.column) if place else (name, None, None)
    where = f"{template}, line {line}" if line else template
    if isinstance(error, FormatError):  # what is stored of it holds nothing of the recipient's
        text = error.redacted
    elif isinstance(error, Missing | Refused | inlining.TooMuch):
        text = str(error)
    else:
        text = type(error).__name__
    return TemplateError(f"{where}: {text}", template=template, line=line, column=column)


def _perform(steps: Sequence[Step | str], run: Run) -> None:
    append = run.out.append
    for step in steps:
        if type(step) is str:
            run.size += len(step)
            append(step)
        else:
            step(run)  # type: ignore[operator]


class _Compiler:
    """A method for each kind of node; each gives a function that writes it."""

    def __init__(self, html: bool) -> None:
        self.html = html

    def body(self, body: Body) -> list[Step | str]:
        steps: list[Step | str] = []
        for node in body:
            step = self._step(node)
            if isinstance(step, str) and steps and isinstance(steps[-1], str):
                steps[-1] += step
            else:
                steps.append(step)
        return steps

    def _step(self, node: Any) -> Step | str:
        if isinstance(node, Text):
            return node.text
        method: Callable[[Any], Step] = getattr(self, f"_{type(node).__name__.lower()}")
        return method(node)

    def _output(self, node: Output) -> Step:
        get, place = value_of(node.value), node.place
        if not self.html:

            def write(run: Run) -> None:
                run.place = place
                run.write(text_of(get(run)))

        elif node.context == "url":

            def write(run: Run) -> None:
                run.place = place
                run.write(escape(_address(text_of(get(run)))))

        else:

            def write(run: Run) -> None:
                run.place = place
                value = get(run)
                run.write(value if type(value) is SafeString else escape(text_of(value)))

        return write

    def _format(self, node: Format) -> Step:
        tag, place, html = FORMATS[node.name], node.place, self.html
        get = value_of(node.value)
        style: Getter = value_of(node.argument) if node.argument is not None else _constantly(tag.default)

        def write(run: Run) -> None:
            run.place = place
            text = tag.function(get(run), style(run))
            run.write(escape(text) if html else text)

        return write

    def _link(self, node: Link) -> Step:
        get, place, html = value_of(node.address), node.place, self.html
        label: Getter = value_of(node.label) if node.label is not None else _constantly("")

        def write(run: Run) -> None:
            run.place = place
            address, name = _address(text_of(get(run))), text_of(label(run))
            if html:
                run.write(f'<a href="{escape(address)}">{escape(name or address)}</a>')
            else:
                run.write(f"{name}: {address}" if name else address)

        return write

    def _linkpart(self, node: LinkPart) -> Step:
        get, place = value_of(node.link.address), node.link.place
        label: Getter = value_of(node.link.label) if node.link.label is not None else _constantly("")

        def write(run: Run) -> None:
            run.place = place
            address = _address(text_of(get(run)))
            run.write(escape(address if node.name == "address" else text_of(label(run)) or address))

        return write

    def _if(self, node: If) -> Step:
        place = node.place
        branches = [
            (condition_of(condition) if condition is not None else _constantly(True), self.body(body))
            for condition, body in node.branches
        ]

        def write(run: Run) -> None:
            run.spend(len(branches))
            for holds, steps in branches:
                run.place = place
                if holds(run):
                    _perform(steps, run)
                    return

        return write

    def _for(self, node: For) -> Step:
        place, get, names, backwards = node.place, value_of(node.items), node.names, node.backwards
        steps, empty = self.body(node.body), self.body(node.empty)

        def write(run: Run) -> None:
            run.place = place
            run.spend(1)
            items = _items(get(run))
            if backwards:
                items.reverse()
            if not items:
                _perform(empty, run)
                return
            outer = run.values
            inner = run.values = dict(outer)
            above = outer.get("forloop", {})
            for number, item in enumerate(items):
                run.place = place
                run.repeat()
                _name(inner, names, item)
                inner["forloop"] = _loop(number, len(items), above)
                _perform(steps, run)
            run.values = outer

        return write

    def _plural(self, node: Plural) -> Step:
        place, get = node.place, value_of(node.count)
        cases = {name: self.body(body) for name, body in node.cases}
        other = cases["other"]

        def write(run: Run) -> None:
            run.place = place
            run.spend(1)
            _perform(cases.get(formats.plural_category(get(run)), other), run)

        return write

    def _scope(self, node: Scope) -> Step:
        steps = self.body(node.body)
        given = [(name, value_of(value)) for name, value in node.values]
        place = node.place

        def write(run: Run) -> None:
            run.place = place
            run.spend(1)
            outer = run.values
            run.values = {**outer, **{name: get(run) for name, get in given}}
            _perform(steps, run)
            run.values = outer

        return write


def _constantly(value: Any) -> Getter:
    return lambda run: value


def value_of(expression: Expression) -> Getter:
    """A function that gives an expression's value. It raises `Missing`, or `ValueError` for a value of a wrong kind."""
    if isinstance(expression, Constant):
        return _constantly(expression.value)
    if isinstance(expression, Path):
        return _path(expression)
    return _filtered(expression)


def _path(path: Path) -> Getter:
    first, *others = path.names
    if not others:

        def get_one(run: Run) -> Any:
            try:
                value = run.values[first]
            except KeyError:
                raise Missing(f"There is no value {first}") from None
            return value if type(value) in SCALARS else _plain(run, value, path)

        return get_one

    def get(run: Run) -> Any:
        try:
            value = run.values[first]
            for name in others:
                value = _inside(value, name)
        except (KeyError, IndexError):
            hint = ""
            if path.names[-1] in ("items", "keys", "values"):
                hint = f". To go through {'.'.join(path.names[:-1])} itself, leave .{path.names[-1]} out"
            raise Missing(f"There is no value {path}{hint}") from None
        return value if type(value) in SCALARS else _plain(run, value, path)

    return get


def _inside(value: Any, name: str) -> Any:
    kind = type(value)
    if kind is dict:
        return value[name]
    if kind in (list, tuple) and name.isdigit():
        return value[int(name)]
    raise KeyError(name)


def _plain(run: Run, value: Any, path: Path) -> Any:
    found = run.plain.get(id(value))
    if found is None:
        try:
            found = run.plain[id(value)] = value, plain(value)
        except NotPlainError as error:
            raise Refused(f"The value {path} {error}") from None
    return found[1]


def _filtered(expression: Filtered) -> Getter:
    value, function = value_of(expression.value), FILTERS[expression.filter].function
    argument = value_of(expression.argument) if expression.argument is not None else None
    if expression.filter == "default":  # the one that is there for what is missing
        value = _or_none(value)

    def get(run: Run) -> Any:
        given = value(run)
        run.spend(_cost(given))
        return function(given) if argument is None else function(given, argument(run))

    return get


def _or_none(get: Getter) -> Getter:
    def found(run: Run) -> Any:
        try:
            return get(run)
        except Missing:
            return None

    return found


def text_of(value: Any) -> str:
    """What {{ … }} writes: nothing for None, dates and fractions as the reader's language does."""
    kind = type(value)
    if kind is str or kind is SafeString:
        text: str = value
        return text
    if value is None:
        return ""
    if kind is bool or (kind is int and value.bit_length() < 256):
        return str(value)
    if kind is int:
        raise Refused("{{ … }} cannot show a number with so many digits")
    return formats.plain_text(value)


def _address(text: str) -> str:
    address = text.strip()
    if address and not address.lower().startswith(LINK_STARTS):
        raise Refused(f"It is no address for a link, which starts with one of {', '.join(LINK_STARTS)}")
    return address


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    kind = type(value)
    if kind in (list, tuple):
        return list(value)
    if kind is dict:
        return list(value.items())
    raise Refused(f"{{% for %}} needs a list; this is of the kind {type(value).__name__}")


def _name(values: dict[str, Any], names: Sequence[str], item: Any) -> None:
    if len(names) == 1:
        values[names[0]] = item
        return
    if type(item) not in (list, tuple) or len(item) != len(names):
        raise Refused(f"{{% for {', '.join(names)} in … %}} needs items of {len(names)} values each")
    values.update(zip(names, item, strict=True))


def _loop(number: int, length: int, above: Any) -> dict[str, Any]:
    return {
        "counter": number + 1,
        "counter0": number,
        "revcounter": length - number,
        "revcounter0": length - number - 1,
        "first": number == 0,
        "last": number == length - 1,
        "parentloop": above,
    }


def _compare(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        try:
            return bool(compare(left, right))
        except (TypeError, ValueError, ArithmeticError):  # a number and a text, as in Django
            return False

    return compared


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _compare(operator.eq),
    "!=": _compare(operator.ne),
    "<": _compare(operator.lt),
    "<=": _compare(operator.le),
    ">": _compare(operator.gt),
    ">=": _compare(operator.ge),
    "is": _compare(operator.is_),
    "is not": _compare(operator.is_not),
    "in": _compare(lambda left, right: left in right),
    "not in": _compare(lambda left, right: left not in right),
}


def condition_of(condition: Condition) -> Getter:
    """A function that says whether a condition holds. What is missing counts as None."""
    if isinstance(condition, Not):
        inner = condition_of(condition.condition)
        return lambda run: not inner(run)
    if not isinstance(condition, Operation):
        return _or_none(value_of(condition))
    left, right = condition_of(condition.left), condition_of(condition.right)
    if condition.operator == "and":
        return lambda run: left(run) and right(run)
    if condition.operator == "or":
        return lambda run: left(run) or right(run)
    compare = _OPERATORS[condition.operator]

    def holds(run: Run) -> bool:
        one, other = left(run), right(run)
        run.spend(_cost(other))
        return compare(one, other)

    return holds
