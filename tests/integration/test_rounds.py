"""The rounds that Django Q runs: when they stay, and when they leave."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django_q.models import Schedule

from notifications import clock, tasks
from notifications.models import Delivery, Status
from notifications.pipeline.queue import SWEEP, schedule_rounds
from notifications.services import notify
from notifications.types import LANES
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _rounds(settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "LINGER_SECONDS": 1, "DRAIN_SECONDS": 20}


def seconds(work) -> float:
    begun = time.monotonic()
    work("default")
    return time.monotonic() - begun


def test_a_worker_that_was_woken_up_stays_for_more():
    """Wake-ups that follow within that time are merged, so somebody must still be there."""
    assert seconds(tasks.drain) >= 1


def test_the_minutes_round_leaves_at_once_when_nothing_is_due():
    assert seconds(tasks.sweep) < 0.9


def test_the_minutes_round_works_what_is_due_and_then_stays_for_more(django_user_model):
    notify(Note(text="a"), to=django_user_model.objects.create_user("ann", phone="+14155552671"))
    assert seconds(tasks.sweep) >= 1
    assert Delivery.objects.get().status == Status.DELIVERED


def test_the_minutes_round_waits_for_what_is_due_before_the_next_one(django_user_model):
    person = django_user_model.objects.create_user("ann", phone="+14155552671")
    notify(Note(text="a"), to=person, at=clock.now() + timedelta(seconds=2))
    tasks.sweep("default")
    assert Delivery.objects.get().status == Status.DELIVERED


def test_each_lane_has_one_round_a_minute_however_often_they_are_scheduled():
    for _ in range(2):
        schedule_rounds()
    rounds = Schedule.objects.values_list("func", "args", "minutes")
    assert sorted(rounds) == sorted((SWEEP, repr((lane,)), 1) for lane in LANES)
