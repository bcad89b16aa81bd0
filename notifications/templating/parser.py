"""From the source of a text to its tree. The syntax is that of Django's templates, with fewer tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from notifications.exceptions import TemplateSyntaxError
from notifications.templating.expressions import (
    NAME,
    RESERVED,
    STRING,
    parse_condition,
    parse_expression,
    shown,
    suggestion,
)
from notifications.templating.format_tags import FORMATS
from notifications.templating.nodes import (
    Block,
    Body,
    Condition,
    Expression,
    Filtered,
    For,
    Format,
    If,
    Include,
    Link,
    Node,
    Output,
    Parsed,
    Path,
    Place,
    Plural,
    Text,
)
from notifications.templating.tokens import SOURCE_MAX, Token, refuse_unfit, tokens

__all__ = ["BUTTON", "LAYOUTS", "SOURCE_MAX", "parse"]

LAYOUTS = "notifications/layouts/"
"""the folder of what texts may extend and include"""
BUTTON = f"{LAYOUTS}email_button.html"
NESTING_MAX = 20
PLURALS = ("zero", "one", "two", "few", "many", "other")
SUPER = "block.super"
_STRING = re.compile(STRING)
_ASSIGNMENT = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=(.+)", re.DOTALL)
_LAYOUT = re.compile(rf"{LAYOUTS}(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")

NOT_OFFERED = {
    "elseif": "Write {% elif … %}.",
    "elsif": "Write {% elif … %}.",
    "templatetag": "Braces can be written as a value: {{ '{{' }}.",
    "cycler": "Leave it out.",
    "resetcycle": "Leave it out.",
    "get_current_language": "Use {{ LANGUAGE_CODE }}.",
    "get_static_prefix": "Write the whole address of the picture.",
    "get_media_prefix": "Write the whole address of the picture.",
    "language": "Write one text for each language.",
    "localize": "Write {% number … %} or {% date … %}, which write as the reader's language does.",
    "localtime": "Times are always shown in the reader's own time zone: leave it out.",
    "timezone": "Times are always shown in the reader's own time zone: leave it out.",
    "querystring": "Use {{ link }}: the type says where it leads.",
    "do": "Values cannot be changed; use those that the type gives.",
    "from": "Nothing has to be imported: leave it out.",
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
    "regroup": "The type gives its values as they are to be shown: ask for one that is ready.",
    "widthratio": "The type gives its values as they are to be shown: ask for one that is ready.",
    "spaceless": "Leave it out.",
    "csrf_token": "Messages hold no forms: leave it out.",
    "debug": "It would show what is not meant for readers; the values are listed beside the editor.",
    "ssi": "Files cannot be read: write the text here, or include a layout.",
    "lorem": "Write the text itself.",
    "set": "Values cannot be set; use those that the type gives.",
    "import": f"Only {{% extends %}} and {{% include %}} of what is in {LAYOUTS} are possible.",
    "macro": "Write the text where it is needed.",
    "call": "Write the text where it is needed.",
    "raw": "Write the text itself.",
}
"""tags that people know from elsewhere → what to do instead"""


def parse(source: str, name: str, *, html: bool) -> Parsed:
    """The tree of a text. Raises `TemplateSyntaxError` with the line, the column, and what to do."""
    refuse_unfit(source, name)
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
            elif token.kind == "output" and token.contents.strip() == SUPER:
                nodes.append(Output(Path(("block", "super"), token.place), token.place))
            elif token.kind == "output":
                nodes.append(self._output(token))
            elif token.tag in ends:
                self._refuse_words(token, opened)
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

    def _output(self, token: Token) -> Output:
        value = inner = parse_expression(token.contents, token.place)
        while isinstance(inner, Filtered):
            if inner.filter == "linebreaksbr" and not self.html:
                raise TemplateSyntaxError.at(
                    token.place, "linebreaksbr is for HTML; in plain text the lines stay as they are. Leave it out."
                )
            inner = inner.value
        return Output(value, token.place)

    def _refuse_words(self, end: Token, opened: Token | None) -> None:
        """Of a tag that ends a body: only {% elif %} has a condition, and {% endblock %} may name its block."""
        if end.tag == "elif" or not end.rest:
            return
        if end.tag == "endblock" and opened and end.words == opened.words:
            return
        hint = "For a further condition write {% elif … %}." if end.tag == "else" else "Delete what follows its name."
        raise TemplateSyntaxError.at(
            end.place, f"{{% {end.tag} %}} takes nothing: '{shown(end.rest)}' is too much. {hint}"
        )

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
            return f"{{% {shown(token.tag)} %}} does not fit: {open_now} here. Delete it, or add what it belongs to."
        hint = NOT_OFFERED.get(token.tag) or suggestion(token.tag, (*self.HANDLERS, *FORMATS, "extends", "comment"))
        if token.tag.startswith("-"):
            hint = "Write {% … %} without the hyphens."
        return f"Unknown tag '{shown(token.tag)}'. {hint}"

    def _extends(self, token: Token, opened: Token | None, *, first: bool) -> None:
        if opened or not first or self.extends:
            raise TemplateSyntaxError.at(
                token.place, "{% extends %} stands once, at the beginning. Put it before everything else."
            )
        self.extends, self.extends_place = self._layout(token, token.words[:1], len(token.words) == 1), token.place

    def _layout(self, token: Token, named: list[str], fits: bool = True) -> str:
        name = named[0][1:-1] if named and fits and _STRING.fullmatch(named[0]) else ""
        if not _LAYOUT.fullmatch(name):
            raise TemplateSyntaxError.at(
                token.place,
                f'{{% {token.tag} %}} takes the name of a layout in quotes, which begins with "{LAYOUTS}": '
                f'{{% {token.tag} "{LAYOUTS}email.html" %}}.',
            )
        return name

    def _block(self, token: Token) -> Block:
        words = token.words
        if len(words) != 1 or not NAME.fullmatch(words[0]):
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
        written = " ".join(words[:-2]) if len(words) >= 3 and words[-2] == "in" else ""
        names = [each.strip() for each in written.split(",")]
        _refuse_reserved(names, token.place)
        if not all(map(NAME.fullmatch, names)):
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
            raise TemplateSyntaxError.at(
                token.place, "Between {% plural %} and its first case nothing may stand. Move it before."
            )
        while end is not None and end.tag != "endplural":
            if end.tag in cases:
                raise TemplateSyntaxError.at(
                    end.place, f"{{% {end.tag} %}} stands twice in one {{% plural %}}. Delete one."
                )
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
        given = words[2:]
        matches = [_ASSIGNMENT.fullmatch(each) for each in given]
        values = [(each[1], parse_expression(each[2], token.place)) for each in matches if each]
        _refuse_reserved([name for name, _ in values], token.place)
        if len(values) != len(given) or words[1:2] != ["with"][: len(words[1:])] or words[1:] == ["with"]:
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


def _refuse_reserved(names: Collection[str], place: Place) -> None:
    for each in names:
        if each in RESERVED:
            raise TemplateSyntaxError.at(place, f"'{each}' is a word of the language. Give the value another name.")


def _matters(node: Node) -> bool:
    return not (isinstance(node, Text) and not node.text.strip())
