"""The tree that a text is parsed into. Plain values: nothing in it can do anything by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal as Choice
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a text: lines and columns count from 1."""

    template: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A text or a number that is written out, True, False or None."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """A value by its name, or by what is in it: `providers`, `each.alias`, `items.0`."""

    names: tuple[str, ...]
    place: Place

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Filtered:
    """A value led through a filter."""

    value: Expression
    filter: str
    argument: Expression | None
    place: Place


Expression: TypeAlias = "Constant | Path | Filtered"


@dataclass(frozen=True, slots=True)
class Not:
    """True if its condition is not."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Operation:
    """Two conditions or values and what is between them: and, or, in, not in, ==, !=, <, <=, >, >=, is, is not."""

    operator: str
    left: Condition
    right: Condition


Condition: TypeAlias = "Not | Operation | Constant | Path | Filtered"


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Output:
    """{{ … }}. `context` says where in HTML it stands."""

    value: Expression
    place: Place
    context: Choice["text", "attribute", "url"] = "text"


@dataclass(frozen=True, slots=True)
class Format:
    """{% date … %}, {% time … %}, {% datetime … %}, {% number … %}, {% money … %}."""

    name: str
    value: Expression
    argument: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Link:
    """{% link … %}: in HTML an anchor, in plain text the label and the address."""

    address: Expression
    label: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class LinkPart:
    """In HTML, what a link writes into its own element, where that stands in the text."""

    link: Link
    name: Choice["address", "label"]


@dataclass(frozen=True, slots=True)
class If:
    """{% if %}: the first branch whose condition holds; the one of `else` has none."""

    branches: tuple[tuple[Condition | None, Body], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class For:
    """{% for name in items %}, and what there is when there are none."""

    names: tuple[str, ...]
    items: Expression
    backwards: bool
    body: Body
    empty: Body
    place: Place


@dataclass(frozen=True, slots=True)
class Plural:
    """{% plural count %}: the body of the category that the language has for the count; "other" is always there."""

    count: Expression
    cases: tuple[tuple[str, Body], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """{% block name %}: what a text that extends this one may replace."""

    name: str
    body: Body
    place: Place


@dataclass(frozen=True, slots=True)
class Include:
    """{% include "notifications/layouts/…" %}, with values of its own. {% button %} is one, too."""

    template: str
    values: tuple[tuple[str, Expression], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Scope:
    """An included text: its body sees these values besides the others."""

    values: tuple[tuple[str, Expression], ...]
    body: Body
    place: Place


Node: TypeAlias = "Text | Output | Format | Link | If | For | Plural | Block | Include | Scope"
Body: TypeAlias = "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text, parsed: the layout that it extends, if any, its blocks by name, and its body."""

    name: str
    extends: str
    extends_place: Place | None
    blocks: Mapping[str, Block]
    body: Body
