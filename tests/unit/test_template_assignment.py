"""Who gets which variant of a template: stable, in the shares that were asked for, test by test anew (T5)."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.templating.assignment import Share, assign

HOLD_OUT = (Share("hold-out", 10), Share("A", 45), Share("B", 45))
HALVES = (Share("A", 1), Share("B", 1))
salts = st.text(min_size=1).filter(lambda text: text.isprintable())


def counts(salt, pks, shares):
    return Counter(assign(salt, pk, shares) for pk in pks)


# Stable


@pytest.mark.parametrize(
    ("pk", "name"),
    [
        (0, "B"),
        (1, "A"),
        (99, "B"),
        (100, "A"),
        (-1, "B"),
        (10**12, "B"),
        ("", "A"),
        ("17", "hold-out"),
        ("ana@example.org", "A"),
        ("المريض", "A"),
        (UUID(int=0), "B"),
        (UUID("018f3c5e-0000-7000-8000-000000000001"), "A"),
    ],
)
def test_a_recipient_keeps_the_variant_that_the_first_release_gave(pk, name):
    assert assign("reminder-1", pk, HOLD_OUT) == name


def test_processes_agree_however_python_seeds_its_hashes():
    script = (
        "from notifications.templating.assignment import Share, assign\n"
        "shares = (Share('hold-out', 10), Share('A', 45), Share('B', 45))\n"
        "keys = [*range(10_000), *map(str, range(2_000))]\n"
        "print(*(assign('reminder-1', pk, shares) for pk in keys))\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "random")
    }
    here = " ".join(assign("reminder-1", pk, HOLD_OUT) for pk in [*range(10_000), *map(str, range(2_000))])
    assert answers == {here + "\n"}
    assert (
        hashlib.sha256("".join(name[0] for name in here.split()[:10_000]).encode()).hexdigest()
        == "074d1b08b9ace14ec81e4d012f73a8a8f7568b3c07c64421131746ac78e60486"
    )


@given(pk=st.uuids())
def test_a_uuid_and_its_text_are_the_same_recipient(pk):
    assert assign("t", pk, HOLD_OUT) == assign("t", str(pk), HOLD_OUT)


# As the weights say


@settings(max_examples=40, deadline=None)
@given(
    salt=salts,
    first=st.integers(-(10**9), 10**12),
    weights=st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any),
)
@example(salt="x", first=50, weights=[1, 1])
@example(salt="x", first=1, weights=[1, 1, 1])
@example(salt="x", first=1, weights=[1, 10**18])
def test_of_10000_recipients_in_a_row_each_share_is_within_one_percent(salt, first, weights):
    shares = [Share(str(number), weight) for number, weight in enumerate(weights)]
    got = counts(salt, range(first, first + 10_000), shares)
    for share in shares:
        assert abs(got[share.name] - 10_000 * share.weight / sum(weights)) <= 100


@settings(max_examples=40, deadline=None)
@given(salt=salts, block=st.integers(-1000, 10**9), hundredths=st.integers(0, 100))
def test_each_block_of_a_hundred_is_divided_exactly(salt, block, hundredths):
    shares = (Share("hold-out", hundredths), Share("A", 100 - hundredths))
    assert counts(salt, range(100 * block, 100 * block + 100), shares)["hold-out"] == hundredths


def test_a_plain_hash_would_miss_one_percent_for_some_salts():
    # What the blocks are for: the same 10,000 recipients under text keys, which are hashed each for itself.
    misses = [n for n in range(40) if abs(counts(f"test {n}", map(str, range(10_000)), HALVES)["A"] - 5_000) > 100]
    assert 0 < len(misses) < 10


@pytest.mark.parametrize(
    "key", [str, lambda n: f"patient-{n}@example.org", lambda n: UUID(int=n)], ids=["digits", "address", "uuid"]
)
def test_keys_that_are_no_integers_come_out_as_the_weights_say_on_average(key):
    got = counts("t", map(key, range(20_000)), HOLD_OUT)
    expected = {"hold-out": 2_000, "A": 9_000, "B": 9_000}
    assert sum((got[name] - n) ** 2 / n for name, n in expected.items()) < 13.8  # chi-square, 2 df, p = 0.001


def test_thirds_are_thirds_and_not_34_33_33():
    got = counts("t", range(300_000), [Share(name, 1) for name in "ABC"])
    # Each of 3,000 blocks rounds by lot: the standard deviation is √(3,000 · 2/9) ≈ 26. To give one share 34 of each
    # hundred would be 2,000 too many.
    assert all(abs(n - 100_000) < 130 for n in got.values())


def test_every_place_of_a_block_is_drawn_alike():
    # If the last digits of a key decided, a clinic that numbers its patients by ward would send one ward one text.
    per_place = Counter(pk % 100 for pk in range(100_000) if assign("t", pk, HALVES) == "A")
    assert sum((per_place[place] - 500) ** 2 / 250 for place in range(100)) < 149  # chi-square, 100 df, p = 0.001


def test_a_share_of_weight_zero_gets_nobody_wherever_it_stands():
    shares = (Share("first", 0), Share("A", 2), Share("between", 0), Share("B", 1), Share("last", 0))
    assert set(counts("t", range(3_000), shares)) == {"A", "B"}
    assert set(counts("t", map(str, range(3_000)), shares)) == {"A", "B"}


def test_weights_count_against_each_other_only():
    larger = [Share(share.name, share.weight * 7_000_000_000) for share in HOLD_OUT]
    assert all(assign("t", pk, larger) == assign("t", pk, HOLD_OUT) for pk in range(2_000))


# Two tests know nothing of each other


def chi_square(first, second, pks):
    """Of the table of two tests' variants, for the same recipients; two by three variants have 2 degrees of freedom."""
    table = Counter((assign(first, pk, HALVES), assign(second, pk, HOLD_OUT)) for pk in pks)
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (row, column), n in table.items():
        rows[row] += n
        columns[column] += n
    return sum(
        (table[row, column] - (expected := rows[row] * columns[column] / len(pks))) ** 2 / expected
        for row in rows
        for column in columns
    )


