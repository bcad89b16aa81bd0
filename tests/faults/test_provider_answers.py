"""Fault: a provider refuses, fails, limits, hangs, drips, or answers nonsense. Each ends as a typed outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from notifications import clock
from notifications.models import Delivery, Event
from notifications.pipeline import dispatch
from notifications.services import notify
from notifications.tasks import fetch_receipts
from notifications.types import NotificationType
from tests.faults import ledger, sites
from tests.faults.app.notifications import NeitherAgain, NeitherOnce, ViaLookUp, ViaReceipts
from tests.faults.sites import Site

TIMEOUT = 0.5
LATE = 0.8
NOBODY_LISTENS = "http://127.0.0.1:1"
TAKEN_TOO_LATE = {"after": LATE}
NEVER_TAKEN = {"after": LATE, "takes": False}


@pytest.fixture
def impatient(sqlite_site: Site) -> Site:
    """Requests that are given up soon, and second tries that come only when a test says so."""
    sqlite_site.configure(
        options={"timeout_seconds": TIMEOUT, "reconcile_seconds": 60},
        BACKOFF_BASE_SECONDS=60,
        BACKOFF_MAX_SECONDS=60,
        MAX_ATTEMPTS=3,
    )
    return sqlite_site


def send(type_: Callable[..., NotificationType] = ViaLookUp) -> Delivery:
    """Notify one person, and work until nothing is due."""
    notify(type_(text="a"), to=sites.people(1))
    return work()


def work() -> Delivery:
    dispatch.run("default", until=time.monotonic() + 10)
    fetch_receipts()
    return Delivery.objects.get()


def work_again() -> Delivery:
    """The same once the time of what waits has come."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    return work()


def end(delivery: Delivery) -> tuple[str, str]:
    return delivery.status, delivery.reason


def events() -> list[str]:
    return list(Event.objects.values_list("kind", flat=True))


def taken(site: Site) -> int:
    return sum(site.provider.counts().values())


def seconds_until_due(delivery: Delivery) -> float:
    assert delivery.due_at is not None
    return (delivery.due_at - clock.now()).total_seconds()


