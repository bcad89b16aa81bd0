"""From the source of a text to its tree. The syntax is that of Django's templates, with fewer tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from notifications.exceptions import TemplateSyntaxError
from notifications.templating.expressions import STRING, bits, parse_condition, parse_expression, suggestion
from notifications.templating.format_tags import FORMATS
from notifications.templating.nodes import (
    Block,
    Body,
    Condition,
    Expression,
    For,
    Format,
    If,
    Include,
    Link,
    Node,
    Output,
    Parsed,
    Place,
    Plural,
    Text,
)

LAYOUTS = "notifications/layouts/"
"""the folder of what texts may extend and include"""
BUTTON = f"{LAYOUTS}email_button.html"
SOURCE_MAX = 200_000
"""characters of a text"""
NESTING_MAX = 20
PLURALS = ("zero", "one", "two", "few", "many", "other")
_TAG = re.compile(r"\{%(?P<tag>.*?)%\}|\{\{(?P<output>.*?)\}\}|\{#.*?#\}")
_END_OF_COMMENT = re.compile(r"\{%\s*endcomment\s*%\}")
_STRING = re.compile(STRING)
_ASSIGNMENT = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=(.+)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")

NOT_OFFERED = {
    "load": "Nothing has to be loaded: leave it out.",
    "include": f'Only what is in {LAYOUTS} can be included: {{% include "{LAYOUTS}…" %}}.',
    "with": "Use the value itself where you need it.",
    "now": "A text says the same whenever it is read; use the dates that the type gives.",
    "url": "Use {{ link }}: the type says where it leads.",
    "static": "Write the whole address of the picture.",
    "autoescape": "Values are always escaped; leave it out.",
    "filter": "Write the filter behind each value: {{ doctor|upper }}.",
    "translate": "Write one text for each language.",
    "trans": "Write one text for each language.",
    "blocktranslate": "Write one text for each language, and {% plural %} for numbers.",
    "blocktrans": "Write one text for each language, and {% plural %} for numbers.",
    "verbatim": "Braces can be written as a value: {{ '{{' }}.",
    "cycle": "Leave it out.",
    "firstof": "Use {{ first|default:second }}.",
    "ifchanged": "Leave it out.",
    "regroup": "The type gives its values as they are to be shown.",
    "widthratio": "The type gives its values as they are to be shown.",
    "spaceless": "Leave it out.",
    "csrf_token": "Messages hold no forms.",
    "debug": "It would show what is not meant for readers; the values are listed beside the editor.",
    "ssi": "Files cannot be read.",
    "lorem": "Write the text itself.",
    "set": "Values cannot be set; use those that the type gives.",
    "import": f"Only {{% extends %}} and {{% include %}} of what is in {LAYOUTS} are possible.",
    "macro": "Write the text where it is needed.",
    "call": "Write the text where it is needed.",
    "raw": "Write the text itself.",
}
"""tags that people know from elsewhere → what to do instead"""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the source: text, the inside of {{ … }}, or the inside of {% … %} with its first word."""

    kind: str
    contents: str
    place: Place
    tag: str = ""

    @property
    def words(self) -> list[str]:
        """Of a tag, behind its name."""
        return bits(self.contents)[1:]

    @property
    def rest(self) -> str:
        """Of a tag, all behind its name."""
        return self.contents.strip()[len(self.tag) :].strip()


def tokens(source: str, name: str) -> Iterator[Token]:
    """The pieces, in order. Raises `TemplateSyntaxError`."""
    places = _Places(source, name)
    position = 0
    while match := _TAG.search(source, position):
        if match.start() > position:
            yield _text(source[position : match.start()], places.at(position))
        place = places.at(match.start())
        position = match.end()
        contents = match["tag"] if match["tag"] is not None else match["output"]
        if contents is None:
            continue
        _refuse_direction_controls(contents, place)
        if match["output"] is not None:
            yield Token("output", contents, place)
            continue
        word = next(iter(contents.split()), "")
        if word == "comment":
            end = _END_OF_COMMENT.search(source, position)
            if end is None:
                raise TemplateSyntaxError.at(place, "{% comment %} is never closed: add {% endcomment %}.")
            position = end.end()
        else:
            yield Token("tag", contents, place, word)
    if position < len(source):
        yield _text(source[position:], places.at(position))


class _Places:
    """Line and column of ever later positions, each found from the one before."""

    def __init__(self, source: str, name: str) -> None:
        self.source, self.name = source, name
        self.position, self.line, self.start = 0, 1, 0

    def at(self, position: int) -> Place:
        passed = self.source.count("\n", self.position, position)
        if passed:
            self.line += passed
            self.start = self.source.rfind("\n", self.position, position) + 1
        self.position = position
        return Place(self.name, self.line, position - self.start + 1)


