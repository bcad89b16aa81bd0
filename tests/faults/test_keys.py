"""Fault: several processes notify with the same key at once. One notification comes of it, and no caller an error."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from notifications.models import Delivery, Notification
from notifications.services import notify
from tests.faults import sites
from tests.faults.app.notifications import ViaLookUp
from tests.faults.sites import Caller, Site, in_threads

CALLERS = 50


@pytest.fixture
def person(any_site: Site) -> Any:
    (user,) = sites.people(1)
    return user


def test_fifty_calls_with_one_key_give_one_notification(person: Any) -> None:
    """FAULTS: two processes notify with the same key at once; issue: 50 concurrent."""
    created = in_threads(CALLERS, lambda: notify(ViaLookUp(text="a"), to=person, key="k"))
    assert [len(each) for each in created].count(1) == 1
    assert Notification.objects.get().pk == next(itertools.chain(*created)).pk
    assert Delivery.objects.count() == 1


def test_processes_that_repeat_one_key_give_one_notification(any_site: Site, person: Any) -> None:
    """FAULTS: two processes notify with the same key at once."""
    callers = [Caller(any_site, "notify_with_key", "k", "30") for _ in range(3)]
    for each in callers:
        each.go()
    assert sum(each.result() for each in callers) == 1
    assert Notification.objects.count() == Delivery.objects.count() == 1


def test_fifty_replacements_at_once_leave_one_pending(person: Any) -> None:
    """Issue: unique key under concurrency. Each caller replaces the one before, and the last one stands."""
    notify(ViaLookUp(text="first"), to=person, key="k")
    created = in_threads(CALLERS, lambda: notify(ViaLookUp(text="a"), to=person, key="k", replace=True))
    assert [len(each) for each in created] == [1] * CALLERS
    assert Counter(Delivery.objects.values_list("status", "reason")) == {
        ("pending", ""): 1,
        ("cancelled", "replaced"): CALLERS,
    }
    assert Notification.objects.get(key="k").deliveries.get().status == "pending"
