"""Where in HTML a value stands: between tags, in an attribute, or where it must not stand at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from notifications.exceptions import TemplateSyntaxError
from notifications.templating.markup import (
    BEGINNINGS_MAX,
    IN_TAG,
    SETTLED,
    START,
    Forbidden,
    State,
    advance,
    finished,
)
from notifications.templating.nodes import Body, For, Format, If, Link, Node, Output, Place, Plural, Scope, Text
from notifications.templating.tokens import place_in

_NO_VALUES = frozenset({"style", "link", "meta"})
"""elements that decide about the whole message"""
_NO_VALUE_IN = frozenset({"style", "srcdoc", "srcset", "ping"})
"""attributes that are read in a way of their own"""


def with_contexts(body: Body) -> Body:
    """The tree with the context of each value in it. Raises `TemplateSyntaxError` where a value must not stand."""
    nodes, end = _walk(body, START)
    if end.kind != "text" or end.tag or len(end.pending) > 1:
        where = f"<{end.tag.lstrip('/')}>" if end.tag else "a comment"
        raise TemplateSyntaxError.at(
            body[-1].place, f"The HTML ends inside {where}: close it, with its quotes, before the end of the text."
        )
    return nodes


def _walk(body: Body, state: State) -> tuple[Body, State]:
    nodes: list[Node] = []
    for node in body:
        try:
            found, state = _placed(node, state)
        except Forbidden as error:
            place = place_in(node.text, error.position, node.place) if isinstance(node, Text) else node.place
            raise TemplateSyntaxError.at(place, error.hint) from None
        nodes.append(found)
    return tuple(nodes), state


def _placed(node: Any, state: State) -> tuple[Node, State]:
    if isinstance(node, Text):
        return node, advance(state, node.text)
    if isinstance(node, Output):
        _refuse(node.place, state)
        if not state.is_address:
            return replace(node, context="attribute" if state.kind == "value" else "text"), state
        if state.begins == {SETTLED}:
            return replace(node, context="attribute"), state
        _refuse_but_at_the_beginning(node.place, state)
        # A value that begins an address is one of a kind that is allowed, or it is empty, and what follows begins it.
        return replace(node, context="url"), replace(state, begins=frozenset({"", SETTLED}))
    if isinstance(node, Format):
        _refuse(node.place, state)
        if state.is_address and state.begins != {SETTLED}:
            raise TemplateSyntaxError.at(node.place, f"{{% {node.name} %}} cannot begin an address. {_BEGINNING}")
        return node, state
    if isinstance(node, Link):
        if not state.between_tags:
            raise TemplateSyntaxError.at(
                node.place, "{% link %} is a whole link and stands between tags. Here, write {{ … }} with the address."
            )
        return node, state
    if isinstance(node, Scope):
        inner, state = _walk(node.body, state)
        return replace(node, body=inner), state
    return _branched(node, state)


_BEGINNING = 'Write how it begins, as href="https://example.org/{{ … }}", or let one value be all of it.'


def _refuse_but_at_the_beginning(place: Place, state: State) -> None:
    if state.begins != {SETTLED} and any(each.strip("\t\n\f\r ") for each in state.begins):
        raise TemplateSyntaxError.at(
            place, f"What stands before this value in {state.attribute} does not begin an address. {_BEGINNING}"
        )


def _branched(node: If | For | Plural, state: State) -> tuple[Node, State]:
    if isinstance(node, For):
        return _loop(node, state)
    if isinstance(node, Plural):
        bodies, ends = _each([each for _, each in node.cases], state)
        cases = tuple((name, each) for (name, _), each in zip(node.cases, bodies, strict=True))
        return replace(node, cases=cases), _agree(ends, node.place)
    bodies, ends = _each([each for _, each in node.branches], state)
    branches = tuple((condition, each) for (condition, _), each in zip(node.branches, bodies, strict=True))
    if all(condition is not None for condition, _ in node.branches):
        ends.append(state)
    return replace(node, branches=branches), _agree(ends, node.place)


def _loop(node: For, state: State) -> tuple[Node, State]:
    empty, end_of_empty = _walk(node.empty, state)
    body, end = _walk(node.body, state)
    again = _agree([state, end], node.place)
    if again != state:  # from the second time on it begins where it ends
        body, end = _walk(node.body, again)
        again = _agree([again, end], node.place)
    return replace(node, body=body, empty=empty), _agree([again, end_of_empty], node.place)


def _each(bodies: Iterable[Body], state: State) -> tuple[list[Body], list[State]]:
    walked = [_walk(each, state) for each in bodies]
    return [nodes for nodes, _ in walked], [end for _, end in walked]


def _agree(states: list[State], place: Place) -> State:
    """Where all branches end alike; of an address, all that it may begin with."""
    first = states[0]
    if all(each == first for each in states):
        return first
    if first.kind == "value" and all(replace(each, begins=first.begins) == first for each in states):
        begins = frozenset().union(*(each.begins for each in states))
        if len(begins) <= BEGINNINGS_MAX:
            return replace(first, begins=begins)
        raise TemplateSyntaxError.at(place, "The address has too many branches. Put the branches around the whole tag.")
    if all(each.kind in IN_TAG and each.tag == first.tag for each in states):
        for each in states:
            finished(each)
        return State("boundary", first.tag)
    raise TemplateSyntaxError.at(
        place,
        "Its branches end at different places of the HTML: each must close the tags and quotes that it opens.",
    )


def _refuse(place: Place, state: State) -> None:
    problem = ""
    if state.kind == "raw":
        problem = f"A value cannot stand in <{state.tag}>. Write it between tags or in an attribute."
    elif state.kind in ("comment", "bogus"):
        problem = "A value in an HTML comment is seen by nobody. Take it out of <!-- … -->."
    elif state.kind in ("before", "unquoted"):
        problem = f'Put the value in quotes: {state.attribute}="{{{{ … }}}}".'
    elif state.kind in IN_TAG or state.pending:
        problem = 'A value cannot be a tag or the name of an attribute. Write it between tags, or as name="{{ … }}".'
    elif state.kind == "value" and state.tag in _NO_VALUES:
        problem = f"A value cannot stand in the tag <{state.tag}>. Write there what is the same for all readers."
    elif state.kind == "value" and state.attribute in _NO_VALUE_IN:
        problem = f"A value cannot stand in the attribute {state.attribute}. Write there what is the same for all."
    if problem:
        raise TemplateSyntaxError.at(place, problem)