def _text(text: str, place: Place) -> Token:
    for opening, closing, what in (("{{", "}}", "A value"), ("{%", "%}", "A tag")):
        if opening in text:
            lines = text[: text.index(opening)].split("\n")
            column = len(lines[-1]) + (place.column if len(lines) == 1 else 1)
            found = Place(place.template, place.line + len(lines) - 1, column)
            raise TemplateSyntaxError.at(
                found, f"'{opening}' is not closed on its line. {what} is written {opening} … {closing}, on one line."
            )
    return Token("text", text, place)


def _refuse_direction_controls(contents: str, place: Place) -> None:
    if found := _BIDI_CONTROLS.search(contents):
        raise TemplateSyntaxError.at(
            place,
            f"U+{ord(found[0]):04X}, which turns the direction of writing, stands inside a tag, where it hides what is "
            "written. Delete it, or write the tag anew.",
        )


def parse(source: str, name: str, *, html: bool) -> Parsed:
    """The tree of a text. Raises `TemplateSyntaxError` with the line, the column, and what to do."""
    if len(source) > SOURCE_MAX:
        raise TemplateSyntaxError(
            f"The text has {len(source):,} characters; {SOURCE_MAX:,} are the most.", template=name
        )
    if "\x00" in source:
        raise TemplateSyntaxError("The text holds a NUL character. Delete it.", template=name)
    return _Parser(source, name, html).parse()


