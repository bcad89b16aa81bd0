"""Where in HTML a value stands: between tags, in an attribute, or where it must not stand at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from notifications.exceptions import TemplateSyntaxError
from notifications.templating.nodes import Body, For, Format, If, Link, Node, Output, Place, Plural, Scope, Text

URL_ATTRIBUTES = frozenset(
    {"href", "src", "action", "formaction", "background", "cite", "poster", "data", "xlink:href"}
)
RAW = frozenset({"script", "style", "xmp", "noscript", "iframe", "noembed", "noframes"})
"""elements whose inside is no HTML"""
RCDATA = frozenset({"title", "textarea"})
"""elements whose inside is text only"""
_COMMENT_END = re.compile(r"-->")
_OPENING = re.compile(r"<(!--|/?[A-Za-z][^\s/>]*|[!?])")
_BETWEEN = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"[^\s=>/]+")
_EQUALS = re.compile(r"\s*=\s*")
_UNQUOTED = re.compile(r"[^\s>]+")


@dataclass(frozen=True, slots=True)
class State:
    """`kind` is "text", "tag", "name" (of an attribute), "before" (its value), "value", "comment" or "raw"."""

    kind: str = "text"
    tag: str = ""
    attribute: str = ""
    quote: str = ""
    empty: bool = True
    """nothing of the attribute's value has come yet"""

    @property
    def between_tags(self) -> bool:
        """Whether HTML is read here: an element or a comment may stand."""
        return self.kind == "text" and self.tag not in RCDATA


START = State()


def advance(state: State, text: str) -> State:
    """The state behind `text`."""
    position = 0
    while position < len(text):
        state, position = _STEPS[state.kind](state, text, position)
    return state


def _in_text(state: State, text: str, position: int) -> tuple[State, int]:
    if state.tag in RCDATA:  # up to its own end tag
        return _to_end_tag(state, text, position)
    match = _OPENING.search(text, position)
    if match is None:
        return State(), len(text)
    if match[1] == "!--":
        return State("comment"), match.end()
    return State("tag", match[1].lower()), match.end()


def _in_tag(state: State, text: str, position: int) -> tuple[State, int]:
    between = _BETWEEN.match(text, position)
    position = between.end() if between else position
    if position >= len(text):
        return State("tag", state.tag), position
    if text[position] == ">":
        if state.tag in RAW:
            return State("raw", state.tag), position + 1
        return State("text", state.tag if state.tag in RCDATA else ""), position + 1
    name = _ATTRIBUTE.match(text, position)
    if name is None:  # a stray =
        return State("tag", state.tag), position + 1
    return _behind_name(State("name", state.tag, name[0].lower()), text, name.end())


def _behind_name(state: State, text: str, position: int) -> tuple[State, int]:
    equals = _EQUALS.match(text, position)
    if equals is None:
        return (state if position >= len(text) else State("tag", state.tag)), position
    return State("before", state.tag, state.attribute), equals.end()


def _in_name(state: State, text: str, position: int) -> tuple[State, int]:
    more = _ATTRIBUTE.match(text, position)
    if more:
        state = State("name", state.tag, state.attribute + more[0].lower())
        position = more.end()
    return _behind_name(state, text, position)


def _before_value(state: State, text: str, position: int) -> tuple[State, int]:
    if text[position].isspace():
        return state, position + 1
    if text[position] in "\"'":
        return State("value", state.tag, state.attribute, text[position]), position + 1
    value = _UNQUOTED.match(text, position)
    return State("tag", state.tag), value.end() if value else position


def _in_value(state: State, text: str, position: int) -> tuple[State, int]:
    end = text.find(state.quote, position)
    if end < 0:
        begun = not state.empty or bool(text[position:].strip())
        return replace(state, empty=not begun), len(text)
    return State("tag", state.tag), end + 1


def _in_comment(state: State, text: str, position: int) -> tuple[State, int]:
    end = _COMMENT_END.search(text, position)
    return (State(), end.end()) if end else (state, len(text))


