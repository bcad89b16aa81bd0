"""What the desk reads of a test of texts: one plain sentence, in each case there is (T5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.templating.statistics import Arm
from notifications.templating.verdicts import verdict

SAID = [
    # two arms
    ([(5000, 455), (5000, 620)], "better", "B", "B is better than A, 95 % sure: 12.4 % clicked instead of 9.1 %."),
    ([(5000, 620), (5000, 455)], "worse", "A", "B is worse than A, 95 % sure: 9.1 % clicked instead of 12.4 %."),
    ([(60000, 5400), (60000, 5450)], "no_difference", None, "A and B do equally well, to within 1 point."),
    # no decimals for a few hundred recipients, but as many as it takes to see the difference, or that it is not 0
    ([(500, 40), (500, 80)], "better", "B", "B is better than A, 95 % sure: 16 % clicked instead of 8 %."),
    ([(999, 2), (999, 50)], "better", "B", "B is better than A, 95 % sure: 5.0 % clicked instead of 0.2 %."),
    ([(500, 0), (500, 150)], "better", "B", "B is better than A, 95 % sure: 30 % clicked instead of 0 %."),
    ([(10**6, 600), (10**6, 900)], "better", "B", "B is better than A, 95 % sure: 0.09 % clicked instead of 0.06 %."),
    # too early
    (
        [(1000, 91), (1000, 124)],
        "too_early",
        None,
        "Too early to say. With what was seen so far, about 1,300 more messages would show a difference as large as"
        " this one.",
    ),
    (
        [(9000, 800), (9000, 805)],
        "too_early",
        None,
        "Too early to say. With what was seen so far, about 23,000 more messages would show that they do equally well,"
        " to within 1 point.",
    ),
    (
        [(20, 1), (20, 3)],
        "too_early",
        None,
        "Too early to say. About 160 more messages are needed before the texts can be compared.",
    ),
    ([(0, 0), (500, 3)], "too_early", None, "Too early to say. Two texts or more must have been sent."),
    # three arms
    (
        [(5000, 455), (5000, 620), (5000, 450)],
        "better",
        "B",
        "B is better than A and C, 95 % sure: 12.4 % clicked instead of 9.1 % and 9.0 %.",
    ),
    (
        [(5000, 620), (5000, 450), (5000, 455)],
        "worse",
        "A",
        "B and C are worse than A, 95 % sure: 9.0 % and 9.1 % clicked instead of 12.4 %.",
    ),
    (
        [(5000, 455), (5000, 620), (5000, 640)],
        "better",
        "C",
        "C is better than A, 95 % sure: 12.8 % clicked instead of 9.1 %. Between B and C it is too early to say.",
    ),
    (
        [(90000, 8100), (90000, 10800), (90000, 10810)],
        "better",
        "C",
        "C is better than A, 95 % sure: 12.0 % clicked instead of 9.0 %. B and C do equally well, to within 1 point.",
    ),
    (
        [(5000, 620), (5000, 455), (5000, 610)],
        "worse",
        None,
        "B is worse than A, 95 % sure: 9.1 % clicked instead of 12.4 %. Between A and C it is too early to say.",
    ),
    (
        [(5000, 540), (5000, 455), (5000, 640)],
        "worse",
        None,
        "B is worse than C, 95 % sure: 9.1 % clicked instead of 12.8 %. Between A and C it is too early to say.",
    ),
    (
        [(5000, 540), (5000, 541), (5000, 640)],
        "too_early",
        None,
        "Too early to say. With what was seen so far, about 4,800 more messages would show a difference as large as"
        " that between A and C.",
    ),
    (
        [(90000, 9000), (90000, 9010), (90000, 9005)],
        "no_difference",
        None,
        "A, B and C do equally well, to within 1 point.",
    ),
]


@pytest.mark.parametrize(("counts", "kind", "leader", "sentence"), SAID, ids=[row[-1] for row in SAID])
def test_the_desk_reads_a_plain_sentence(counts, kind, leader, sentence):
    said = verdict([Arm(name, *count) for name, count in zip("ABC", counts, strict=False)], "clicked")
    assert (said.kind, said.leader, said.sentence) == (kind, leader, sentence)


@pytest.mark.parametrize(
    ("metric", "words"), [("opened", "12.4 % opened it instead of 9.1 %."), ("acted", "12.4 % acted instead of 9.1 %.")]
)
def test_the_sentence_says_what_was_counted(metric, words):
    assert verdict([Arm("A", 5000, 455), Arm("B", 5000, 620)], metric).sentence.endswith(words)


def test_the_sentence_says_how_sure_and_to_within_what():
    arms = [Arm("A", 50000, 4550), Arm("B", 50000, 6200)]
    assert "99.9 % sure" in verdict(arms, "clicked", confidence=0.999).sentence
    even = [Arm("A", 200_000, 18_000), Arm("B", 200_000, 18_001)]
    assert verdict(even, "clicked", margin=0.005).sentence == "A and B do equally well, to within 0.5 points."


@given(
    st.lists(
        st.integers(0, 200_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=2, max_size=5
    ),
    st.sampled_from(["opened", "clicked", "acted"]),
)
def test_any_counts_get_a_verdict_and_a_leader_has_the_highest_rate_of_those_it_beats(counts, metric):
    arms = [Arm(f"Text {number}", *count) for number, count in enumerate(counts)]
    said = verdict(arms, metric)
    assert "%(" not in said.sentence and said.sentence.endswith(".")
    assert (said.leader is not None) or said.kind != "better"
    if said.leader:
        rates = {one.name: one.rate for one in arms}
        if said.kind == "better":
            assert said.leader != arms[0].name and rates[said.leader] > rates[arms[0].name]
        else:
            assert said.kind == "worse" and said.leader == arms[0].name
            assert all(rates[said.leader] > rates[one.name] for one in arms[1:])


# Bad input


@pytest.mark.parametrize("arms", [[], [Arm("A", 1, 1)], [Arm("A", 1, 1), Arm("A", 2, 1)]])
def test_a_comparison_needs_two_arms_with_names_of_their_own(arms):
    with pytest.raises(ValueError, match="Two or more arms with names of their own"):
        verdict(arms, "clicked")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "read"}, r"Unknown metric 'read'\. Known: acted, clicked, opened\."),
        ({"margin": 0}, "A margin of 0 is none"),
        ({"margin": 1}, "A margin of 1 is none"),
        ({"confidence": 1}, "A confidence of 1 is none"),
        ({"confidence": 95}, "A confidence of 95 is none"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        verdict([Arm("A", 1, 1), Arm("B", 2, 1)], **{"metric": "clicked", **options})
