"""Real emails to many people share requests, and each gets the own one (P10)."""

import dataclasses
from contextlib import closing

import pytest

from notifications.messages import EmailMessage
from notifications.providers.sendgrid import SendGridProvider
from notifications.providers.ses import SesProvider
from notifications.services import preview
from notifications.types import NotificationType, all_types
from project.clinic.notifications import AppointmentNotification
from tests.clinic import make_appointment, make_patient
from tests.contract.sendgrid_server import API_KEY, SendGridServer

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
