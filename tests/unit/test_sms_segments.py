"""Parts of an SMS are counted exactly, smart characters replaced, long texts shortened (P8).

The count is compared with Twilio's in tests/contract/test_sms_segments_reference.py.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.sms_segments import (
    BASIC,
    EXTENSION,
    REPLACEMENTS,
    Segments,
    count,
    economise,
    encoding_of,
    parts_of,
    shorten,
    split,
    to_gsm,
)
from notifications.exceptions import TextTooLongError
from tests.contract.sms_texts import FAMILY, PIECES

LINK = "https://example.org/a?b=c"
TEXTS = st.lists(
    st.sampled_from([each for pieces in (*PIECES.values(), [f" {LINK} "]) for each in pieces]), max_size=120
).map("".join)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts", "left"),
    [
        ("", "GSM-7", 0, 1, 160),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("a" * 306, "GSM-7", 306, 2, 0),
        ("a" * 307, "GSM-7", 307, 3, 152),
        ("€" * 80, "GSM-7", 160, 1, 0),
        ("€" * 81, "GSM-7", 162, 2, 153 - 10),  # 76 in the first part, whose last septet stays empty
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3, 152),
        ("я" * 70, "UCS-2", 70, 1, 0),
        ("я" * 71, "UCS-2", 71, 2, 63),
        ("я" * 134, "UCS-2", 134, 2, 0),
        ("a" * 69 + "’", "UCS-2", 70, 1, 0),  # one character makes them all UCS-2
        ("€" * 69 + "’", "UCS-2", 70, 1, 0),  # where the extension table costs nothing
        ("😀" * 35, "UCS-2", 70, 1, 0),
        ("😀" * 36, "UCS-2", 72, 2, 67 - 6),  # 33 in the first part: a surrogate pair is not divided
        (FAMILY * 6 + "a" * 5, "UCS-2", 71, 2, 63),
        (FAMILY * 7, "UCS-2", 77, 2, 67 - 11),
        ("e\u0301" * 36, "UCS-2", 72, 2, 67 - 6),
        ("\ud83d" * 71, "UCS-2", 71, 2, 63),  # half a pair is a unit too
    ],
)
def test_units_and_parts_are_exact(text: str, encoding: str, units: int, parts: int, left: int) -> None:
    assert count(text) == Segments(encoding=encoding, units=units, parts=parts, left=left)  # type: ignore[arg-type]


def test_the_alphabet_has_the_127_characters_and_the_extension_table_10() -> None:
    assert len(set(BASIC)) == len(BASIC) == 127  # and the escape
    assert len(set(EXTENSION)) == len(EXTENSION) == 10


@given(TEXTS | st.text(alphabet=BASIC + EXTENSION, max_size=500))
def test_the_parts_are_as_many_when_nothing_else_is_asked(text: str) -> None:
    assert parts_of(text) == count(text).parts


@given(TEXTS)
def test_the_parts_are_the_text_and_each_fits(text: str) -> None:
    parts, encoding = split(text), encoding_of(text)
    assert "".join(parts) == text
    assert len(parts) == count(text).parts
    for part in parts:
        size = len(part) + sum(map(part.count, EXTENSION)) if encoding == "GSM-7" else len(part.encode("utf-16-le")) / 2
        assert size <= {"GSM-7": 153, "UCS-2": 67}[encoding] or len(parts) == 1


@pytest.mark.parametrize("whole", ["😀", "👋🏽", FAMILY, "🇮🇳", "e\u0301", "क्ष"])
def test_no_part_begins_within_a_letter(whole: str) -> None:
    for before in range(50, 70):
        assert any(whole in part for part in split("я" * before + whole + "я" * 20))


@pytest.mark.parametrize(
    ("text", "replaced", "changed"),
    [
        ("It’s “so” – yes…", 'It\'s "so" - yes...', {"’": "'", "“": '"', "”": '"', "–": "-", "…": "..."}),
        ("5\u00a0km,\u202fsoon\u200b", "5 km, soon", {"\u00a0": " ", "\u202f": " ", "\u200b": ""}),
        ("Ｈｉ！", "Hi!", {"Ｈ": "H", "ｉ": "i", "！": "!"}),
        ("≤ 3 × day → №1", "<= 3 x day -> No.1", {"≤": "<=", "×": "x", "→": "->", "№": "No."}),
        ("e\u0301te\u0301, n\u0303", "été, ñ", {"e\u0301": "é", "n\u0303": "ñ"}),
        ("5\u2126", "5Ω", {"\u2126": "Ω"}),
        ("Plain @ £1 {é}", "Plain @ £1 {é}", {}),
        # what has no equal stays
        ("1½ tablets, 10² m, 38°", "1½ tablets, 10² m, 38°", {}),
        ("á ç ł a\u0301", "á ç ł a\u0301", {}),
        ("नमस्ते “दोस्त”", 'नमस्ते "दोस्त"', {"“": '"', "”": '"'}),
        ("می\u200cخواهم", "می\u200cخواهم", {}),
        (FAMILY, FAMILY, {}),
        # a link leads elsewhere with another character
        ("See “https://example.org/`ö`” ´", 'See "https://example.org/`ö`" \'', {"“": '"', "”": '"', "´": "'"}),
    ],
)
def test_smart_replacement_keeps_the_meaning(text: str, replaced: str, changed: dict[str, str]) -> None:
    result = to_gsm(text)
    assert (result.text, result.changed) == (replaced, changed)


def test_each_replacement_is_gsm_and_what_it_replaces_is_not() -> None:
    assert {old for old in REPLACEMENTS if encoding_of(old) == "GSM-7"} == set()
    assert {old for old, new in REPLACEMENTS.items() if encoding_of(new) == "UCS-2"} == set()


def test_characters_are_replaced_where_that_saves_parts_only() -> None:
    dear = "It’s time" + " to come" * 10
    assert (count(dear).parts, count(economise(dear).text).parts) == (2, 1)
    for text in ("It’s time", "It’s अनुच्छेद", "Plain"):
        assert (economise(text).text, economise(text).changed) == (text, {})


@pytest.mark.parametrize(
    ("text", "parts", "shortened"),
    [
        ("Short", 1, "Short"),
        ("word " * 40, 1, "word " * 30 + "word..."),
        ("word, " * 40, 1, "word, " * 25 + "word..."),
        ("слово " * 20, 1, "слово " * 10 + "слово…"),
        ("x" * 200, 1, "x" * 157 + "..."),
        ("x" * 400, 2, "x" * 303 + "..."),
        ("您" * 80, 1, "您" * 69 + "…"),
        ("я" * 60 + FAMILY + "я" * 9, 1, "я" * 60 + "…"),
        # one emoji at the end no longer makes it UCS-2
        ("word " * 30 + "👋", 1, "word " * 29 + "word..."),
        # a link stays, whatever stands before and after it is cut
        ("word " * 40 + LINK, 1, "word " * 25 + f"word... {LINK}"),
        (f"word {LINK} " + "word " * 40, 1, f"word {LINK} " + "word " * 24 + "word..."),
        (f"{LINK} " + "word " * 40 + LINK, 1, f"{LINK} " + "word " * 20 + f"word... {LINK}"),
        ("слово " * 20 + LINK, 1, "слово " * 6 + f"слово… {LINK}"),
        ("word " * 10 + "https://example.org/" + "x" * 140, 1, "https://example.org/" + "x" * 140),
    ],
)
def test_a_long_text_is_cut_at_a_word_and_keeps_its_links(text: str, parts: int, shortened: str) -> None:
    assert shorten(text, parts) == shortened
    assert count(shortened).parts <= parts


def test_a_link_is_not_run_together_with_the_ellipsis() -> None:
    link = "https://example.org/" + "x" * 130
    assert shorten(f"{link} and more words here", 1) == f"{link} and..."
    assert shorten(f"{link}123 immediately afterwards", 1) == f"{link}123 ..."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("See https://example.org/" + "x" * 160, "its links alone have 2"),
        ("e" + "\u0301" * 80, "even its first character has more"),
    ],
)
def test_what_cannot_be_shortened_is_an_error_that_says_why(text: str, why: str) -> None:
    with pytest.raises(TextTooLongError, match=f"The text has 2 SMS parts, and cannot be shortened to 1: {why}"):
        shorten(text, 1)


def test_a_text_has_at_least_one_part() -> None:
    with pytest.raises(ValueError, match="at least 1 part, not 0"):
        shorten("Hello", 0)


@given(TEXTS, st.integers(1, 4))
def test_a_shortened_text_fits_and_has_all_links(text: str, parts: int) -> None:
    try:
        shortened = shorten(text, parts)
    except TextTooLongError:
        assert count(" ".join([LINK] * text.count(LINK))).parts > parts
        return
    assert count(shortened).parts <= parts
    assert shortened.count(LINK) == text.count(LINK)
    assert shortened == text or "..." in shortened or "…" in shortened or set(shortened.split()) == {LINK}