def _to_end_tag(state: State, text: str, position: int) -> tuple[State, int]:
    end = re.compile(rf"</{state.tag}(?=[\s/>])", re.IGNORECASE).search(text, position)
    return (State("tag", f"/{state.tag}"), end.end()) if end else (state, len(text))


_STEPS = {
    "text": _in_text,
    "tag": _in_tag,
    "name": _in_name,
    "before": _before_value,
    "value": _in_value,
    "comment": _in_comment,
    "raw": _to_end_tag,
}


def with_contexts(body: Body) -> Body:
    """The tree with the context of each value in it. Raises `TemplateSyntaxError` where a value must not stand."""
    nodes, _ = _walk(body, START)
    return nodes


def _walk(body: Body, state: State) -> tuple[Body, State]:
    nodes: list[Node] = []
    for node in body:
        found, state = _placed(node, state)
        nodes.append(found)
    return tuple(nodes), state


def _placed(node: Any, state: State) -> tuple[Node, State]:
    if isinstance(node, Text):
        return node, advance(state, node.text)
    if isinstance(node, Output):
        _refuse(node.place, state)
        url = state.kind == "value" and state.attribute in URL_ATTRIBUTES and state.empty
        context = "url" if url else "attribute" if state.kind == "value" else "text"
        return replace(node, context=context), replace(state, empty=False)  # type: ignore[arg-type]
    if isinstance(node, Format):
        _refuse(node.place, state)
        return node, replace(state, empty=False)
    if isinstance(node, Link):
        if not state.between_tags:
            raise TemplateSyntaxError.at(node.place, "{% link %} is a whole link; it cannot stand inside a tag.")
        return node, state
    if isinstance(node, Scope):
        inner, state = _walk(node.body, state)
        return replace(node, body=inner), state
    return _branched(node, state)


def _branched(node: If | For | Plural, state: State) -> tuple[Node, State]:
    if isinstance(node, For):
        (inner, empty), ends = _each((node.body, node.empty), state)
        _agree([*ends, state], node.place)
        return replace(node, body=inner, empty=empty), state
    if isinstance(node, Plural):
        bodies, ends = _each([each for _, each in node.cases], state)
        cases = tuple((name, each) for (name, _), each in zip(node.cases, bodies, strict=True))
        return replace(node, cases=cases), _agree(ends, node.place)
    bodies, ends = _each([each for _, each in node.branches], state)
    branches = tuple((condition, each) for (condition, _), each in zip(node.branches, bodies, strict=True))
    if all(condition is not None for condition, _ in node.branches):
        ends.append(state)
    return replace(node, branches=branches), _agree(ends, node.place)


def _each(bodies: Iterable[Body], state: State) -> tuple[list[Body], list[State]]:
    walked = [_walk(each, state) for each in bodies]
    return [nodes for nodes, _ in walked], [end for _, end in walked]


def _agree(states: list[State], place: Place) -> State:
    """Where all branches end alike; of an attribute that only some have begun, the safer is assumed."""
    first = states[0]
    if any(replace(each, empty=first.empty) != first for each in states):
        raise TemplateSyntaxError.at(
            place,
            "Its branches end at different places of the HTML: each must close the tags and quotes that it opens.",
        )
    return replace(first, empty=any(each.empty for each in states)) if first.kind == "value" else first


def _refuse(place: Place, state: State) -> None:
    problem = ""
    if state.kind == "raw":
        problem = f"A value cannot stand in <{state.tag}>. Write it between tags or in an attribute."
    elif state.kind == "comment":
        problem = "A value in an HTML comment is seen by nobody. Take it out of <!-- … -->."
    elif state.kind in ("tag", "name"):
        problem = 'A value cannot be a tag or the name of an attribute. Write it between tags, or as name="{{ … }}".'
    elif state.kind == "before":
        problem = f'Put the value in quotes: {state.attribute}="{{{{ … }}}}".'
    elif state.kind == "value" and (
        state.attribute.startswith("on") or state.attribute in ("style", "srcdoc", "srcset")
    ):
        problem = f"A value cannot stand in the attribute {state.attribute}."
    if problem:
        raise TemplateSyntaxError.at(place, problem)
