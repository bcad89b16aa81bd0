"""Fault: a poison template, a poison payload, a type or channel removed from the code, a message that kills workers.

That delivery is quarantined with the reason; the others flow, and nobody waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from notifications.models import Delivery, Event, Notification
from notifications.pipeline import dispatch
from notifications.services import notify
from notifications.types import NotificationType
from tests.faults import ledger, sites
from tests.faults.app.notifications import (
    Asking,
    BrokenTemplate,
    Deadly,
    MissingTemplate,
    Picky,
    Raising,
    ViaLookUp,
)
from tests.faults.sites import Site

OTHERS = 20
ROUND_SECONDS = 10


def change(**values: Any) -> Callable[[Notification], None]:
    """What becomes of a notification after it was stored."""

    def apply(notification: Notification) -> None:
        rows: QuerySet[Notification] = Notification.objects.filter(pk=notification.pk)
        rows.update(**{name: value() if callable(value) else value for name, value in values.items()})

    return apply


def remove_channel(notification: Notification) -> None:
    notification.deliveries.update(channel="fax")


def of_users() -> ContentType:
    return ContentType.objects.get_for_model(get_user_model())


def keep(notification: Notification) -> None:
    """The type is poison from the start."""


CASES: dict[str, tuple[Callable[..., NotificationType], Callable[[Notification], None], tuple[str, str]]] = {
    "a template with a mistake": (BrokenTemplate, keep, ("failed", "template_error")),
    "no template": (MissingTemplate, keep, ("failed", "template_error")),
    "a type whose code fails": (Raising, keep, ("failed", "template_error")),
    "a query that fails": (Asking, keep, ("pending", "retrying")),
    "a payload without a field": (ViaLookUp, change(payload={}), ("failed", "invalid_payload")),
    "a payload of another type": (ViaLookUp, change(payload=["text"]), ("failed", "invalid_payload")),
    "a payload the type refuses": (Picky, change(payload={"text": "no longer"}), ("failed", "invalid_payload")),
    "a type removed": (ViaLookUp, change(type="faults.removed"), ("failed", "unknown_type")),
    "a channel removed": (ViaLookUp, remove_channel, ("failed", "unknown_channel")),
    "a subject that cannot be": (ViaLookUp, change(subject_type=of_users, subject_id="x"), ("pending", "retrying")),
}


@pytest.mark.parametrize("case", CASES)
def test_poison_is_put_aside_with_its_reason_and_the_others_flow(any_site: Site, case: str) -> None:
    """FAULTS: poison template, poison payload, type removed from code."""
    type_, spoil, end = CASES[case]
    any_site.configure(BACKOFF_BASE_SECONDS=60, BACKOFF_MAX_SECONDS=60)
    people = sites.people(OTHERS + 1)
    notify(ViaLookUp(text="a"), to=people[: OTHERS // 2])
    (poison,) = notify(type_(text="a"), to=people[OTHERS])
    notify(ViaLookUp(text="a"), to=people[OTHERS // 2 : OTHERS])
    spoil(poison)
    begun = time.monotonic()
    dispatch.run("default", until=begun + ROUND_SECONDS)
    assert time.monotonic() - begun < ROUND_SECONDS / 2
    others = Delivery.objects.exclude(notification=poison)
    assert ledger.by_status(others) == {("sent", ""): OTHERS}
    assert set(any_site.provider.counts().values()) == {1}
    delivery = poison.deliveries.get()
    assert (delivery.status, delivery.reason) == end, ledger.tell([delivery], {})
    assert delivery.detail
    assert Event.objects.filter(notification=poison).count() == 1


@pytest.mark.slow
def test_a_message_that_kills_its_worker_is_quarantined_and_no_other_is(sqlite_site: Site) -> None:
    """FAULTS: poison payload: its worker dies each time, until it has had its chances; its neighbours are sent once."""
    sqlite_site.configure(MAX_CRASHES=2, LEASE_SECONDS=6)
    people = sites.people(OTHERS + 1)
    notify(ViaLookUp(text="a"), to=people[:OTHERS])
    (poison,) = notify(Deadly(text="a"), to=people[OTHERS])
    with sqlite_site.crew() as crew:
        crew.hire("drain", 2)
        assert crew.until(lambda: not ledger.open_deliveries(), 60), ledger.tell_open({}) + crew.logs()
        assert crew.deaths == 2, crew.logs()
    assert ledger.by_status(poison.deliveries.all()) == {("failed", "quarantined"): 1}
    assert ledger.by_status(Delivery.objects.exclude(notification=poison)) == {("sent", ""): OTHERS}
    assert set(sqlite_site.provider.counts().values()) == {1}
    assert list(Event.objects.filter(notification=poison).values_list("kind", flat=True)) == ["failed"]
