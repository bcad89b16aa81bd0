"""When a breaker opens, for how long, and how traffic comes back (P5)."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.pipeline import breaker
from notifications.pipeline.breaker import Tally

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("succeeded", "failed", "opens"),
    [(0, 4, False), (0, 5, True), (5, 5, True), (6, 5, False), (100, 20, False), (20, 20, True), (0, 0, False)],
)
def test_it_opens_when_enough_and_at_least_half_failed(succeeded, failed, opens):
    assert breaker.should_open(Tally(succeeded=succeeded, failed=failed)) is opens


@pytest.mark.parametrize(("in_a_row", "opens"), [(7, False), (8, True)])
def test_many_failures_in_a_row_open_it_however_much_succeeded_before(in_a_row, opens):
    tally = Tally(succeeded=10_000, failed=in_a_row, failed_in_a_row=in_a_row)
    assert breaker.should_open(tally) is opens


@pytest.mark.parametrize(("trips", "seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 600), (50, 600)])
def test_each_time_in_a_row_it_stays_open_twice_as_long(trips, seconds):
    assert breaker.cool_down(trips) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "share"), [(0, 0.25), (29, 0.25), (30, 0.5), (60, 1.0), (3600, 1.0), (-5, 0.25)])
def test_traffic_comes_back_in_steps(seconds, share):
    assert breaker.share(NOW, NOW + timedelta(seconds=seconds)) == share


def test_one_that_never_opened_takes_all():
    assert breaker.share(None, NOW) == 1.0