class _Parser:
    """One pass over the tokens; a method for each tag."""

    def __init__(self, source: str, name: str, html: bool) -> None:
        self.name, self.html = name, html
        self.tokens = tokens(source, name)
        self.blocks: dict[str, Block] = {}
        self.depth = 0
        self.extends = ""
        self.extends_place: Place | None = None

    def parse(self) -> Parsed:
        body, _ = self._body(None, ())
        return Parsed(self.name, self.extends, self.extends_place, self.blocks, body)

    def _body(self, opened: Token | None, ends: Collection[str]) -> tuple[Body, Token | None]:
        """Nodes up to one of the tags in `ends`, and that tag; up to the end of the text where there is none."""
        self.depth += 1
        if opened and self.depth > NESTING_MAX:
            raise TemplateSyntaxError.at(opened.place, f"Tags are nested more than {NESTING_MAX} deep. Use fewer.")
        nodes: list[Node] = []
        for token in self.tokens:
            if token.kind == "text":
                nodes.append(Text(token.contents, token.place))
            elif token.kind == "output":
                nodes.append(Output(parse_expression(token.contents, token.place), token.place))
            elif token.tag in ends:
                self.depth -= 1
                return tuple(nodes), token
            else:
                node = self._tag(token, opened, first=not any(map(_matters, nodes)))
                if node is not None:
                    nodes.append(node)
        if opened:
            raise TemplateSyntaxError.at(
                opened.place, f"{{% {opened.tag} %}} is never closed: add {{% end{opened.tag} %}}."
            )
        return tuple(nodes), None

    def _tag(self, token: Token, opened: Token | None, *, first: bool) -> Node | None:
        if token.tag == "extends":
            self._extends(token, opened, first=first)
            return None
        handler = self.HANDLERS.get(token.tag)
        if handler is not None:
            return handler(self, token)
        if token.tag in FORMATS:
            return self._format(token)
        raise TemplateSyntaxError.at(token.place, self._unknown(token, opened))

    def _unknown(self, token: Token, opened: Token | None) -> str:
        if not token.tag:
            return "A tag without a name. Delete it, or name one, such as {% if place %}."
        if token.tag.startswith("end") or token.tag in ("else", "elif", "empty", *PLURALS):
            open_now = f"{{% {opened.tag} %}} of line {opened.place.line} is open" if opened else "nothing is open"
            return f"{{% {token.tag[:30]} %}} does not fit: {open_now} here."
        hint = NOT_OFFERED.get(token.tag) or suggestion(token.tag, (*self.HANDLERS, *FORMATS, "extends", "comment"))
        return f"Unknown tag '{token.tag[:30]}'. {hint}"

    def _extends(self, token: Token, opened: Token | None, *, first: bool) -> None:
        if opened or not first or self.extends:
            raise TemplateSyntaxError.at(
                token.place, "{% extends %} stands once, at the beginning. Put it before everything else."
            )
        self.extends, self.extends_place = self._layout(token, token.words[:1], len(token.words) == 1), token.place

    def _layout(self, token: Token, named: list[str], fits: bool = True) -> str:
        name = named[0][1:-1] if named and fits and _STRING.fullmatch(named[0]) else ""
        if not name.startswith(LAYOUTS) or ".." in name or "\\" in name:
            raise TemplateSyntaxError.at(
                token.place, f'{{% {token.tag} %}} takes a name in quotes that begins with "{LAYOUTS}".'
            )
        return name

    def _block(self, token: Token) -> Block:
        words = token.words
        if len(words) != 1 or not _NAME.fullmatch(words[0]):
            raise TemplateSyntaxError.at(token.place, "{% block %} takes one name, such as {% block content %}.")
        if words[0] in self.blocks:
            raise TemplateSyntaxError.at(token.place, f"There are two blocks '{words[0]}'. Give one another name.")
        self.blocks[words[0]] = Block(words[0], (), token.place)  # so that none inside it takes the name
        body, _ = self._body(token, ("endblock",))
        block = self.blocks[words[0]] = Block(words[0], body, token.place)
        return block

    def _if(self, token: Token) -> If:
        branches: list[tuple[Condition | None, Body]] = []
        condition: Condition | None = parse_condition(token.rest, token.place)
        while True:
            ends = ("endif",) if condition is None else ("elif", "else", "endif")
            body, end = self._body(token, ends)
            branches.append((condition, body))
            if end is None or end.tag == "endif":
                return If(tuple(branches), token.place)
            condition = parse_condition(end.rest, end.place) if end.tag == "elif" else None

    def _for(self, token: Token) -> For:
        words = token.words
        backwards = words[-1:] == ["reversed"]
        words = words[:-1] if backwards else words
        names = "".join(words[:-2]).split(",") if len(words) >= 3 and words[-2] == "in" else []
        if not names or not all(_NAME.fullmatch(each) and each != "forloop" for each in names):
            raise TemplateSyntaxError.at(
                token.place, "{% for %} is written {% for each in items %}: a name of yours, 'in', and a list."
            )
        items = parse_expression(words[-1], token.place)
        body, end = self._body(token, ("empty", "endfor"))
        empty: Body = ()
        if end is not None and end.tag == "empty":
            empty, _ = self._body(token, ("endfor",))
        return For(tuple(names), items, backwards, body, empty, token.place)

    def _plural(self, token: Token) -> Plural:
        if len(token.words) != 1:
            raise TemplateSyntaxError.at(token.place, "{% plural %} takes one number, such as {% plural count %}.")
        count = parse_expression(token.words[0], token.place)
        cases: dict[str, Body] = {}
        before, end = self._body(token, (*PLURALS, "endplural"))
        if any(map(_matters, before)):
            raise TemplateSyntaxError.at(token.place, "Between {% plural %} and its first case nothing may stand.")
        while end is not None and end.tag != "endplural":
            if end.tag in cases:
                raise TemplateSyntaxError.at(end.place, f"{{% {end.tag} %}} stands twice in one {{% plural %}}.")
            case = end.tag
            cases[case], end = self._body(token, (*PLURALS, "endplural"))
        if "other" not in cases:
            raise TemplateSyntaxError.at(
                token.place,
                "{% plural %} needs the case {% other %}: "
                "{% plural n %}{% one %}1 day{% other %}{{ n }} days{% endplural %}.",
            )
        return Plural(count, tuple(cases.items()), token.place)

    def _format(self, token: Token) -> Format:
        words = token.words
        if not 1 <= len(words) <= 2:
            raise TemplateSyntaxError.at(token.place, FORMATS[token.tag].usage)
        argument = parse_expression(words[1], token.place) if len(words) == 2 else None
        FORMATS[token.tag].check(argument, token.place)
        return Format(token.tag, parse_expression(words[0], token.place), argument, token.place)

    def _link(self, token: Token) -> Link:
        address, label = self._address_and_label(token)
        return Link(address, label, token.place)

    def _button(self, token: Token) -> Include | Link:
        address, label = self._address_and_label(token)
        if not self.html:
            return Link(address, label, token.place)
        return Include(BUTTON, (("url", address), ("label", address if label is None else label)), token.place)

    def _address_and_label(self, token: Token) -> tuple[Expression, Expression | None]:
        words = token.words
        if not 1 <= len(words) <= 2:
            raise TemplateSyntaxError.at(
                token.place, f'{{% {token.tag} %}} takes an address and a label: {{% {token.tag} link "See it" %}}.'
            )
        address, *label = (parse_expression(each, token.place) for each in words)
        return address, label[0] if label else None

    def _include(self, token: Token) -> Include:
        words = token.words
        name = self._layout(token, words[:1])
        given = words[2:] if words[1:2] == ["with"] else words[1:]
        matches = [_ASSIGNMENT.fullmatch(each) for each in given]
        values = [(each[1], parse_expression(each[2], token.place)) for each in matches if each]
        if len(values) != len(words[2:]):
            raise TemplateSyntaxError.at(
                token.place, f'{{% include %}} is written {{% include "{LAYOUTS}…" with name=value %}}.'
            )
        return Include(name, tuple(values), token.place)

    HANDLERS: ClassVar[dict[str, Callable[[Any, Token], Node]]] = {
        "if": _if,
        "for": _for,
        "block": _block,
        "plural": _plural,
        "link": _link,
        "button": _button,
        "include": _include,
    }


def _matters(node: Node) -> bool:
    return not (isinstance(node, Text) and not node.text.strip())
