"""Real emails to many people share requests, and each gets the own one (P10)."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from notifications.messages import EmailMessage
from notifications.models import Delivery, Status
from notifications.providers.sendgrid import SendGridProvider
from notifications.providers.ses import SesProvider
from notifications.services import notify, preview
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType, Priority, all_types
from project.clinic.notifications import AppointmentNotification
from tests.clinic import make_appointment, make_patient, make_user
from tests.contract.http_server import Answer, Request
from tests.contract.sendgrid_server import API_KEY, SendGridServer, refusal

pytestmark = pytest.mark.django_db

NAMES = (
    "Asha",
    "Søren",
    'Ada "Countess"',
    "李小龍",
    "O'Brien & Sons",
    "Zoë 🎈",
    "Maximiliane Friederike",
    "<i>Bob</i>",
)
PEOPLE = 50
TYPES = [
    each
    for each in all_types()
    if issubclass(each, AppointmentNotification) and "email" in each.channels + each.fallback
]


def emails(type_: type[NotificationType]) -> list[EmailMessage]:
    """To each of many patients, about an appointment of their own; without the files that some have."""
    found = []
    for number in range(PEOPLE):
        patient = make_patient(
            device="", first_name=NAMES[number % len(NAMES)], last_name=f"P{number}", email=f"p{number}@example.org"
        )
        appointment = make_appointment(patient=patient)
        values = {"appointment_id": appointment.pk, "starts_at": appointment.starts_at.isoformat()}
        for each in preview(type_(**{**type_.example, **values}), to=patient.user):
            if isinstance(each.message, EmailMessage):
                found.append(dataclasses.replace(each.message, attachments=()))
    return found


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.key)
def test_people_share_requests_and_each_gets_the_own_email_as_it_was_worded(type_: type[NotificationType]) -> None:
    messages = emails(type_)
    assert len({each.html for each in messages}) == PEOPLE
    with closing(SendGridServer()) as server:
        sendgrid = SendGridProvider(alias="sendgrid", api_key=API_KEY, api_url=f"{server.url}v3/")
        with closing(sendgrid):
            batches = sendgrid.together(messages)
            # A name that holds ">" in plain text makes one piece more: those people share a request of their own.
            assert sorted(len(each) for each in batches) == [PEOPLE // len(NAMES), PEOPLE - PEOPLE // len(NAMES)]
            for batch in batches:
                sendgrid.send_batch(batch) if len(batch) > 1 else sendgrid.send(batch[0])
        got = {each.to["email"]: each for each in server.delivered()}
    for message in messages:
        mine = got[message.to]
        assert (mine.subject, mine.headers) == (message.subject, message.headers)
        assert mine.contents == {"text/plain": message.text, "text/html": message.html}

    ses = SesProvider(alias="ses", region="eu-central-1")
    assert [len(each) for each in ses.together(messages)] == [ses.batch_max] * (PEOPLE // ses.batch_max)


class News(NotificationType):
    """Goes to many, when there is time."""

    key = "tests.news"
    category = "news"
    channels = ("email",)
    priority = Priority.LOW

    def context(self, recipient: Any) -> dict[str, Any]:
        return {"name": recipient.first_name}


class Choosy(SendGridServer):
    """Refuses one address, and with it the request that holds it."""

    refused = ""

    def take(self, request: Request) -> Answer:
        people = request.json["personalizations"]
        for index, person in enumerate(people):
            if person["to"][0]["email"] == self.refused:
                where = f"personalizations.{index}.to.0.email"
                return refusal(400, "Does not contain a valid address.", where)
        return super().take(request)


@pytest.fixture
def server(settings: Any) -> Iterator[Choosy]:
    """What the email channel sends to."""
    given = settings.NOTIFICATIONS
    with closing(Choosy()) as server:
        options = {"api_key": API_KEY, "api_url": f"{server.url}v3/", "timeout_seconds": 10}
        sendgrid = {"BACKEND": "notifications.providers.sendgrid.SendGridProvider", "OPTIONS": options}
        email = {**given["CHANNELS"]["email"], "PROVIDERS": ["sendgrid"]}
        settings.NOTIFICATIONS = {
            **given,
            "PROVIDERS": {**given["PROVIDERS"], "sendgrid": sendgrid},
            "CHANNELS": {**given["CHANNELS"], "email": email},
        }
        templates = {"email.subject.txt": "News for {{ name }}", "email.html": "<p>Dear {{ name }},</p>\n<p>News!</p>"}
        with registered(News, templates):
            yield server


def test_news_for_many_are_one_request(server: Choosy) -> None:
    people = [make_user(first_name=f"Name{number}") for number in range(30)]
    notify(News(), to=people)
    deliver_all()
    assert len(server.requests) == 1
    got = {each.to["email"]: each for each in server.delivered()}
    assert {to: each.subject for to, each in got.items()} == {
        person.email: f"News for {person.first_name}" for person in people
    }
    stored = Delivery.objects.all()
    assert {each.status for each in stored} == {Status.SENT}
    assert sorted(each.pk for each in stored) == sorted(server.taken())


def test_one_bad_address_harms_nobody_else(server: Choosy) -> None:
    people = [make_user() for _ in range(5)]
    server.refused = people[2].email
    notify(News(), to=people)
    deliver_all()
    assert {each.address: each.status for each in Delivery.objects.all()} == {
        person.email: Status.FAILED if person.email == server.refused else Status.SENT for person in people
    }
    assert len(server.requests) == 1 + len(people)
    assert sorted(server.taken()) == sorted(Delivery.objects.filter(status=Status.SENT).values_list("pk", flat=True))
