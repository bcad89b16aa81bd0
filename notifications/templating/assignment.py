"""Which variant of a template a recipient gets: drawn by lot, and the same in every process and after every restart."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256
from struct import unpack
from uuid import UUID

BLOCK = 100
"""Recipients of a block: the hundred keys from each multiple of 100 on are divided as the weights say."""

_FRACTION_BITS = 56
_WHOLE = BLOCK << _FRACTION_BITS  # positions are 0 ≤ position < _WHOLE: whole numbers, so that nothing is rounded


@dataclass(frozen=True, slots=True)
class Share:
    """A variant's name and weight: a whole number ≥ 0. Weights count against each other; they need not add up to 100.

    ValueError: a weight that is negative or no whole number.
    """

    name: str
    weight: int

    def __post_init__(self) -> None:
        if type(self.weight) is not int or self.weight < 0:
            raise ValueError(f"The weight of {self.name!r} is {self.weight!r}; valid are 0, 1, 2, … (0: nobody).")


def assign(salt: str, pk: object, shares: Sequence[Share]) -> str:
    """The name of the share that the recipient with the primary key `pk` falls into.

    `salt` names the test: tests with different salts are independent of each other, and the same salt, pk and shares
    give the same name always. `pk` is an int, str or UUID, as the model holds it: 17 and "17" are two recipients.

    A recipient has a position from 0 to 1, by salt and pk alone, and the shares lie along it in their order, each as
    long as its weight's part of the sum. Positions of integer keys are drawn in permuted blocks, as in clinical trials
    (Matts and Lachin 1988, https://doi.org/10.1016/0197-2456(88)90047-5): of each block of 100 keys one falls into
    each hundredth, in random order, and at random inside it. So keys without large gaps come out as the weights say,
    for every salt. Other keys are hashed each for itself and come out so only on average: 10,000 recipients of a share
    of 50 % are 4,900 to 5,100 in nineteen salts of twenty.

    Who moves when weights change: those whose position lies between a boundary of two shares and its new place.
    With two shares that is the fewest possible. With more, take what one share gains from its neighbour, so that the
    sum and all other boundaries stay; a gain at one end paid for at the other end shifts everybody between.
    A hold-out is the first share; shares of the same name add up.

    TypeError: a pk of another kind. ValueError: an empty salt, or no share with a weight above 0.
    """
    if not salt:
        raise ValueError("The salt is empty; give each test one of its own.")
    if isinstance(pk, int) and not isinstance(pk, bool):
        block, place = divmod(pk, BLOCK)
        position = _positions(salt, block)[place]
    elif isinstance(pk, str | UUID):
        position = int.from_bytes(_random_bytes(salt, "key", str(pk), 16)) * _WHOLE >> 128
    else:
        raise TypeError(f"A recipient's key is an int, str or UUID, not {type(pk).__name__} ({pk!r}).")
    total = sum(share.weight for share in shares)
    if not total:
        named = ", ".join(share.name for share in shares) or "none"
        raise ValueError(f"No share has a weight above 0; the shares are: {named}.")
    point, boundary = position * total, 0
    for share in shares:
        boundary += share.weight
        if point < boundary * _WHOLE:
            return share.name
    raise AssertionError("a position is always below 1")


@lru_cache(maxsize=4096)  # some 4 MB at most; 400,000 recipients of one test, or 4,000 of a hundred tests
def _positions(salt: str, block: int) -> array[int]:
    """The positions of a block's keys, in the order of the keys: each hundredth once."""
    words = unpack(f">{2 * BLOCK}Q", _random_bytes(salt, "block", str(block), 16 * BLOCK))
    order, fractions = words[:BLOCK], words[BLOCK:]
    ranks = sorted(range(BLOCK), key=order.__getitem__)
    return array("Q", [rank << _FRACTION_BITS | fractions[rank] >> 8 for rank in ranks])


def _random_bytes(salt: str, kind: str, text: str, length: int) -> bytes:
    """Bytes that look random and depend on nothing else. The length of the salt keeps its end and the rest apart."""
    return shake_256(f"{len(salt)}:{salt}:{kind}:{text}".encode()).digest(length)
