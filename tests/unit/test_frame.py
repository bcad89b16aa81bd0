"""The common frame of several people's texts: each gets the own text back, and nothing of another stands in it."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.providers.frame import Frame, expand, frame, pieces

ANY = settings(database=None, deadline=None, derandomize=True)
WORDS = st.text(alphabet='slotx-0123 ="<>\n\r\\$%{}é🎈', max_size=30)
"""with all that a tag is made of, and that texts are cut at"""


def framed(people: list[tuple[str, ...]]) -> Frame:
    found = frame(people)
    assert found is not None
    return found


@ANY
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_each_gets_the_own_texts_back_in_whatever_order_tags_are_replaced(people: list[tuple[str, str]]) -> None:
    found = frame(people)
    if found is None:
        assert len({tuple(len(pieces(text)) for text in each) for each in people}) > 1
        return
    for index, texts in enumerate(people):
        tags = list(found.values[index].items())
        for _ in range(3):
            random.shuffle(tags)
            expanded = found.texts
            for tag, value in tags:
                expanded = tuple(each.replace(tag, value) for each in expanded)
            assert expanded == texts == expand(found, index)


@ANY
@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(0, 5))
def test_templates_filled_with_anything_have_a_frame_unless_it_adds_pieces(
    fillings: list[list[str]], repeated: int
) -> None:
    people = [(f'<p>Dear {a},</p>\n<a href="{b}">{c}</a>\n' * (repeated + 1),) for a, b, c in fillings]
    sizes = {len(pieces(each[0])) for each in people}
    assert (frame(people) is not None) == (len(sizes) == 1)


@ANY
@given(WORDS)
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert all(pieces(text))


def test_what_all_share_stands_once_and_the_same_difference_has_one_tag() -> None:
    html = '<p>Dear {0},</p>\n<a href="https://clinic.example/{0}">{0}</a>\n<p>Bye<a href="https://clinic.example/{0}">'
    found = framed([(html.format("Ada"),), (html.format("Bob"),)])
    assert found.texts == ('<p>-slot0-\n<a href="-slot1--slot2-\n<p>Bye<a href="-slot1-',)
    assert found.values == (
        {"-slot0-": "Dear Ada,</p>", "-slot1-": 'https://clinic.example/Ada">', "-slot2-": "Ada</a>"},
        {"-slot0-": "Dear Bob,</p>", "-slot1-": 'https://clinic.example/Bob">', "-slot2-": "Bob</a>"},
    )


def test_no_tag_occurs_in_the_texts_or_beside_them() -> None:
    found = framed([("Slot of Ada",), ("Slot of Bob",)])
    assert found.texts == ("-slotx0-",)
    beside = frame([("Ada",), ("Bob",)], beside=["a slot, slotx"])
    assert beside is not None
    assert beside.texts == ("-slotxx0-",)


def test_texts_of_different_build_have_no_frame() -> None:
    assert frame([("one line\n",), ("two\nlines\n",)]) is None


def test_texts_that_are_the_same_have_no_tags() -> None:
    assert framed([("Hello\n", "<p>Hello</p>")] * 3).values == ({}, {}, {})
