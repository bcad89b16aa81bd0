"""What a text costs as SMS, and how to make it cost less: parts, smart replacement, shortening.

Source: 3GPP TS 23.038, 6.2.1 (default alphabet and its extension table) and 6.2.3 (UCS2); 3GPP TS 23.040, 9.2.3.24
(header of concatenated messages). A message has 140 octets: 160 septets or 70 UTF-16 code units. Where there are
several parts, six octets of each are its header, which leaves 153 or 67.

Neither document knows grapheme clusters, which Unicode Standard Annex 29 defines. They are kept in one part, as the
sender's calculator does that the tests compare with: phones that show parts as they come then show whole letters.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from notifications.exceptions import TextTooLongError

Encoding = Literal["GSM-7", "UCS-2"]

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""the GSM 7-bit default alphabet, without the escape: one septet each"""
EXTENSION = "\f^{}\\[~]|€"
"""the extension table: an escape and another septet each, in one part"""
CAPACITY: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
"""encoding → units of a text that goes alone, units of one part among several"""

_NOT_BASIC = re.compile(f"[^{re.escape(BASIC)}]")
_NOT_GSM = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
# A link may be written in any script with spaces between its words. In others it ends where ASCII does: Chinese follows
# a link without a space.
_PATH = r"[!-~\u00c0-\u0dff]"
_URL = re.compile(
    rf"(?i:(?:https?://|www\.)[\w.:@%\[\]-]+{_PATH}*|(?<![a-z0-9.-])(?:[a-z0-9-]+\.)+[a-z]{{2,}}/{_PATH}+)"
)
# Hebrew to Vedic, kana to Hangul: with a letter of these a text stays UCS-2, whatever else is replaced in it.
_OTHER_SCRIPT = re.compile("[\u0590-\u1cff\u3041-\ud7ff]")
_WORD_MAX = 20
"""characters given up at most, so that a shortened text ends with a word"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segments:
    """How a text goes over the air. Units are septets in GSM-7, UTF-16 code units in UCS-2."""

    encoding: Encoding
    units: int
    parts: int
    """what is paid for; 1 for an empty text"""
    left: int
    """units that the last part still has room for"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """A text after smart replacement, and what was changed in it: character (or letter with its accent) → instead."""

    text: str
    changed: dict[str, str]


def count(text: str) -> Segments:
    """The encoding and the number of parts of a text."""
    encoding = encoding_of(text)
    units = _units(text, encoding)
    alone, among_several = CAPACITY[encoding]
    if units <= alone:
        return Segments(encoding=encoding, units=units, parts=1, left=alone - units)
    parts = list(_parts(text, encoding))
    left = among_several - _units(parts[-1], encoding)
    return Segments(encoding=encoding, units=units, parts=len(parts), left=left)


def parts_of(text: str) -> int:
    """`count(text).parts`, in a third of the time for texts without characters of the extension table."""
    if _NOT_BASIC.search(text):
        return count(text).parts
    alone, among_several = CAPACITY["GSM-7"]
    return 1 if len(text) <= alone else -(-len(text) // among_several)


def split(text: str) -> list[str]:
    """The text of each part."""
    encoding = encoding_of(text)
    return list(_parts(text, encoding)) if _units(text, encoding) > CAPACITY[encoding][0] else [text]


def encoding_of(text: str) -> Encoding:
    """GSM-7 if its alphabet has every character; otherwise the whole text is UCS-2."""
    return "UCS-2" if _NOT_GSM.search(text) else "GSM-7"


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _parts(text: str, encoding: Encoding) -> Iterator[str]:
    """Each part takes what still goes into it: greedy is optimal, for what cannot be divided is never moved back."""
    room, start = CAPACITY[encoding][1], 0
    while start < len(text):
        part = text[start : start + room]
        # A character takes two units at most: to be rid of so many units, at least half as many characters must go.
        while (over := _units(part, encoding) - room) > 0:
            part = part[: -((over + 1) // 2)]
        end = start + len(part)
        if encoding == "UCS-2" and end < len(text):
            end = _cluster_boundary(text, start, end)
        yield text[start:end]
        start = end


def _cluster_boundary(text: str, start: int, end: int) -> int:
    """The last place up to `end` that divides no grapheme cluster; `end` if one cluster is larger than a part."""
    clusters, sure = _patterns()
    found = sure.search(text, start, end + 1)
    boundary = found.start() + 1 if found else start
    for cluster in clusters.finditer(text, boundary):
        if cluster.end() > end:
            break
        boundary = cluster.end()
    return boundary if boundary > start else end


@cache
def _patterns() -> tuple[Any, Any]:
    """A grapheme cluster; and, searched from the right, two neighbours between which there is always a boundary."""
    import regex  # most texts never need it

    # CR LF counts as two, as in GSM-7.
    return regex.compile(r"\r|\X"), regex.compile(r"(?r)\p{Grapheme_Cluster_Break=Other}{2}")


def _table() -> dict[str, str]:
    same = {
        '"': "“”„‟«»″〝〞❝❞",
        "'": "‘’‚‛‹›′ʼʹ❛❜´`",
        "-": "‐‑‒–—―−﹣•‣◦",
        " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        "\n": "\v\u0085\u2028\u2029",
        "": "\u00ad\u200b\u2060\ufeff",  # not seen; ZWJ and ZWNJ are not among them, for they shape letters
        "...": "…",
        "..": "‥",
        "/": "⁄∕",
        "x": "×",
        "<=": "≤",
        ">=": "≥",
        "->": "→",
        "<-": "←",
        "No.": "№",
        "(TM)": "™",
        "(R)": "®",
        "(C)": "©",
        "ff": "ﬀ",
        "fi": "ﬁ",
        "fl": "ﬂ",
        "ffi": "ﬃ",
        "ffl": "ﬄ",
    }
    table = {each: instead for instead, characters in same.items() for each in characters}
    full_width = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
    return table | {each: table.get(instead, instead) for each, instead in full_width.items()}


REPLACEMENTS = _table()
"""What means the same in GSM-7. No fractions and superscripts ("1½ tablets" would be 11/2, "10²" be 102), and no letter
without its accent, which may be another word."""
# A link is left alone: another character leads elsewhere.
_REPLACEABLE = re.compile(f"({_URL.pattern})|.[\u0300-\u036f]+|{_NOT_GSM.pattern}", re.DOTALL)


def to_gsm(text: str) -> Replacement:
    """Put characters of GSM-7 for those that mean the same. What has no such character stays, and links stay."""
    changed: dict[str, str] = {}

    def instead(found: re.Match[str]) -> str:
        old = found[0]
        if found[1]:
            return old
        new = REPLACEMENTS.get(old)
        if new is None:
            new = unicodedata.normalize("NFC", old)  # a letter and its accent; Ohm and Ångström, which are letters
            if _NOT_GSM.search(new):
                return old
        changed[old] = new
        return new

    return Replacement(text=_REPLACEABLE.sub(instead, text), changed=changed)


def economise(text: str) -> Replacement:
    """Smart replacement where it saves parts; the text as it is where it saves none."""
    if encoding_of(text) == "GSM-7" or _OTHER_SCRIPT.search(text):
        return Replacement(text=text, changed={})
    replaced = to_gsm(text)
    return replaced if count(replaced.text).parts < count(text).parts else Replacement(text=text, changed={})


def shorten(text: str, parts: int) -> str:
    """Cut a text to so many parts, with an ellipsis of its encoding: at a word if one ends near, never inside a link.

    Links are what a message is for: all are kept, and what stands before and between them is cut, the last words first.
    Raises `TextTooLongError` if they alone are too long: whether to pay more or not to send is the caller's to decide.
    """
    if parts < 1:
        raise ValueError(f"A text has at least 1 part, not {parts}.")
    if (whole := count(text)).parts <= parts:
        return text
    links = [found.span() for found in _URL.finditer(text)]
    cuts = [cut for cut in _boundaries(text) if not any(start < cut < end for start, end in links)]
    fitting = bisect_right(cuts, parts, key=lambda cut: count(_cut(text, cut, links)).parts)
    shortened = _cut(text, _word_end(text, cuts[fitting - 1], links), links) if fitting else ""
    if not shortened:
        alone = count(_cut(text, 0, links)).parts
        what = f"its links alone have {alone}" if links else "even its first character has more"
        raise TextTooLongError(
            f"The text has {whole.parts} SMS parts, and cannot be shortened to {parts}: {what}. "
            "Allow more parts, or use shorter links."
        )
    return shortened


def _boundaries(text: str) -> Iterator[int]:
    """Where a text can be cut: before each grapheme cluster."""
    return (cluster.start() for cluster in _patterns()[0].finditer(text))


def _cut(text: str, cut: int, links: list[tuple[int, int]]) -> str:
    """The text up to `cut`, an ellipsis, and the links after it."""
    head = text[:cut].rstrip()
    kept = " ".join(text[start:end] for start, end in links if start >= cut)
    if not any(end == len(head) for _, end in links):
        head = head.rstrip(",;:").rstrip()
    elif head:
        head += " "  # lest the ellipsis become part of the link
    if not head:
        return kept
    ellipsis = "..." if encoding_of(head + kept) == "GSM-7" else "…"
    return f"{head}{ellipsis} {kept}" if kept else head + ellipsis


def _word_end(text: str, cut: int, links: list[tuple[int, int]]) -> int:
    """The end of the last whole word, unless it is too far back: a long word is cut, as are scripts without spaces."""
    if any(cut in span for span in links) or any(each.isspace() for each in text[max(cut - 1, 0) : cut + 1]):
        return cut
    near = max(cut - _WORD_MAX, 0)
    spaces = [place for place in range(near, cut) if text[place].isspace()]
    return spaces[-1] if spaces and text[: spaces[-1]].strip() else cut
