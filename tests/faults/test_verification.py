"""Fault: many try codes, or ask for them, at once. Together they have no more tries than one (FAULTS: brute force)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from notifications import clock, conf
from notifications.devices import Device
from notifications.exceptions import ContactPointError
from notifications.models import ContactPoint, OneTimeCode
from notifications.services import contact_points, devices, verification
from notifications.services.one_time_code import DIGITS, digits_of
from notifications.services.verification import MAX_ATTEMPTS, PER_CONTACT_POINT_AN_HOUR, Answer
from tests.faults import sites
from tests.faults.sites import Site, in_threads

THREADS = 20


@pytest.fixture
def user(any_site: Site) -> Any:
    """A person, where text messages are sent."""
    settings = any_site.settings.NOTIFICATIONS
    any_site.settings.NOTIFICATIONS = {
        **settings,
        "CHANNELS": {**settings["CHANNELS"], "sms": conf.DEFAULT_CHANNELS["sms"]},
        "PROVIDERS": {**settings["PROVIDERS"], **conf.DEFAULT_PROVIDERS},
    }
    (person,) = sites.people(1)
    return person


@pytest.fixture
def point(user: Any) -> ContactPoint:
    return contact_points.register_phone(user, "+447911123451")


def test_twenty_who_guess_at_once_have_five_tries_together(point: ContactPoint) -> None:
    code = verification.request_code(point)
    wrong = f"{(int(digits_of(code)) + 1) % 10**DIGITS:0{DIGITS}}"
    answers = Counter(in_threads(THREADS, lambda: verification.verify(point, wrong)))
    assert answers[Answer.WRONG] <= MAX_ATTEMPTS
    assert answers[Answer.VERIFIED] == 0
    code.refresh_from_db()
    assert code.attempts == MAX_ATTEMPTS
    assert verification.verify(point, digits_of(code)) == Answer.USED_UP


def test_the_right_code_entered_twenty_times_at_once_counts_once(point: ContactPoint) -> None:
    code = verification.request_code(point)
    answers = Counter(in_threads(THREADS, lambda: verification.verify(point, digits_of(code))))
    assert answers[Answer.VERIFIED] == 1


def test_twenty_requests_at_once_make_three_codes(point: ContactPoint) -> None:
    def ask() -> str:
        try:
            verification.request_code(point)
        except ContactPointError as error:
            return error.code
        return "sent"

    answers = Counter(in_threads(THREADS, ask))
    assert answers == {"sent": PER_CONTACT_POINT_AN_HOUR, "throttled": THREADS - PER_CONTACT_POINT_AN_HOUR}
    assert OneTimeCode.objects.open(clock.now()).count() == 1


def test_a_device_that_many_register_at_once_belongs_to_one(any_site: Site) -> None:
    people = list(sites.people(4))
    device = Device("fcm", "shared-tablet")

    def register() -> Any:
        return devices.register_device(people.pop(), device)

    in_threads(4, register)
    assert ContactPoint.objects.count() == 4
    assert ContactPoint.objects.filter(disabled_at__isnull=True).count() == 1


def test_phones_entered_at_once_are_no_more_than_five(user: Any) -> None:
    numbers = [f"+44791112345{each}" for each in range(10)]

    def register() -> str:
        try:
            contact_points.register_phone(user, numbers.pop())
        except ContactPointError as error:
            return error.code
        return "entered"

    assert Counter(in_threads(10, register)) == {"entered": 5, "limit": 5}
