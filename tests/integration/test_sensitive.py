"""What is sensitive stays out of SMS and push, whatever its type and its templates say (S1)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from notifications.models import ContactPoint, Delivery, Notification, Status
from notifications.services import notify, preview
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from tests.contract.twilio_server import ACCOUNT, NUMBER, TOKEN, TwilioServer
from tests.integration.push_services import PushServices, push_services

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "kanarie"
SAYS = "localhost:8000: You have a new message. Sign in to read it: http://localhost:8000"


class Result(NotificationType):
    """A type whose every part tells too much."""

    key = f"tests.{CANARY}_result"
    category = f"{CANARY}_clinic"
    channels = ("sms", "push", "in_app")
    sensitive = True
    expires_after = timedelta(hours=1)

    finding: str

    def context(self, recipient: Any) -> dict[str, Any]:
        return {**self.payload(), "advice": f"{CANARY} advice"}

    def link(self, recipient: Any) -> str:
        return f"/results/{CANARY}/"


PARTS = ("sms.txt", "push.title.txt", "push.txt", "in_app.title.txt", "in_app.txt")
TEMPLATES = dict.fromkeys(PARTS, f"{CANARY} {{{{ finding }}}} {{{{ advice }}}} {{{{ link }}}}")


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    server = TwilioServer()
    yield server
    server.close()


@pytest.fixture
def services(settings: Any, twilio: TwilioServer) -> Iterator[PushServices]:
    options = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER, "api_url": twilio.url}
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "PROVIDERS": {
            **given["PROVIDERS"],
            "twilio": {"BACKEND": "notifications.providers.twilio.TwilioProvider", "OPTIONS": options},
        },
        "CHANNELS": {**given["CHANNELS"], "sms": {**given["CHANNELS"]["sms"], "PROVIDERS": ["twilio"]}},
    }
    with push_services() as services, registered(Result, TEMPLATES):
        yield services


@pytest.fixture
def patient(make_person: Any, services: PushServices) -> Any:
    patient = make_person(device="")
    for address in ("fcm:phone", services.webpush.subscribe()):
        ContactPoint.objects.create(user=patient, channel="push", address=address)
    return patient


def tell(patient: Any) -> Notification:
    (notification,) = notify(Result(finding=f"{CANARY} found"), to=patient, key=f"{CANARY}:7")
    deliver_all()
    return notification


def test_no_word_of_it_reaches_a_phone_company_or_a_push_service(
    services: PushServices, twilio: TwilioServer, patient: Any
) -> None:
    notification = tell(patient)
    statuses = Delivery.objects.values_list("channel", "status")
    assert set(statuses) == {("sms", Status.SENT), ("push", Status.SENT), ("in_app", Status.DELIVERED)}
    received = [
        *(f"{each.path} {each.headers} {each.body!r}" for each in (*twilio.requests, *services.fcm.requests)),
        str(services.fcm.messages),
        *(f"{each.path} {each.headers}" for each in services.webpush.requests),
        str(services.webpush.pushes),
    ]
    assert len(received) == 5
    assert [each for each in received if CANARY in each.lower()] == []
    notification.refresh_from_db()
    assert notification.body.startswith(f"{CANARY} {CANARY} found")  # where one signs in, it is told


def test_its_sms_and_push_say_that_there_is_a_message_and_where(
    services: PushServices, twilio: TwilioServer, patient: Any
) -> None:
    tell(patient)
    assert [each["Body"] for each in twilio.forms] == [SAYS]
    (push,) = services.webpush.pushes
    shown = {name: push.content[name] for name in ("title", "body", "link")}
    assert shown == {
        "title": "New message · localhost:8000",
        "body": "Sign in to read it.",
        "link": "http://localhost:8000",
    }
    (sent,) = services.fcm.messages
    assert sent["notification"] == {"title": shown["title"], "body": shown["body"]}
    assert sent["data"].keys() == {"notification_id", "delivery_id", "link"}


def test_it_is_said_in_the_persons_language(services: PushServices, twilio: TwilioServer, make_person: Any) -> None:
    for language in ("ar", "de", "es", "fr", "hi"):
        tell(make_person(device="", language=language))
    bodies = [each["Body"] for each in twilio.forms]
    assert len({*bodies, SAYS}) == 6
    assert all("http://localhost:8000" in each and CANARY not in each for each in bodies)


def test_a_preview_shows_what_would_be_said(services: PushServices, patient: Any) -> None:
    shown = {each.channel: each.message for each in preview(Result(finding=CANARY), to=patient)}
    assert getattr(shown["sms"], "text", "") == SAYS
