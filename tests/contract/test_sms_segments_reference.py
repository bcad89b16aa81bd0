"""Parts of an SMS are counted as Twilio's calculator counts them, but where the standards say otherwise (P8)."""

from itertools import accumulate

import pytest

from notifications.channels.sms_segments import BASIC, EXTENSION, count, encoding_of, split
from tests.contract import sms_reference
from tests.contract.sms_reference import Answer
from tests.contract.sms_texts import texts
from tests.services.reachable import give_up

OCTETS = 140
"""what one message carries, header included: 3GPP TS 23.040, 9.2.3.24"""

DIFFERENCES: dict[str, tuple[str, int, int, str]] = {
    "a cluster larger than a part": (
        "e" + "\u0301" * 200,
        3,
        2,
        "The reference never divides a cluster: its second part has 408 octets, of 140. Right: 3 × 67.",
    ),
    "a cluster moved to the second part": (
        "я" * 3 + "e" + "\u0301" * 66 + "я",
        3,
        2,
        "The reference moves what the header displaces without measuring again: its second part has 142 octets.",
    ),
    "a Devanagari conjunct": (
        "я" * 65 + "क्ष" + "я" * 66,
        3,
        2,
        "क्ष is one letter since Unicode 15.1 (UAX 29, GB9c); the reference follows Unicode 10 and divides it.",
    ),
    "people holding hands": (
        "я" * 64 + "🧑\u200d🤝\u200d🧑" + "я" * 62,
        3,
        2,
        "One emoji since Unicode 11 (UAX 29, GB11 with Extended_Pictographic); the reference divides it in three.",
    ),
    "the skin of an emoji newer than Unicode 10": (
        "я" * 65 + "🥷🏽" + "я" * 65,
        3,
        2,
        "A skin tone extends whatever it follows since Unicode 11; the reference shows the ninja and a brown square.",
    ),
}
"""case → text, our parts, the reference's parts, and who is right by which standard. In all of them we are."""


@pytest.fixture(scope="module")
def compared() -> list[tuple[str, Answer]]:
    """Some thousand texts and the reference's answers, of today."""
    if reason := sms_reference.missing():
        give_up(reason)
    many = [*texts(seed=20, each=120), *(text for text, *_ in DIFFERENCES.values())]
    return list(zip(many, sms_reference.ask(many), strict=True))


def packed(lengths: list[int]) -> int:
    """Parts of 67 units that clusters of these lengths fill, none of them divided."""
    parts, room = 0, 0
    for length in lengths:
        if length > room:
            parts, room = parts + 1, 67
        room -= length
    return parts


def unexplained(pairs: list[tuple[str, Answer]]) -> list[str]:
    """The texts whose parts differ for no known reason.

    Known are a part of the reference that is too large for the air, and clusters that Unicode 10 divides: with its
    clusters instead of ours, the count is the reference's.
    """
    found = []
    for text, reference in pairs:
        if count(text).parts == reference.parts:
            continue
        over_full = max(reference.octets) > OCTETS
        divided = packed(reference.clusters) == reference.parts and _we_divide_no_cluster(text, reference.clusters)
        if not (over_full or divided):
            found.append(text)
    return found


def _we_divide_no_cluster(text: str, clusters: list[int]) -> bool:
    lengths = [len(part.encode("utf-16-le")) // 2 for part in split(text)]
    # Ours end where theirs do: what they keep whole, we never divide.
    return set(accumulate(clusters)).issuperset(accumulate(lengths))


def test_the_encoding_of_each_text_is_the_references(compared: list[tuple[str, Answer]]) -> None:
    assert len(compared) > 3000
    assert [text for text, reference in compared if encoding_of(text) != reference.encoding] == []


def test_each_difference_in_parts_is_explained(compared: list[tuple[str, Answer]]) -> None:
    assert unexplained(compared) == []


def test_most_texts_have_as_many_parts_as_the_reference_says(compared: list[tuple[str, Answer]]) -> None:
    different = [text for text, reference in compared if count(text).parts != reference.parts]
    assert len(different) < len(compared) / 100
    assert {text for text, *_ in DIFFERENCES.values()} <= set(different)


def test_every_character_has_the_references_encoding() -> None:
    if reason := sms_reference.missing():
        give_up(reason)
    characters = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    answers = sms_reference.ask(characters)
    gsm = {character for character, answer in zip(characters, answers, strict=True) if answer.encoding == "GSM-7"}
    assert gsm == set(BASIC + EXTENSION)


@pytest.mark.parametrize(("text", "ours", "theirs", "why"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_where_the_reference_is_wrong_the_standard_is_followed(text: str, ours: int, theirs: int, why: str) -> None:
    assert count(text).parts == ours, why
    if sms_reference.missing():
        return
    (reference,) = sms_reference.ask([text])
    assert reference.parts == theirs, "the reference has changed: is the explanation still true?"


def test_the_stored_answers_are_ours() -> None:
    stored = sms_reference.stored()
    assert len(stored) >= 200
    assert [text for text, reference in stored if encoding_of(text) != reference.encoding] == []
    assert unexplained(stored) == []
    assert sum(count(text).parts != reference.parts for text, reference in stored) <= 3


def test_the_stored_answers_are_still_the_references() -> None:
    if reason := sms_reference.missing():
        give_up(reason)
    stored = sms_reference.stored()
    assert sms_reference.ask([text for text, _ in stored]) == [answer for _, answer in stored]
