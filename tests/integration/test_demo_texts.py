"""What is written on the demonstration's phone: answers, keywords, questions to staff, and what is refused."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.models import ContactPoint, InboundMessage, Meaning, Notification, Reason
from notifications.services.forwarding import SmsReceived
from notifications.services.inbound import apply_inbound
from notifications.testing import assert_notified, deliver_all, outbox
from project.accounts.models import User
from project.clinic.models import Appointment, Patient, Status
from project.demo.seed import PASSWORD, seed
from tests.clinic import make_appointment

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client: Client, settings: Settings) -> Client:
    """Who has opened the page, and so is Asha."""
    settings.DEBUG = True
    seed()
    assert client.get("/").status_code == 200
    return client


def write(visitor: Client, text: Any) -> Any:
    """Send a text from the phone and let workers do what follows; returns the response."""
    response = visitor.post("/demo/texts/", {"text": text}, content_type="application/json")
    apply_inbound()
    deliver_all()
    return response


def thread(visitor: Client) -> list[tuple[bool, str]]:
    """The phone's text messages, the oldest first: whether it is the own, and its text."""
    texts = (each for each in visitor.get("/demo/state/").json()["messages"] if each["channel"] == "sms")
    return [(each.get("own", False), each["text"]) for each in texts][::-1]


def reminded(visitor: Client) -> tuple[Appointment, str]:
    """An appointment whose day-before reminder has come to the phone, and the code that answers it."""
    patient = Patient.objects.get(user__username="asha")
    appointment = make_appointment(patient=patient, status=Status.CONFIRMED, ahead=timedelta(days=2))
    (day, *_) = (each for each in visitor.get("/demo/state/").json()["waiting"] if "sms" in each["channels"])
    visitor.post(f"/demo/waiting/{day['id']}/send/")
    deliver_all()
    found = re.search(r"Reply C (\d+)", thread(visitor)[-1][1])
    assert found
    return appointment, found[1]


def test_c_and_the_code_confirm_and_the_answer_arrives_after_the_own_message(visitor: Client) -> None:
    appointment, code = reminded(visitor)
    write(visitor, f"C {code}")
    appointment.refresh_from_db()
    assert appointment.patient_confirmed_at is not None
    (own, reply) = thread(visitor)[-2:]
    assert own == (True, f"C {code}")
    assert reply[0] is False
    assert reply[1].startswith("Lotus House: thank you. We expect you")
    assert [each["comes"] for each in visitor.get("/demo/state/").json()["appointments"]] == [True]


def test_x_cancels_and_the_patient_is_told(visitor: Client) -> None:
    appointment, _ = reminded(visitor)
    write(visitor, "x")
    appointment.refresh_from_db()
    assert appointment.status == Status.CANCELLED
    assert "is cancelled" in " ".join(text for own, text in thread(visitor) if not own)
    assert [each["comes"] for each in visitor.get("/demo/state/").json()["appointments"]] == [False]


def test_an_answer_comes_from_the_number_that_was_asked(visitor: Client) -> None:
    user = User.objects.get(username="asha")
    ContactPoint.objects.create(user=user, channel="sms", address="+447700900222", is_primary=True)
    appointment, code = reminded(visitor)
    write(visitor, f"C {code}")
    appointment.refresh_from_db()
    assert InboundMessage.objects.get().address == "+447700900222"
    assert appointment.patient_confirmed_at is not None


def test_stop_is_confirmed_once_and_holds_until_start(visitor: Client) -> None:
    write(visitor, "STOP")
    write(visitor, "stop")
    confirmation = "Lotus House: you will get no more text messages from us. Reply START to have them again."
    assert thread(visitor) == [(True, "STOP"), (False, confirmation), (True, "stop")]
    appointment = make_appointment(patient=Patient.objects.get(user__username="asha"), status=Status.CONFIRMED)
    appointment.cancel()
    deliver_all()
    deliveries = visitor.get("/demo/state/").json()["deliveries"]
    (sms,) = (each for each in deliveries if each["channel"] == "sms" and each["what"] == "appointment cancelled")
    assert sms["status"] == "skipped"
    assert sms["why"].startswith(f"{Reason.SUPPRESSED.label}, since ")
    assert not outbox("sms")
    write(visitor, "START")
    assert thread(visitor)[-1][1].startswith("Lotus House: you will get our text messages again")
    appointment, _ = reminded(visitor)
    assert len(outbox("sms")) == 1


def test_a_question_reaches_the_desk_and_the_page_says_where_it_went(visitor: Client, client: Client) -> None:
    write(visitor, "May I bring my daughter?")
    assert {each.recipient.username for each in assert_notified(SmsReceived)} == {"desk", "admin"}
    (own,) = visitor.get("/demo/state/").json()["messages"]
    message = InboundMessage.objects.get(meaning=Meaning.TEXT)
    assert own["staff"] == f"/admin/notify/inboundmessage/{message.pk}/change/"
    assert client.login(username="desk", password=PASSWORD)
    page = client.get(own["staff"])
    assert page.status_code == 200
    assert "May I bring my daughter?" in page.content.decode()
    assert client.get("/admin/notify/notification/").status_code == 403


def test_the_same_text_twice_is_two_messages(visitor: Client) -> None:
    write(visitor, "Hello?")
    write(visitor, "Hello?")
    assert thread(visitor) == [(True, "Hello?")] * 2


def test_the_longest_text_is_taken(visitor: Client) -> None:
    assert write(visitor, "x" * 1600).status_code == 201


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Write something first"),
        (" \n\x00", "Write something first"),
        (["C"], "Write something first"),
        (None, "Write something first"),
        ("x" * 2000, "A text message has at most 1,600 characters; this one has 2,000."),
    ],
)
def test_what_is_no_text_message_is_refused_in_words(visitor: Client, text: Any, words: str) -> None:
    answer = write(visitor, text)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(words)
    assert not InboundMessage.objects.exists()
    assert not Notification.objects.exists()


def test_a_patient_without_a_number_writes_nothing(visitor: Client) -> None:
    User.objects.filter(username="asha").update(phone="")
    answer = write(visitor, "C")
    assert (answer.status_code, answer.json()["error"]) == (400, "Asha Menon has no phone number.")


def test_another_patients_thread_is_not_shown_and_without_debug_nothing_is_taken(
    visitor: Client, settings: Settings
) -> None:
    write(visitor, "Hello?")
    visitor.post(f"/demo/become/{Patient.objects.get(user__username='daniel').pk}/")
    assert thread(visitor) == []
    settings.DEBUG = False
    assert write(visitor, "Hello?").status_code == 404
    assert InboundMessage.objects.count() == 1
