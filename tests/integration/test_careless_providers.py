"""Providers of somebody else that break their word: no message is lost, sent twice, or any trouble to others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from notifications import clock
from notifications.messages import Message, Receipt, SmsMessage
from notifications.models import Breaker, Delivery, ProviderChange, ProviderHealth, Reason, Status
from notifications.pipeline import breaker, dispatch, failover
from notifications.providers.base import Provider
from notifications.services import notify
from notifications.signals import provider_changed
from notifications.testing import registered
from notifications.types import NotificationType, Priority
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db(transaction=True)

SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}
MESSAGES = 6
Together = Callable[[Sequence[Message]], list[Sequence[Message]]]


class Bulletin(NotificationType):
    """For everybody, when there is time."""

    key = "tests.bulletin"
    channels = ("sms",)
    priority = Priority.LOW

    text: str


@dataclass(kw_only=True)
class Careless(Provider):
    """Takes what it is given; a test says how it misbehaves."""

    channels: ClassVar[tuple[str, ...]] = ("sms",)
    taken: ClassVar[Counter[UUID]] = Counter()
    requests: ClassVar[list[int]] = []
    groups: ClassVar[Together]
    answers: ClassVar[Callable[[Sequence[Message]], Any]]
    lock: ClassVar[Any] = threading.Lock()

    def send(self, message: Message) -> Receipt:
        self._take([message])
        receipt: Receipt = type(self).answers([message])[0]
        return receipt

    def together(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        return type(self).groups(messages)

    def send_batch(self, messages: Sequence[Message]) -> Any:
        self._take(messages)
        return type(self).answers(messages)

    def _take(self, messages: Sequence[Message]) -> None:
        with self.lock:
            self.taken.update(each.delivery_id for each in messages)
            self.requests.append(len(messages))


def receipts(messages: Sequence[Message]) -> list[Receipt]:
    return [Receipt(delivery_id=each.delivery_id, provider="careless", provider_id="1") for each in messages]


@pytest.fixture(autouse=True)
def _careless(settings: Settings) -> Any:
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], "sms": {**given["CHANNELS"]["sms"], "PROVIDERS": ["careless"]}},
        "PROVIDERS": {"careless": {"BACKEND": f"{__name__}.Careless"}, "sandbox": SANDBOX},
    }
    Careless.taken.clear()
    Careless.requests.clear()
    Careless.groups = staticmethod(lambda messages: [messages])
    Careless.answers = staticmethod(receipts)
    with registered(Bulletin, templates={"sms.txt": "{{ text }}"}):
        yield


def send(person: Any, type_: Callable[..., NotificationType] = Bulletin) -> list[Delivery]:
    for _ in range(MESSAGES):
        notify(type_(text="a"), to=person)
    for lane in ("bulk", "default"):
        dispatch.run(lane, until=time.monotonic() + 10)
    return list(Delivery.objects.all())


def fail(messages: Sequence[Message]) -> list[Sequence[Message]]:
    raise ZeroDivisionError


def lose_one(messages: Sequence[Message]) -> list[Sequence[Message]]:
    return [messages[1:]]


def name_one_twice(messages: Sequence[Message]) -> list[Sequence[Message]]:
    return [messages, messages[:1]]


def name_one_twice_in_one(messages: Sequence[Message]) -> list[Sequence[Message]]:
    return [[*messages, messages[0]]]


def invent_one(messages: Sequence[Message]) -> list[Sequence[Message]]:
    return [[*messages, SmsMessage(delivery_id=uuid4(), channel="sms", to="+447700900123", text="a")]]


def say_nothing(messages: Sequence[Message]) -> Any:
    return None


@pytest.mark.parametrize("groups", [fail, lose_one, name_one_twice, name_one_twice_in_one, invent_one, say_nothing])
def test_whatever_a_provider_makes_of_messages_each_is_sent_once_at_once_and_it_is_logged(
    person: Any, groups: Together, caplog: pytest.LogCaptureFixture
) -> None:
    Careless.groups = staticmethod(groups)
    deliveries = send(person)
    assert Careless.taken == Counter(each.pk for each in deliveries)
    assert {(each.status, each.attempts) for each in deliveries} == {(Status.SENT, 1)}
    assert "Careless.together" in caplog.text


def test_an_empty_list_makes_no_request(person: Any) -> None:
    Careless.groups = staticmethod(lambda messages: [[], messages])
    assert {each.status for each in send(person)} == {Status.SENT}
    assert Careless.requests == [MESSAGES]


@pytest.mark.parametrize("answer", [None, 7, [], {}])
def test_an_answer_for_several_that_is_none_leaves_them_unknown(person: Any, answer: Any) -> None:
    Careless.answers = staticmethod(lambda messages: answer)
    deliveries = send(person)
    assert Careless.requests == [MESSAGES]
    assert {each.status for each in deliveries} == {Status.UNKNOWN}


def test_a_receipt_of_a_state_that_is_none_leaves_its_message_unknown_and_the_others_sent(person: Any) -> None:
    def answer(messages: Sequence[Message]) -> Any:
        first, *others = receipts(messages)
        return [Receipt(delivery_id=first.delivery_id, state="queued"), *others]  # type: ignore[arg-type]

    Careless.answers = staticmethod(answer)
    deliveries = send(person)
    assert Counter(each.status for each in deliveries) == {Status.UNKNOWN: 1, Status.SENT: MESSAGES - 1}
    assert "queued" in next(each.detail for each in deliveries if each.status == Status.UNKNOWN)


def test_an_id_that_is_too_long_to_be_stored_is_cut(person: Any) -> None:
    Careless.answers = staticmethod(
        lambda messages: [Receipt(delivery_id=each.delivery_id, provider_id="x" * 1000) for each in messages]
    )
    assert {(each.status, len(each.provider_id)) for each in send(person)} == {(Status.SENT, 200)}


@pytest.mark.parametrize("error", [asyncio.CancelledError, SystemExit])
def test_an_error_that_would_end_a_thread_ends_no_worker_and_harms_no_other_message(
    person: Any, error: type[BaseException]
) -> None:
    first: list[UUID] = []

    def answer(messages: Sequence[Message]) -> Any:
        with Careless.lock:
            first[:] = first or [messages[0].delivery_id]
        if messages[0].delivery_id in first:
            raise error
        time.sleep(0.2)
        return receipts(messages)

    Careless.answers = staticmethod(answer)
    deliveries = send(person, Note)
    assert Counter((each.status, each.reason) for each in deliveries) == {
        (Status.PENDING, Reason.RETRYING): 1,
        (Status.SENT, ""): MESSAGES - 1,
    }


def test_a_backup_that_is_misconfigured_harms_nobody_when_its_turn_comes(person: Any, settings: Settings) -> None:
    """What stands ready for a provider goes on to the next one as soon as its breaker opens."""
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], "sms": {**given["CHANNELS"]["sms"], "PROVIDERS": ["careless", "wrong"]}},
        "PROVIDERS": {**given["PROVIDERS"], "wrong": {**SANDBOX, "OPTIONS": {"misspelt": 1}}},
        "CONCURRENCY": 2,
    }

    def answer_slowly(messages: Sequence[Message]) -> Any:
        time.sleep(0.5)
        return receipts(messages)

    Careless.answers = staticmethod(answer_slowly)
    opened = threading.Timer(0.3, _open, ["careless"])
    opened.start()
    deliveries = send(person, Note)
    opened.join()
    sent = [each for each in deliveries if each.status == Status.SENT]
    waiting = [each for each in deliveries if each.status == Status.PENDING]
    assert len(sent) + len(waiting) == MESSAGES
    assert waiting
    assert {each.reason for each in waiting} == {Reason.RETRYING}
    assert "misspelt" in waiting[0].detail


def _open(alias: str) -> None:
    """As another process would: its breaker opens."""
    now = clock.now()
    try:
        failover.record([failover.Answered(alias, False, now)] * breaker.FAILED_IN_A_ROW, now)
    finally:
        connection.close()


def test_a_listener_whose_query_fails_undoes_no_change_of_a_provider(person: Any) -> None:
    def listen(**kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")

    provider_changed.connect(listen)
    try:
        moment = notify(Note(text="a"), to=person)[0].created_at
        failover.record([failover.Answered("careless", False, moment)] * 8, moment)
    finally:
        provider_changed.disconnect(listen)
    assert ProviderHealth.objects.get(alias="careless").breaker == Breaker.OPEN
    assert ProviderChange.objects.get().to == Breaker.OPEN
