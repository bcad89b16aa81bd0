"""What providers tell later: forward only, whatever comes twice, late or in disorder (P6, FAULTS: webhooks)."""

import itertools
import time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from notifications.messages import Receipt
from notifications.models import Delivery, Event, Reason, SandboxFault, Status
from notifications.pipeline import dispatch
from notifications.services import notify, record_receipts
from tests.app.notifications import Note, WithFallback

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(person) -> Delivery:
    notify(Note(text="a"), to=person)
    dispatch.run("default", until=time.monotonic() + 20)
    return Delivery.objects.get()


def receipt(delivery: Delivery, state: Any, **values: Any) -> Receipt:
    return Receipt(delivery_id=delivery.pk, state=state, provider="sandbox", **values)


def test_a_receipt_moves_it_on_and_is_recorded(sent):
    assert record_receipts([receipt(sent, "delivered", cost=Decimal("0.0079"))]) == 1
    sent.refresh_from_db()
    assert (sent.status, sent.cost) == (Status.DELIVERED, Decimal("0.0079"))
    assert Event.objects.filter(kind="delivered").count() == 1


def test_the_same_receipt_again_changes_nothing(sent):
    assert record_receipts([receipt(sent, "delivered")] * 3) == 1
    assert Event.objects.filter(kind="delivered").count() == 1


def test_a_receipt_for_an_unknown_id_changes_nothing(sent):
    assert record_receipts([Receipt(delivery_id=uuid4(), state="delivered")]) == 0


@pytest.mark.parametrize("order", [*itertools.permutations(["sent", "delivered", "bounced"])])
def test_in_any_order_the_end_is_the_furthest_state(sent, order):
    for state in order:
        record_receipts([receipt(sent, state)])
    sent.refresh_from_db()
    assert sent.status == Status.BOUNCED


def test_a_late_sent_does_not_undo_a_failure(sent):
    record_receipts([receipt(sent, "failed", detail="handset off"), receipt(sent, "sent")])
    sent.refresh_from_db()
    assert (sent.status, sent.reason, sent.detail) == (Status.FAILED, Reason.REPORTED, "handset off")


def test_a_receipt_settles_what_is_unknown(person):
    SandboxFault.objects.create(fault="timeout_after_accept")
    notify(Note(text="a"), to=person)
    dispatch.run("default", until=time.monotonic() + 20)
    delivery = Delivery.objects.get()
    assert delivery.status == Status.UNKNOWN
    record_receipts([receipt(delivery, "delivered")])
    delivery.refresh_from_db()
    assert (delivery.status, delivery.due_at) == (Status.DELIVERED, None)


def test_a_bounce_after_the_send_brings_the_fallback(person):
    notify(WithFallback(text="a"), to=person)
    dispatch.run("default", until=time.monotonic() + 20)
    record_receipts([receipt(Delivery.objects.get(channel="sms"), "bounced")])
    email = Delivery.objects.get(channel="email")
    assert (email.status, email.due_at is not None) == (Status.PENDING, True)