@pytest.mark.parametrize("key", [int, str], ids=["blocks", "plain hash"])
def test_tests_with_different_salts_are_independent(key):
    pks = list(map(key, range(2_000)))
    values = [chi_square(f"reminder-{n}", f"reminder-{n + 1}", pks) for n in range(0, 240, 2)]
    # Of 120 values of chi-square with 2 degrees of freedom, 6 pass its 5 % point (never more than 16: p < 0.0002), and
    # their mean is 2, give or take 0.18.
    assert sum(value > 5.991 for value in values) <= 16
    assert 1.3 < sum(values) / len(values) < 2.7


def test_tests_with_the_same_salt_are_not():
    assert chi_square("reminder", "reminder", range(2_000)) > 1_000


# When weights change


def moved(before, after, pks=range(10_000)):
    return [pk for pk in pks if assign("t", pk, before) != assign("t", pk, after)]


@given(before=st.integers(0, 100), after=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_with_two_shares_only_those_move_that_must(before, after):
    def shares(weight):
        return (Share("A", weight), Share("B", 100 - weight))

    movers = moved(shares(before), shares(after), range(2_000))
    assert len(movers) == 20 * abs(before - after)
    assert {assign("t", pk, shares(after)) for pk in movers} <= {"A" if after > before else "B"}


def test_weight_taken_from_a_neighbour_moves_nobody_else():
    after = (Share("hold-out", 10), Share("A", 60), Share("B", 30))
    movers = moved(HOLD_OUT, after)
    assert len(movers) == 1_500
    assert {(assign("t", pk, HOLD_OUT), assign("t", pk, after)) for pk in movers} == {("B", "A")}


def test_a_hold_out_keeps_its_people_when_variants_come_and_go():
    three = (Share("hold-out", 10), Share("A", 30), Share("C", 30), Share("B", 30))
    assert all("hold-out" not in {assign("t", pk, HOLD_OUT), assign("t", pk, three)} for pk in moved(HOLD_OUT, three))


# Bad input


@pytest.mark.parametrize("weight", [-1, 1.0, "50", None, True])
def test_a_weight_that_is_no_count_is_refused(weight):
    with pytest.raises(ValueError, match=r"The weight of 'A' is .*; valid are 0, 1, 2"):
        Share("A", weight)


@pytest.mark.parametrize(("shares", "named"), [((), "none"), ((Share("A", 0), Share("B", 0)), "A, B")])
def test_shares_that_nobody_can_fall_into_are_refused(shares, named):
    with pytest.raises(ValueError, match=rf"No share has a weight above 0; the shares are: {named}\."):
        assign("t", 1, shares)


@pytest.mark.parametrize("pk", [None, True, 1.0, b"1", object()])
def test_a_key_whose_text_may_change_is_refused(pk):
    with pytest.raises(TypeError, match="A recipient's key is an int, str or UUID, not "):
        assign("t", pk, HALVES)


def test_a_test_needs_a_salt_of_its_own():
    with pytest.raises(ValueError, match="The salt is empty"):
        assign("", 1, HALVES)
