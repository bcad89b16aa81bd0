"""The language of notification texts: Django's template syntax, with less in it. From a tree to text.

A text sees the values that it is given, as plain data, and nothing else. Nothing in here gets an attribute of a value,
calls one, or reads a file: what is not in the language cannot be asked for. What it costs is limited, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.utils.safestring import SafeString

from notifications.exceptions import TemplateError, TemplateSyntaxError
from notifications.templating import formats, inlining
from notifications.templating.format_tags import FORMATS
from notifications.templating.html import with_contexts
from notifications.templating.layouts import Load, assemble
from notifications.templating.nodes import (
    Body,
    For,
    Format,
    If,
    Link,
    LinkPart,
    Output,
    Place,
    Plural,
    Scope,
    Text,
)
from notifications.templating.parser import parse
from notifications.templating.reading import FormatError
from notifications.templating.running import Missing, Refused, Run
from notifications.templating.values import (
    LINK_STARTS,
    Getter,
    address_of,
    condition_of,
    constantly,
    items_of,
    text_of,
    value_of,
)

__all__ = ["LINK_STARTS", "Compiled", "Missing", "Run", "compile_text", "value_of"]


Step = Callable[[Run], None]


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
            # Without its cause, which names the value: errors are logged with all their causes.
            cause = None if isinstance(error, FormatError) else error
            raise _failure(self.name, run.place, error) from cause


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
    failure = TemplateError(f"{where}: {text}", template=template, line=line, column=column)
    failure.explained = str(error) or type(error).__name__
    return failure


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
                run.write(escape(address_of(text_of(get(run)))))

        else:

            def write(run: Run) -> None:
                run.place = place
                value = get(run)
                run.write(value if type(value) is SafeString else escape(text_of(value)))

        return write

    def _format(self, node: Format) -> Step:
        tag, place, html = FORMATS[node.name], node.place, self.html
        get = value_of(node.value)
        style: Getter = value_of(node.argument) if node.argument is not None else constantly(tag.default)

        def write(run: Run) -> None:
            run.place = place
            text = tag.function(get(run), style(run))
            run.write(escape(text) if html else text)

        return write

    def _link(self, node: Link) -> Step:
        get, place, html = value_of(node.address), node.place, self.html
        label: Getter = value_of(node.label) if node.label is not None else constantly("")

        def write(run: Run) -> None:
            run.place = place
            address, name = address_of(text_of(get(run))), text_of(label(run))
            if html:
                run.write(f'<a href="{escape(address)}">{escape(name or address)}</a>')
            else:
                run.write(f"{name}: {address}" if name else address)

        return write

    def _linkpart(self, node: LinkPart) -> Step:
        get, place = value_of(node.link.address), node.link.place
        label: Getter = value_of(node.link.label) if node.link.label is not None else constantly("")

        def write(run: Run) -> None:
            run.place = place
            address = address_of(text_of(get(run)))
            run.write(escape(address if node.name == "address" else text_of(label(run)) or address))

        return write

    def _if(self, node: If) -> Step:
        place = node.place
        branches = [
            (condition_of(condition) if condition is not None else constantly(True), self.body(body))
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
            items = items_of(get(run))
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
