"""Pure functions about time, by tables (C4, C6, FAULTS: DST gap and overlap)."""

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifications import timing

BASE, CEILING = timedelta(seconds=15), timedelta(hours=1)


@pytest.mark.parametrize(
    ("attempt", "full"), [(1, 15), (2, 30), (3, 60), (4, 120), (8, 1920), (9, 3600), (10_000, 3600)]
)
def test_backoff_doubles_up_to_its_ceiling_and_half_of_it_is_random(attempt, full):
    waits = [timing.backoff(attempt, base=BASE, ceiling=CEILING, rng=random.Random(seed)) for seed in range(200)]
    seconds = [wait.total_seconds() for wait in waits]
    assert full / 2 <= min(seconds) < max(seconds) <= full
    assert len(set(seconds)) > 150


def local(wall: tuple[int, int, int, int, int], zone: str) -> datetime:
    return datetime(*wall, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "wall", "zone", "expected"),
    [
        # later today, and tomorrow when it has passed
        ((2026, 5, 1, 8, 0), time(9), "Asia/Kolkata", datetime(2026, 5, 1, 3, 30, tzinfo=UTC)),
        ((2026, 5, 1, 9, 0), time(9), "Asia/Kolkata", datetime(2026, 5, 2, 3, 30, tzinfo=UTC)),
        ((2026, 5, 1, 8, 0), time(9), "Asia/Kathmandu", datetime(2026, 5, 1, 3, 15, tzinfo=UTC)),
        # leap day, year's end
        ((2028, 2, 28, 10, 0), time(9), "UTC", datetime(2028, 2, 29, 9, tzinfo=UTC)),
        ((2026, 12, 31, 23, 59), time(0), "Pacific/Kiritimati", datetime(2026, 12, 31, 10, tzinfo=UTC)),
        # a gap: 02:30 does not exist in Berlin on 29 March 2026, so it is 03:30
        ((2026, 3, 29, 1, 0), time(2, 30), "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # an overlap: 02:30 is twice on 25 October 2026; the first one, once
        ((2026, 10, 25, 1, 0), time(2, 30), "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # Lord Howe Island moves by half an hour: 02:15 is skipped on 4 October 2026
        ((2026, 10, 4, 1, 0), time(2, 15), "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 45, tzinfo=UTC)),
    ],
)
def test_the_next_local_time_is_right_in_gaps_overlaps_and_odd_zones(now, wall, zone, expected):
    assert timing.next_local_time(local(now, zone), wall, ZoneInfo(zone)) == expected


def test_the_next_local_time_comes_exactly_once_a_day_in_a_year_with_both_changes():
    zone, moment, days = ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC), []
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        moment = timing.next_local_time(moment, time(2, 30), zone)
        days.append(moment.astimezone(zone).date())
    assert len(days) == len(set(days)) == 366  # 365 in the year, and the one that ends it
