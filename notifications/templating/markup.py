"""HTML read as browsers read it, far enough to know where in it a value would stand.

`advance` may be given a text in any pieces: what a piece leaves undecided is kept until the next one comes. The rules
are those of the tokenizer of the HTML standard, https://html.spec.whatwg.org/multipage/parsing.html. What browsers and
mail programs would read differently from that is refused: elements with rules of their own, and scripts in any form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from html import unescape

URL_ATTRIBUTES = frozenset(
    {
        "href",
        "src",
        "action",
        "formaction",
        "background",
        "cite",
        "poster",
        "data",
        "xlink:href",
        "longdesc",
        "lowsrc",
        "dynsrc",
        "usemap",
        "manifest",
    }
)
RAW = frozenset({"style"})
"""elements whose inside is no HTML"""
RCDATA = frozenset({"title", "textarea"})
"""elements whose inside is text only"""
_SCRIPT = "Messages run no scripts: delete it."
_ELSEWHERE = "No mail program shows another page or program in a message: write a link to it."
_PICTURE = "Most mail programs do not show it: use a picture, <img>."
_OLD = "Programs read what is in it differently: write HTML without it."
FORBIDDEN = {
    "script": _SCRIPT,
    "noscript": _OLD,
    "iframe": _ELSEWHERE,
    "frame": _ELSEWHERE,
    "frameset": _ELSEWHERE,
    "object": _ELSEWHERE,
    "embed": _ELSEWHERE,
    "applet": _ELSEWHERE,
    "portal": _ELSEWHERE,
    "base": "It would lead all links elsewhere: write whole addresses.",
    "svg": _PICTURE,
    "math": _PICTURE,
    "template": _OLD,
    "xmp": _OLD,
    "noembed": _OLD,
    "noframes": _OLD,
    "plaintext": _OLD,
}
"""elements that no text may hold → why, and what to do"""
_SCRIPT_SCHEMES = frozenset({"javascript", "vbscript", "livescript", "mocha", "data"})
_PICTURES = frozenset({"src", "background", "poster"})
"""attributes whose address may be the data itself"""
SETTLED = "/"
"""stands for all beginnings of addresses that nothing behind them can make a script of"""
BEGINNINGS_MAX = 16
UNSETTLED_MAX = 2_000
IN_TAG = frozenset({"open", "tag", "boundary", "spaced", "name", "named", "unquoted"})

_NAME = re.compile(r"[^\t\n\f\r />]*")
_BETWEEN = re.compile(r"[\t\n\f\r /]*")
_SPACE = re.compile(r"[\t\n\f\r ]*")
_ATTRIBUTE = re.compile(r"[^\t\n\f\r />=]*")
_UNQUOTED = re.compile(r"[^\t\n\f\r >]*")
_COMMENT_END = re.compile(r"--!?>")
_COMMENT_TAIL = re.compile(r"--?!?\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PATH = re.compile(r"[^:]*[/?#]")
_OPEN_ENTITY = re.compile(r"&[#A-Za-z0-9]*\Z")
_SECTIONS = ("<![if ", "<![endif]")
"""what Outlook reads and others take for a comment"""
_LOWER = {ord(each): each.lower() for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
"""as HTML does it: the sign of Kelvin is no k"""


class Forbidden(Exception):
    """What no text may hold stands at `position` of the piece. The message tells what to do."""

    def __init__(self, hint: str, position: int = 0) -> None:
        super().__init__(hint)
        self.hint, self.position = hint, position


@dataclass(frozen=True, slots=True)
class State:
    """Where a piece of HTML ends.

    `kind` is "text", "raw", "comment" or "bogus" (what browsers take for a comment); of a tag: "open" (in its name),
    "tag" (before an attribute), "name" and "named" (in and behind an attribute's name), "before" (its value), "value",
    "unquoted"; or, where branches of a tag have met, "boundary" and, once a space has come, "spaced".
    """

    kind: str = "text"
    tag: str = ""
    attribute: str = ""
    quote: str = ""
    begins: frozenset[str] = frozenset({""})
    """all that the address in an attribute may begin with so far"""
    pending: str = ""
    """the end of the piece, if what comes next decides what it is"""

    @property
    def between_tags(self) -> bool:
        """Whether HTML is read here: an element or a comment may stand."""
        return self.kind == "text" and self.tag not in RCDATA and not self.pending

    @property
    def is_address(self) -> bool:
        """Whether it is in the value of an attribute that holds an address."""
        return self.kind in ("value", "unquoted") and self.attribute in URL_ATTRIBUTES


START = State()


def advance(state: State, text: str) -> State:
    """The state behind `text`. Raises `Forbidden`."""
    kept = len(state.pending)
    text = state.pending + text
    state = replace(state, pending="") if kept else state
    position = 0
    while position < len(text):
        begun = position
        try:
            state, position = _STEPS[state.kind](state, text, position)
        except Forbidden as error:
            raise Forbidden(error.hint, max(0, max(begun, error.position) - kept)) from None
    return state


def finished(state: State) -> None:
    """Raises `Forbidden` for an element, an attribute or an address that must not stand there."""
    if state.kind == "open" and state.tag.lstrip("/") in FORBIDDEN:
        raise Forbidden(f"<{state.tag}> cannot stand in a message. {FORBIDDEN[state.tag.lstrip('/')]}")
    if state.kind == "name" and state.attribute.startswith("on"):
        raise Forbidden(f"The attribute {state.attribute[:30]} cannot stand in a message. {_SCRIPT}")
    if state.is_address:
        for each in state.begins:
            if (scheme := _script_scheme(each, state.attribute)) is not None:
                raise Forbidden(
                    f"An address cannot begin with {scheme}: in a message. Write one that begins with https://."
                )


def settled(begins: str, attribute: str) -> bool:
    """Whether nothing that follows can change what kind of address it is, and it is no script."""
    text = _decoded(begins)
    if _OPEN_ENTITY.search(begins[-40:]) or _script_scheme(begins, attribute) is not None:
        return False
    return bool(_SCHEME.match(text) or _PATH.match(text))


def _decoded(begins: str) -> str:
    """An address as browsers understand it."""
    return re.sub(r"[\t\n\r]", "", unescape(begins)).lstrip("".join(map(chr, range(33))))


def _script_scheme(begins: str, attribute: str) -> str | None:
    match = _SCHEME.match(_decoded(begins))
    scheme = match[1].lower() if match else ""
    allowed = scheme not in _SCRIPT_SCHEMES or (scheme == "data" and attribute in _PICTURES)
    return None if allowed else scheme


def _in_text(state: State, text: str, position: int) -> tuple[State, int]:
    if state.tag in RCDATA:  # up to its own end tag
        return _to_end_tag(state, text, position)
    start = text.find("<", position)
    if start < 0:
        return START, len(text)
    rest = text[start : start + len(_SECTIONS[1])]
    undecided = len(text) - start == len(rest) and rest not in _SECTIONS
    if undecided and (any(each.startswith(rest) for each in (*_SECTIONS, "<!--", "</")) or rest == "<!---"):
        return State(pending=rest), len(text)
    if rest.startswith("<![") and not rest.startswith(_SECTIONS):
        raise Forbidden("<![ … ]> is read differently by each program. Write the text without it.", start)
    if rest.startswith("<!--"):
        for end in (">", "->"):  # <!--> and <!---> are whole comments
            if rest.startswith(end, 4):
                return START, start + 4 + len(end)
        return State("comment"), start + 4
    if rest[1] in "!?":
        return State("bogus"), start + 2
    name = 2 if rest[1] == "/" else 1
    if rest[name].isascii() and rest[name].isalpha():
        return State("open", "/" * (name - 1)), start + name
    if name == 2:
        return (START, start + 3) if rest[2] == ">" else (State("bogus"), start + 2)
    return START, start + 1


def _in_open(state: State, text: str, position: int) -> tuple[State, int]:
    name = _matched(_NAME, text, position)
    state = replace(state, tag=state.tag + name.translate(_LOWER))
    position += len(name)
    if position < len(text):
        finished(state)
        state = State("tag", state.tag)
    return state, position


def _in_tag(state: State, text: str, position: int) -> tuple[State, int]:
    position += len(_matched(_BETWEEN, text, position))
    if position >= len(text):
        return State("tag", state.tag), position
    if text[position] == ">":
        if state.tag in RAW:
            return State("raw", state.tag), position + 1
        return State("text", state.tag if state.tag in RCDATA else ""), position + 1
    first = text[position]  # which may be an =
    return State("name", state.tag, first.translate(_LOWER)), position + 1


def _at_boundary(state: State, text: str, position: int) -> tuple[State, int]:
    character = text[position]
    if character == ">":
        return State("tag", state.tag), position
    if character in "\t\n\f\r ":
        return State("spaced", state.tag), position + 1
    if character == "/":
        return state, position + 1
    if state.kind == "boundary" or character == "=":
        raise Forbidden(
            "Behind {% endif %} or {% endfor %} inside a tag a space or the end of the tag must follow.", position
        )
    return State("tag", state.tag), position


def _in_name(state: State, text: str, position: int) -> tuple[State, int]:
    more = _matched(_ATTRIBUTE, text, position)
    state = replace(state, attribute=state.attribute + more.translate(_LOWER))
    position += len(more)
    if position >= len(text):
        return state, position
    finished(state)
    return State("named", state.tag, state.attribute), position


def _behind_name(state: State, text: str, position: int) -> tuple[State, int]:
    position += len(_matched(_SPACE, text, position))
    if position >= len(text):
        return state, position
    if text[position] == "=":
        return State("before", state.tag, state.attribute), position + 1
    return State("tag", state.tag), position


def _before_value(state: State, text: str, position: int) -> tuple[State, int]:
    position += len(_matched(_SPACE, text, position))
    if position >= len(text):
        return state, position
    if text[position] in "\"'":
        return State("value", state.tag, state.attribute, text[position]), position + 1
    if text[position] == ">":
        return State("tag", state.tag), position
    return State("unquoted", state.tag, state.attribute), position


def _in_value(state: State, text: str, position: int) -> tuple[State, int]:
    end = text.find(state.quote, position)
    state = _with_more(state, text[position : end if end >= 0 else len(text)])
    if end < 0:
        return state, len(text)
    finished(state)
    return State("tag", state.tag), end + 1


def _in_unquoted(state: State, text: str, position: int) -> tuple[State, int]:
    more = _matched(_UNQUOTED, text, position)
    state = _with_more(state, more)
    position += len(more)
    if position < len(text):
        finished(state)
        state = State("tag", state.tag)
    return state, position


def _with_more(state: State, text: str) -> State:
    """With more of the attribute's value behind what it may begin with."""
    if not text or not state.is_address or state.begins == {SETTLED}:
        return state
    begins = set()
    for each in state.begins:
        longer = each if each == SETTLED else each + text
        if settled(longer, state.attribute):
            longer = SETTLED
        elif len(longer) > UNSETTLED_MAX:
            finished(replace(state, begins=frozenset({longer})))
            raise Forbidden("The address is none. Write one that begins with https://.")
        begins.add(longer)
    return replace(state, begins=frozenset(begins))


def _in_comment(state: State, text: str, position: int) -> tuple[State, int]:
    end = _COMMENT_END.search(text, position)
    if end:
        return START, end.end()
    tail = _COMMENT_TAIL.search(text, max(position, len(text) - 3))
    return replace(state, pending=tail[0] if tail else ""), len(text)


def _in_bogus(state: State, text: str, position: int) -> tuple[State, int]:
    end = text.find(">", position)
    return (START, end + 1) if end >= 0 else (state, len(text))


def _to_end_tag(state: State, text: str, position: int) -> tuple[State, int]:
    end = _end_tag(state.tag).search(text, position)
    if end:
        return State("tag", f"/{state.tag}"), end.end()
    last = text.rfind("<", position)
    tail = text[last:] if last >= 0 else ""
    undecided = bool(tail) and f"</{state.tag}".startswith(tail.translate(_LOWER))
    return replace(state, pending=tail if undecided else ""), len(text)


@cache
def _end_tag(tag: str) -> re.Pattern[str]:
    return re.compile(rf"</{tag}(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)


def _matched(pattern: re.Pattern[str], text: str, position: int) -> str:
    match = pattern.match(text, position)
    return match[0] if match else ""


_STEPS: dict[str, Callable[[State, str, int], tuple[State, int]]] = {
    "text": _in_text,
    "raw": _to_end_tag,
    "comment": _in_comment,
    "bogus": _in_bogus,
    "open": _in_open,
    "tag": _in_tag,
    "boundary": _at_boundary,
    "spaced": _at_boundary,
    "name": _in_name,
    "named": _behind_name,
    "before": _before_value,
    "value": _in_value,
    "unquoted": _in_unquoted,
}
