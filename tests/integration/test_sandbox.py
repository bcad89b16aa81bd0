"""The sandbox provider: what it captures, the faults it shows, the receipts it gives."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from notifications import tasks
from notifications.exceptions import AddressError, PermanentError, TemporaryError, UnknownOutcome
from notifications.messages import EmailMessage, PushMessage, SmsMessage
from notifications.models import Delivery, SandboxFault, SandboxMessage, Status
from notifications.pipeline import dispatch
from notifications.providers.sandbox import RECEIPTS_AT_A_TIME, SandboxProvider
from notifications.services import notify
from notifications.testing import deliver_all, frozen_clock, outbox, registered
from notifications.types import NotificationType, Priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider() -> SandboxProvider:
    return SandboxProvider(alias="sandbox", receipt_delay_seconds=0)


def sms(to: str = "+447700900123") -> SmsMessage:
    return SmsMessage(delivery_id=uuid4(), channel="sms", to=to, type="tests.note", text="Hello")


def test_what_is_captured_is_the_message_without_its_envelope(provider: SandboxProvider) -> None:
    email = EmailMessage(
        delivery_id=uuid4(), channel="email", to="ada@example.org", to_name="Ada", from_email="us@example.org",
        subject="Hi", text="Hello", html="<p>Hello", headers=MappingProxyType({"X-A": "b"}), critical=True,
    )  # fmt: skip
    receipt = provider.send(email)
    [captured] = outbox()
    assert (captured.delivery_id, captured.provider, captured.channel, captured.to) == (
        email.delivery_id, "sandbox", "email", "ada@example.org",
    )  # fmt: skip
    assert captured.content == {
        "type": "", "language": "", "critical": True, "subject": "Hi", "text": "Hello", "html": "<p>Hello",
        "to_name": "Ada", "from_email": "us@example.org", "reply_to": "", "headers": {"X-A": "b"},
    }  # fmt: skip
    assert (receipt.state, receipt.provider, receipt.provider_id) == ("sent", "sandbox", str(captured.pk))


@pytest.mark.parametrize(
    ("fault", "error", "taken"),
    [
        ("error", TemporaryError, 0),
        ("rate_limit", TemporaryError, 0),
        ("refuse", PermanentError, 0),
        ("bad_address", AddressError, 0),
        ("timeout", UnknownOutcome, 0),
        ("timeout_after_accept", UnknownOutcome, 1),
        ("malformed", UnknownOutcome, 1),
    ],
)
def test_a_scripted_fault_meets_as_many_messages_as_it_says(
    provider: SandboxProvider, fault: str, error: type[Exception], taken: int
) -> None:
    SandboxFault.objects.create(fault=fault, seconds=7, times=2)
    for _ in range(2):
        with pytest.raises(error) as raised:
            provider.send(sms())
        wait = timedelta(seconds=7) if fault == "rate_limit" else None
        assert getattr(raised.value, "retry_after", None) == wait
    assert len(outbox()) == 2 * taken
    provider.send(sms())
    assert len(outbox()) == 2 * taken + 1


def test_a_delay_holds_the_answer_back(provider: SandboxProvider) -> None:
    SandboxFault.objects.create(fault="delay", seconds=0.2)
    begun = threading.Event()
    timer = threading.Timer(0.15, begun.set)
    timer.start()
    provider.send(sms())
    assert begun.is_set()
    assert len(outbox()) == 1


def test_faults_come_in_order_and_only_to_their_channel_and_provider(provider: SandboxProvider) -> None:
    SandboxFault.objects.create(fault="refuse", channel="push")
    SandboxFault.objects.create(fault="refuse", provider="another")
    SandboxFault.objects.create(fault="error")
    SandboxFault.objects.create(fault="bad_address", channel="sms")
    with pytest.raises(TemporaryError):
        provider.send(sms())
    with pytest.raises(AddressError):
        provider.send(sms())
    provider.send(sms())
    with pytest.raises(PermanentError):
        provider.send(PushMessage(delivery_id=uuid4(), channel="push", to="token", title="Hi", text="Hello"))


@pytest.mark.django_db(transaction=True)
def test_a_fault_is_never_taken_by_more_messages_than_it_says(provider: SandboxProvider) -> None:
    SandboxFault.objects.create(fault="error", times=5)
    answers: list[str] = []
    start = threading.Barrier(8)

    def send_some() -> None:
        start.wait()
        for _ in range(2):
            try:
                provider.send(sms())
                answers.append("taken")
            except TemporaryError:
                answers.append("refused")
        connections.close_all()

    threads = [threading.Thread(target=send_some) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == ["refused"] * 5 + ["taken"] * 11
    assert SandboxFault.objects.get().times == 0


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("temp-fail@example.org", TemporaryError),
        ("+447700900003", TemporaryError),
        ("perm-fail@example.com", PermanentError),
        ("+447700900002", PermanentError),
        ("bad-address@example.org", AddressError),
    ],
)
def test_magic_recipients_always_fare_the_same(provider: SandboxProvider, to: str, error: type[Exception]) -> None:
    for _ in range(2):
        with pytest.raises(error):
            provider.send(sms(to))


def test_a_magic_recipient_is_taken_and_then_reported_as_bounced(provider: SandboxProvider) -> None:
    provider.send(sms("bounce@example.org"))
    assert [each.state for each in provider.fetch_receipts()] == ["bounced"]


def test_a_captured_message_is_found_by_our_id_and_no_other(provider: SandboxProvider) -> None:
    message = sms()
    receipt = provider.send(message)
    assert provider.look_up(message.delivery_id) == receipt
    assert provider.look_up(uuid4()) is None
    assert replace(provider, alias="another").look_up(message.delivery_id) is None


def test_receipts_come_again_until_they_are_acknowledged(provider: SandboxProvider) -> None:
    messages = [sms(), sms()]
    for each in messages:
        provider.send(each)
    lost = list(provider.fetch_receipts())
    receipts = list(provider.fetch_receipts())
    assert lost == receipts
    assert [(each.delivery_id, each.state) for each in receipts] == [
        (each.delivery_id, "delivered") for each in messages
    ]
    provider.acknowledge(receipts[:1])
    assert list(provider.fetch_receipts()) == receipts[1:]
    provider.acknowledge(receipts[1:])
    assert list(provider.fetch_receipts()) == []


def test_a_receipt_that_could_not_be_stored_comes_again(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with registered(Urgent, templates={"sms.txt": "Now!"}), frozen_clock() as clock:
        notify(Urgent(), to=person)
        dispatch.run("urgent", until=time.monotonic() + 20)
        clock.advance("2 seconds")
        with monkeypatch.context() as broken:
            broken.setattr("notifications.services.reports._move", lambda *args: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                tasks.fetch_receipts()
        assert Delivery.objects.get().status == Status.SENT
        assert tasks.fetch_receipts() == 1
        assert Delivery.objects.get().status == Status.DELIVERED
        assert tasks.fetch_receipts() == 0
        assert SandboxMessage.objects.get().reported_at is not None


def test_a_receipt_comes_after_its_delay(provider: SandboxProvider) -> None:
    provider.receipt_delay_seconds = 30
    with frozen_clock() as clock:
        provider.send(sms())
        clock.advance("29 seconds")
        assert list(provider.fetch_receipts()) == []
        clock.advance("1 second")
        assert len(list(provider.fetch_receipts())) == 1


def test_receipts_and_look_ups_can_be_switched_off(provider: SandboxProvider) -> None:
    assert provider.gives_receipts
    assert provider.can_look_up
    silent = replace(provider, receipts=False, look_ups=False)
    silent.send(sms())
    assert list(silent.fetch_receipts()) == []
    assert not silent.gives_receipts
    assert not silent.can_look_up


def test_asking_for_receipts_is_one_query_on_the_unreported_alone(provider: SandboxProvider) -> None:
    SandboxMessage.objects.bulk_create(
        SandboxMessage(delivery_id=uuid4(), provider="sandbox", channel="sms", to="+44", content={})
        for _ in range(RECEIPTS_AT_A_TIME + 10)
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(list(provider.fetch_receipts())) == RECEIPTS_AT_A_TIME
    assert len(queries) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
            plan = " ".join(str(row) for row in cursor.fetchall())
        assert "USING INDEX notify_sandbox_unreported (provider=? AND captured_at<?)" in plan
        assert "TEMP B-TREE" not in plan


class Urgent(NotificationType):
    key = "tests.urgent"
    channels = ("sms",)
    priority = Priority.CRITICAL


@pytest.mark.parametrize(
    ("fault", "status", "captured"),
    [
        ("timeout_after_accept", Status.DELIVERED, 1),  # its receipt comes
        ("malformed", Status.DELIVERED, 1),
        ("timeout", Status.DELIVERED, 1),  # looked up, not found, sent again
        ("refuse", Status.FAILED, 0),
    ],
)
def test_each_fault_ends_in_its_state_through_the_pipeline(
    person: Any, fault: str, status: Status, captured: int
) -> None:
    SandboxFault.objects.create(fault=fault)
    with registered(Urgent, templates={"sms.txt": "Now!"}), frozen_clock() as clock:
        notify(Urgent(), to=person)
        deliver_all()
        clock.advance("5 minutes")
        deliver_all()
    assert Delivery.objects.get().status == status
    assert len(outbox()) == captured
