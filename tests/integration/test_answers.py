"""Answers by SMS (P7): a word, and a code where several messages are open, act once on the notification they answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from notifications import clock, triggers
from notifications.exceptions import RegistrationError
from notifications.keywords import RESERVED
from notifications.models import ContactPoint, Event, InboundMessage, Meaning, Notification, Question, Status
from notifications.pipeline import questions, work
from notifications.pipeline.questions import free_code
from notifications.services import apply_inbound, cancel, notify, preview, timeline
from notifications.services.replies import PER_ADDRESS_AN_HOUR, SmsReply
from notifications.signals import notification_answered
from notifications.testing import deliver_all, frozen_clock, outbox, registered
from notifications.triggers import on_response
from notifications.types import NotificationType, register
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db(transaction=True)


class Invitation(NotificationType):
    """May be answered."""

    key = "tests.invitation"
    channels = ("sms", "in_app")
    answers = {"confirm": ("C", "CONFIRM", "YES"), "decline": ("X", "NO")}
    example = {"name": "tea"}

    name: str

    def still_valid(self) -> bool:
        return self.name not in GONE

    def answers_until(self, asked_at: datetime) -> datetime:
        return asked_at + timedelta(hours=2)


GONE: set[str] = set()
TEMPLATES = {
    "sms.txt": "{{ name }}: C {{ reply_code }} or X {{ reply_code }}",
    "in_app.title.txt": "Invitation",
    "in_app.txt": "{{ name }}{{ reply_code }}",
}


@pytest.fixture(autouse=True)
def invitation(settings):
    """The type is known, and nothing acts on it."""
    with registered(Invitation, TEMPLATES):
        yield
    GONE.clear()
    for answer in Invitation.answers:
        triggers._responses.pop((Invitation.key, answer), None)


@pytest.fixture
def ask(person):
    """Send invitations; gives their codes."""

    def send(*names: str, to: Any = None) -> list[str]:
        for name in names:
            notify(Invitation(name=name), to=to or person)
        deliver_all()
        return [Question.objects.get(notification__payload__name=name).code for name in names]

    return send


@pytest.fixture
def write(person):
    """Have the person write; gives what is sent back."""

    def send(text: str, number: str = "") -> list[str]:
        before = len(outbox("sms"))
        InboundMessage.objects.create(
            alias="twilio",
            provider_id=uuid7().hex,
            channel="sms",
            address=number or person.phone,
            text=text,
            due_at=clock.now(),
        )
        deliver_all()
        return [each.content["text"] for each in outbox("sms")[before:]]

    return send


def answered() -> dict[str, str]:
    """What was answered to what."""
    rows = Question.objects.exclude(answered_at=None).select_related("notification")
    return {each.notification.payload["name"]: each.answer for each in rows}


# One question.


@pytest.mark.parametrize(
    ("text", "answer"),
    [("C", "confirm"), ("c.", "confirm"), (" Confirm! ", "confirm"), ("yes", "confirm"), ("X", "decline"),
     ("no", "decline"), ("Ｃ", "confirm")],
)  # fmt: skip
def test_a_word_answers_the_one_question_that_is_open(ask, write, text, answer):
    ask("tea")
    assert write(text) == ["Thank you. Your answer has been noted."]
    assert answered() == {"tea": answer}
    message = InboundMessage.objects.get()
    assert message.notification is not None
    assert (message.meaning, message.notification.payload["name"]) == (Meaning.ANSWER, "tea")


@pytest.mark.parametrize("form", ["C {}", "c{}", "C#{}", "C-{}", "confirm {}.", " C  {} "])
def test_a_word_may_carry_the_code(ask, write, form):
    (code,) = ask("tea")
    write(form.format(code))
    assert answered() == {"tea": "confirm"}


def test_the_code_stands_in_the_text_and_in_no_other_channel(ask, person):
    (code,) = ask("tea")
    assert [each.content["text"] for each in outbox("sms")] == [f"tea: C {code} or X {code}"]
    assert Notification.objects.get(type=Invitation.key).body == "tea"


def test_an_answer_stands_in_the_timeline(ask, write):
    ask("tea")
    write("C")
    notification = Notification.objects.get(type=Invitation.key)
    event = Event.objects.get(notification=notification, kind="answered")
    assert event.data == {"channel": "sms", "answer": "confirm"}
    assert event.delivery_id == notification.deliveries.get(channel="sms").pk
    assert "Answered — confirm" in [each.text for each in timeline(notification)]


def test_free_text_answers_nothing(ask, write):
    ask("tea")
    assert write("Can I confirm tomorrow?") == []
    assert write("47") == []
    assert answered() == {}
    assert set(InboundMessage.objects.values_list("meaning", flat=True)) == {Meaning.TEXT}


def test_a_word_of_a_number_that_nothing_was_asked_answers_nothing(ask, write):
    ask("tea")
    write("C", "+447700900999")
    assert answered() == {}


# Several questions.


def test_with_several_open_the_word_needs_the_code(ask, write):
    tea, dinner = ask("tea", "dinner")
    assert tea != dinner
    (said,) = write("C")
    assert said.startswith("Which message do you mean?")
    for code in (tea, dinner):
        assert f"C {code} or X {code}" in said
    assert answered() == {}
    write(f"X {dinner}")
    assert answered() == {"dinner": "decline"}
    write("C")  # only one is left
    assert answered() == {"dinner": "decline", "tea": "confirm"}


def test_an_unknown_code_applies_nothing_and_says_which_are_open(ask, write):
    (code,) = ask("tea")
    wrong = "10" if code != "10" else "11"
    (said,) = write(f"C {wrong}")
    assert f"C {code} or X {code}" in said
    assert answered() == {}


def test_the_codes_of_one_number_do_not_count_for_another(ask, write, make_person):
    other = make_person()
    (code,) = ask("tea")
    (theirs,) = ask("dinner", to=other)
    write(f"C {theirs}" if theirs != code else "C 1", other.phone if theirs != code else "+447700900999")
    assert "tea" not in answered()


def test_a_machine_that_answers_every_text_is_not_answered_for_ever(ask, write):
    ask("tea", "dinner")
    assert sum(len(write("C")) for _ in range(PER_ADDRESS_AN_HOUR + 5)) == PER_ADDRESS_AN_HOUR


# What no longer counts.


def test_an_answer_after_its_time_counts_no_more_and_its_code_is_free_again(ask, write, person):
    with frozen_clock() as frozen:
        ask("tea")
        frozen.advance("2 hours")
        assert write("C") == []
        assert answered() == {}
        ask("dinner")
        assert Question.objects.get(notification__payload__name="tea").closed_at == clock.now()
        write("C")
    assert answered() == {"dinner": "confirm"}


def test_what_is_no_longer_true_or_was_cancelled_is_not_answered(ask, write):
    ask("tea", "dinner", "walk")
    GONE.add("tea")
    Notification.objects.filter(payload__name="dinner").update(cancelled_at=clock.now())
    write("C")
    assert answered() == {"walk": "confirm"}


def test_the_first_answer_wins(ask, write):
    (code,) = ask("tea")
    write(f"C {code}")
    write(f"X {code}")
    assert answered() == {"tea": "confirm"}
    assert InboundMessage.objects.latest("pk").meaning == Meaning.TEXT  # staff see that the mind was changed


def test_of_two_answers_at_once_one_is_applied(ask, person):
    calls = []
    on_response(Invitation, "confirm")(lambda instance, recipient: calls.append("confirm"))
    on_response(Invitation, "decline")(lambda instance, recipient: calls.append("decline"))
    (code,) = ask("tea")
    for number in range(6):
        InboundMessage.objects.create(
            alias="twilio", provider_id=f"SM{number}", channel="sms", address=person.phone,
            text=f"{'CX'[number % 2]} {code}", due_at=clock.now(),
        )  # fmt: skip
    together = threading.Barrier(3)

    def work(_: int) -> int:
        try:
            together.wait()
            return apply_inbound()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    apply_inbound()
    assert InboundMessage.objects.filter(applied_at=None).count() == 0
    assert len(calls) == 1
    assert Event.objects.filter(kind="answered").count() == 1
    assert answered() == {"tea": calls[0]}


# What an answer causes.


def test_the_function_for_an_answer_gets_the_instance_and_the_person_and_its_text_is_sent_back(ask, write, person):
    heard = []

    @on_response(Invitation, "confirm")
    def confirmed(instance: Invitation, recipient: Any) -> str:
        heard.append((instance.name, recipient))
        return f"See you for {instance.name}."

    ask("tea")
    assert write("C") == ["See you for tea."]
    assert heard == [("tea", person)]
    assert Notification.objects.get(type=SmsReply.key).key == f"reply:{InboundMessage.objects.get().pk}"


def test_listeners_hear_of_an_answer_after_it_is_stored(ask, write):
    heard = []

    def listen(sender: Any, notification: Notification, answer: str, by: str, **kwargs: Any) -> None:
        heard.append((sender, notification.payload["name"], answer, by, connection.in_atomic_block))

    notification_answered.connect(listen)
    try:
        ask("tea")
        write("X")
    finally:
        notification_answered.disconnect(listen)
    assert heard == [(Invitation, "tea", "decline", "sms", False)]


def test_a_function_that_fails_is_told_to_the_person_and_to_staff(ask, write, settings, make_person, caplog):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TRIGGER_ERRORS": "log"}
    admin = make_person(is_superuser=True)

    @on_response(Invitation, "confirm")
    def confirmed(instance: Invitation, recipient: Any) -> None:
        raise ZeroDivisionError

    ask("tea")
    (said,) = write("C")
    assert said == "Thank you. We could not do what you asked; our staff will be in touch."
    assert Notification.objects.filter(recipient=admin, type="notify.sms_received").count() == 1
    assert answered() == {"tea": "confirm"}
    assert "confirmed failed" in caplog.text


def test_the_reply_goes_to_the_number_that_the_answer_came_from(ask, write, person):
    for number, primary in (("+447700900888", True), ("+447700900777", False)):
        ContactPoint.objects.create(user=person, channel="sms", address=number, is_primary=primary)
    (code,) = ask("tea")
    Question.objects.update(address="+447700900777")
    write(f"C {code}", "+447700900777")
    assert [each.to for each in outbox("sms")][-1] == "+447700900777"


# Codes.


def test_a_retry_keeps_the_code_and_asks_once(person):
    from notifications.models import SandboxFault

    with frozen_clock() as frozen:
        SandboxFault.objects.create(channel="sms", fault=SandboxFault.Fault.ERROR)
        notify(Invitation(name="tea"), to=person)
        deliver_all()
        (code,) = Question.objects.values_list("code", flat=True)
        frozen.advance("1 hour")
        deliver_all()
    assert [each.content["text"] for each in outbox("sms")] == [f"tea: C {code} or X {code}"]
    assert Question.objects.count() == 1


def test_the_codes_that_are_open_for_a_number_are_all_different(ask, person):
    codes = ask(*(f"tea {number}" for number in range(60)))
    assert len(set(codes)) == 60
    assert {len(each) for each in codes} == {2, 3}


def test_workers_that_ask_one_number_at_once_give_different_codes(person, monkeypatch):
    monkeypatch.setattr("notifications.pipeline.questions.secrets.choice", min)  # all of them want the same ones
    for number in range(20):
        notify(Invitation(name=f"tea {number}"), to=person)
    lots = [work.claim("default", 5) for _ in range(4)]
    together = threading.Barrier(4)

    def prepare(lot: list[work.Work]) -> list[str]:
        try:
            together.wait()
            work.prepare(lot)
            return [getattr(each.message, "text", "") for each in lot]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        texts = [text for lot in pool.map(prepare, lots) for text in lot]
    codes = list(Question.objects.values_list("code", flat=True))
    assert len(set(codes)) == len(codes) == len(set(texts)) == 20
    assert {text.split()[-1] for text in texts} == set(codes)


def test_a_batch_of_questions_costs_a_fixed_number_of_queries(make_person):
    def queries(number: int) -> int:
        people = [make_person() for _ in range(number)]
        notify(Invitation(name="tea"), to=people)
        claimed = work.claim("default", 100)
        with CaptureQueriesContext(connection) as captured:
            work.prepare(claimed)
        asked = [each for each in captured if "notify_question" in each["sql"]]
        work.give_back(claimed)
        return len(asked)

    assert queries(2) == queries(9) == 4
    assert questions.TRIES > 2


def test_a_message_that_cannot_be_answered_costs_no_query(make_person):
    notify(Note(text="a"), to=make_person())
    claimed = work.claim("default", 100)
    with CaptureQueriesContext(connection) as captured:
        work.prepare(claimed)
    assert not [each for each in captured if "notify_question" in each["sql"]]


@pytest.mark.parametrize(("taken", "digits"), [(0, 2), (44, 2), (45, 3), (90, 3), (90 + 450, 4)])
def test_a_code_is_as_short_as_there_are_free_ones(taken, digits):
    codes = {str(each) for each in range(10, 10 + taken)}
    code = free_code(codes)
    assert len(code) == digits and code not in codes


def test_a_preview_shows_an_example_of_the_code_and_asks_nothing(person):
    (sms,) = [each for each in preview(Invitation(name="tea"), to=person) if each.channel == "sms"]
    assert getattr(sms.message, "text", "") == "tea: C 47 or X 47"
    assert not Question.objects.exists()


def test_a_stop_counts_though_a_question_is_open(ask, write, person):
    from notifications.services.opt_out import stop

    ask("tea")
    stop("sms", person.phone, wording="STOP")
    assert write("C") == []  # noted, and not answered: the law
    assert answered() == {"tea": "confirm"}
    assert Notification.objects.get(type=SmsReply.key).deliveries.get().status == Status.SKIPPED


# Declarations.


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_word_of_the_law_cannot_be_an_answer(word):
    class Unlawful(NotificationType):
        key = "tests.unlawful"
        channels = ("sms",)
        answers = {"cancel": ("X", word)}

    with pytest.raises(RegistrationError, match=f"has {word}, which ends, resumes or explains"):
        register(Unlawful)


@pytest.mark.parametrize(
    ("answers", "match"),
    [
        ({"confirm": "C"}, "with a tuple of words"),
        ({"confirm": ()}, "with a tuple of words"),
        ({"Con firm": ("C",)}, "1 to 20 small letters"),
        ({"confirm": ("c",)}, "in capitals"),
        ({"confirm": ("C1",)}, "in capitals"),
        ({"confirm": ("TWO WORDS",)}, "in capitals"),
        ({"confirm": ("C",), "decline": ("X", "C")}, "C means both 'confirm' and 'decline'"),
    ],
)
def test_a_mistake_in_the_answers_is_named(answers: Mapping[str, Any], match: str):
    class Mistaken(NotificationType):
        key = "tests.mistaken"
        channels = ("sms",)

    Mistaken.answers = answers
    with pytest.raises(RegistrationError, match=match):
        register(Mistaken)


def test_a_function_for_an_answer_that_there_is_not_is_refused_with_the_known_ones():
    with pytest.raises(RegistrationError, match=r"has no answer 'maybe'\. Known: confirm, decline\."):
        on_response(Invitation, "maybe")


def test_a_cancelled_notification_frees_the_word_for_the_others(ask, write):
    ask("tea", "dinner")
    cancel(ids=[Notification.objects.get(payload__name="tea").pk])
    Notification.objects.filter(payload__name="tea").update(cancelled_at=clock.now())
    write("C")
    assert answered() == {"dinner": "confirm"}