@pytest.mark.parametrize(
    ("behaviour", "state", "event", "says"),
    [
        ({"status": 500}, ("pending", "retrying"), "retrying", "TemporaryError: answered 500"),
        ({"status": 429}, ("pending", "retrying"), "retrying", "TemporaryError: answered 429"),
        ({"status": 400}, ("failed", "refused"), "failed", "PermanentError: answered 400"),
        ({"body": "<html>"}, ("unknown", "outcome_unknown"), "unknown", "makes no sense: b'<html>'"),
        ({"body": "[]"}, ("unknown", "outcome_unknown"), "unknown", "makes no sense"),
        ({"hang_up": True}, ("unknown", "outcome_unknown"), "unknown", "the connection broke"),
        (TAKEN_TOO_LATE, ("unknown", "outcome_unknown"), "unknown", f"no answer within {TIMEOUT} s"),
        (NEVER_TAKEN, ("unknown", "outcome_unknown"), "unknown", f"no answer within {TIMEOUT} s"),
        ({"drip": 0.1}, ("unknown", "outcome_unknown"), "unknown", "not complete within"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_each_answer_has_its_outcome(
    impatient: Site, behaviour: dict[str, Any], state: tuple[str, str], event: str, says: str
) -> None:
    """FAULTS: provider: 429 without Retry-After, 5xx, malformed 200, slow drip, time-out before and after accept."""
    impatient.provider.behave(behaviour)
    begun = time.monotonic()
    delivery = send()
    assert time.monotonic() - begun < TIMEOUT + 3
    assert end(delivery) == state
    assert says in delivery.detail
    assert (delivery.attempts, delivery.provider) == (1, "look_up")
    (told,) = Event.objects.all()
    assert (told.kind, told.data["provider"], told.data["attempt"]) == (event, "look_up", 1)
    assert says in told.data["error"]


def test_a_refused_connection_is_tried_again(impatient: Site) -> None:
    """FAULTS: provider: connection refused."""
    impatient.configure(options={"url": NOBODY_LISTENS}, BACKOFF_BASE_SECONDS=60)
    delivery = send()
    assert end(delivery) == ("pending", "retrying")
    assert "TemporaryError: no connection" in delivery.detail
    assert 0 < seconds_until_due(delivery) <= 60
    assert events() == ["retrying"]


def test_a_provider_that_asks_to_wait_is_given_the_time_and_no_attempt_is_lost(impatient: Site) -> None:
    """FAULTS: provider: 429 with Retry-After: wait as told."""
    impatient.provider.behave(*[{"status": 429, "retry_after": "7"}] * 5)
    delivery = send()
    for _ in range(4):
        assert (*end(delivery), delivery.attempts) == ("pending", "retry_after", 0)
        assert 6 < seconds_until_due(delivery) <= 7
        delivery = work_again()
    delivery = work_again()
    assert (*end(delivery), taken(impatient)) == ("sent", "", 1)
    assert events() == ["retrying"] * 5 + ["accepted"]


def test_a_provider_that_says_to_come_back_at_once_is_not_stormed(impatient: Site) -> None:
    """FAULTS: provider: 429 with a Retry-After of nothing."""
    impatient.provider.behave(status=429, retry_after="0")
    notify(ViaLookUp(text="a"), to=sites.people(1))
    dispatch.run("default", until=time.monotonic() + 1)
    assert Event.objects.count() <= 3


@pytest.mark.parametrize("late", [TAKEN_TOO_LATE, NEVER_TAKEN], ids=["taken", "never taken"])
@pytest.mark.parametrize("type_", [ViaLookUp, ViaReceipts])
def test_where_the_provider_can_tell_a_late_answer_costs_neither_a_gap_nor_a_double(
    impatient: Site, type_: type[NotificationType], late: dict[str, Any]
) -> None:
    """FAULTS: provider: time-out before and after accept: exactly one at the provider."""
    impatient.provider.behave(late)
    send(type_)
    time.sleep(LATE)
    work()  # the receipt, where there is one
    delivery = work_again()
    assert delivery.status in ("sent", "delivered"), ledger.tell([delivery], {})
    assert taken(impatient) == 1


def test_where_nobody_can_tell_the_type_decides_and_it_shows(impatient: Site) -> None:
    """FAULTS: worker killed or time-out, provider offers neither: resent only if the type says so."""
    impatient.provider.behave(TAKEN_TOO_LATE)
    send(NeitherOnce)
    assert end(work_again()) == ("failed", "not_resent")
    assert events() == ["unknown", "failed"]
    assert taken(impatient) == 1


def test_where_nobody_can_tell_a_type_that_asks_for_it_is_sent_again(impatient: Site) -> None:
    """FAULTS: the same, for a type that had rather arrive twice than never."""
    impatient.provider.behave(TAKEN_TOO_LATE)
    send(NeitherAgain)
    assert end(work_again()) == ("sent", "")
    assert events() == ["unknown", "reconciled", "accepted"]
    assert taken(impatient) == 2


@pytest.mark.parametrize("type_", [ViaLookUp, ViaReceipts, NeitherAgain])
def test_a_provider_that_never_answers_in_time_is_not_asked_for_ever(
    impatient: Site, type_: type[NotificationType]
) -> None:
    """FAULTS: provider: time-out before accept, each time."""
    impatient.provider.behave(**NEVER_TAKEN)
    delivery = send(type_)
    for _ in range(10):
        delivery = work_again()
    assert end(delivery) in (("failed", "out_of_attempts"), ("failed", "not_resent"))
    assert events().count("unknown") == 3, "one for each attempt"


@pytest.mark.parametrize(("fate", "state"), [("failed", "failed"), ("bounced", "bounced"), ("delivered", "delivered")])
def test_a_look_up_that_tells_of_a_bad_end_is_believed(impatient: Site, fate: str, state: str) -> None:
    """FAULTS: provider: time-out after accept, and what was taken did not arrive."""
    impatient.provider.behave(TAKEN_TOO_LATE, fate=fate)
    send()
    assert work_again().status == state
    assert taken(impatient) == 1


def test_a_provider_that_cannot_be_asked_either_leaves_it_unknown_until_the_tries_are_used_up(impatient: Site) -> None:
    """FAULTS: provider: time-out after accept, and 5xx from its look-up."""
    impatient.provider.behave(TAKEN_TOO_LATE, fate="")
    delivery = send()
    assert delivery.status == "unknown"
    delivery = work_again()
    assert (delivery.status, delivery.reason) == ("unknown", "outcome_unknown")
    assert "Look-up failed: TemporaryError: cannot be asked: answered 500" in delivery.detail
    for _ in range(3):
        delivery = work_again()
    assert end(delivery) == ("failed", "not_resent")
    assert taken(impatient) == 1
