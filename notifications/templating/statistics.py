"""What a test of texts has shown so far: rates, and what may be said of their differences however often one looks.

Staff look each day and stop when they like what they see. The intervals of `compare` hold at all looks together, not
at one look each, so that the error is the stated one nevertheless. That asks of the figures:

- Each recipient counts once. All messages of one recipient are of one variant, so two of them are not two trials.
- Weights stay while a test runs. With new weights one arm has more of the early recipients, whose late successes have
  come in, than the other: start a new test, with a new salt. (With constant weights they are late in each arm alike.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, log, sqrt
from statistics import NormalDist

TUNED_FOR = 1_000
"""Recipients an arm, of two equal arms, at which the intervals of `compare` are tightest. Others hold as well."""
MINIMUM_SENT = 100
MINIMUM_EXPECTED = 10
"""No arm is judged before it has 100 recipients, and so many that 10 successes and 10 failures are to be expected in it
at the common rate. (Not: 10 that were seen. A text that nobody ever clicks must be found out, too.)"""


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant in a test: `k` of the `n` recipients it was sent to opened it, clicked it, or acted on it.

    ValueError: counts that cannot be.
    """

    name: str
    n: int
    k: int

    def __post_init__(self) -> None:
        _check_counts(f"Arm {self.name!r}", self.k, self.n)

    @property
    def rate(self) -> float:
        """Successes a recipient, 0 to 1; 0 where nothing was sent."""
        return self.k / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an arm differs from its control: rates from -1 to 1, so 0.03 is three percentage points more.

    `low` and `high` enclose the true difference at all looks together. Before the minimum is reached (`enough` is
    False) they are -1 and 1: nothing is known. `missing` is how many times more is to be sent for that minimum:
    1 when it is reached, `inf` when an arm has nobody yet.
    """

    control: Arm
    other: Arm
    difference: float
    low: float
    high: float
    alpha: float
    variance: float
    missing: float

    @property
    def enough(self) -> bool:
        return self.missing <= 1

    def within(self, margin: float) -> bool:
        """Whether the arms do equally well for all practical purposes: they surely differ by no more than `margin`."""
        return -margin <= self.low and self.high <= margin

    def times_until(self, target: float) -> float:
        """How many times what was sent makes the interval no wider than `target` on each side, if the rates stay.

        1 when it is so now, `inf` for a target of 0 or less. Only where `enough`.
        """
        if target <= 0:
            return inf
        clock = _clock(self.control.n, self.other.n)
        low = high = 1.0
        while _half_width(self.variance / high, clock * high, self.alpha) > target:
            low, high = high, high * 2
        for _ in range(30):
            middle = (low + high) / 2
            wide = _half_width(self.variance / middle, clock * middle, self.alpha) > target
            low, high = (middle, high) if wide else (low, middle)
        return high


def proportion_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The rate's interval when k of n succeeded, for one look: Wilson's score interval, as (low, high) from 0 to 1.

    Right on average also for few trials and rates near 0 or 1, where k/n ± 1.96 standard errors is not (E. B. Wilson
    1927; Brown, Cai and DasGupta 2001, https://doi.org/10.1214/ss/1009213286). Of no trials: (0, 1).
    It describes one arm; two such intervals do not tell whether arms differ: `compare` does.
    """
    _check_counts("The proportion", k, n)
    z2 = NormalDist().inv_cdf((1 + _checked(confidence)) / 2) ** 2
    if not n:
        return 0.0, 1.0
    middle = (k + z2 / 2) / (n + z2)
    half = sqrt(z2 * (k * (n - k) / n + z2 / 4)) / (n + z2)
    return (max(0.0, middle - half) if k else 0.0), (min(1.0, middle + half) if k < n else 1.0)


def compare(control: Arm, other: Arm, comparisons: int = 1, confidence: float = 0.95) -> Comparison:
    """The difference other - control, with an interval that is valid at all looks together.

    It is an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform central
    limit theory and asymptotic confidence sequences", https://doi.org/10.1214/24-AOS2408, after Robbins' normal
    mixture of 1970), of a difference of two means: with variance V of the difference, clock t = n₁n₂/(n₁+n₂) and ρ² so
    chosen that it is tightest at two arms of `TUNED_FOR`,

        difference ± √( V · (1 + 1/tρ²) · ln((1 + tρ²)/α²) )

    The clock is what makes arms of unequal size right: while the rates are alike, V·t is constant, and difference·t is
    a random walk with t for its time. V is the larger of two estimates, each arm's own and that of the common rate,
    both with (k+1)/(n+2) for k/n: where a small arm has bad luck, its own variance comes out too small, or 0.
    α = (1 - confidence)/comparisons: by Bonferroni, all of so many comparisons hold together.

    Asymptotic means that it holds for sums that are about normal; hence the minimum. In the simulations of
    tests/unit/test_template_statistics.py 95 % intervals miss the truth at any look in fewer than 5 % of the tests.
    The price against a single look at a number planned beforehand: about twice the recipients.

    ValueError: fewer than one comparison, or a confidence not between 0 and 1.
    """
    if comparisons < 1:
        raise ValueError(f"{comparisons} comparisons are none; valid are 1 or more.")
    alpha = (1 - _checked(confidence)) / comparisons
    missing = _missing(control, other)
    difference = other.rate - control.rate
    if not (control.n and other.n):
        return Comparison(control, other, difference, -1.0, 1.0, alpha, inf, missing)
    clock = _clock(control.n, other.n)
    apart = _spread(control.k, control.n) / control.n + _spread(other.k, other.n) / other.n
    variance = max(apart, _spread(control.k + other.k, control.n + other.n) / clock)
    half = _half_width(variance, clock, alpha) if missing <= 1 else inf
    return Comparison(
        control, other, difference, max(-1.0, difference - half), min(1.0, difference + half), alpha, variance, missing
    )


def _clock(n: int, m: int) -> float:
    return n * m / (n + m)


def _spread(k: int, n: int) -> float:
    """The variance of one trial, by a rate drawn a little towards one half (Laplace's rule of succession)."""
    rate = (k + 1) / (n + 2)
    return rate * (1 - rate)


def _missing(control: Arm, other: Arm) -> float:
    smaller = min(control.n, other.n)
    if not smaller:
        return inf
    common = (control.k + other.k + 1) / (control.n + other.n + 2)
    return max(1.0, MINIMUM_SENT / smaller, MINIMUM_EXPECTED / (smaller * min(common, 1 - common)))


def _half_width(variance: float, clock: float, alpha: float) -> float:
    x = clock * _tightest(alpha) / _clock(TUNED_FOR, TUNED_FOR)
    return sqrt(variance * (1 + 1 / x) * log((1 + x) / alpha**2))


@lru_cache(maxsize=64)
def _tightest(alpha: float) -> float:
    """The x that makes (1 + 1/x)·ln((1 + x)/α²) least: there, x = ln((1 + x)/α²)."""
    x = 1.0
    for _ in range(100):
        x = log((1 + x) / alpha**2)
    return x


def _check_counts(what: str, k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{what} has {k} successes of {n}; valid: 0 ≤ successes ≤ number.")


def _checked(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence of {confidence} is none; valid are numbers between 0 and 1, such as 0.95.")
    return confidence
