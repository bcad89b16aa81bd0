"""SMS on its way through Twilio and, when that cannot, Amazon SNS (P2)."""

import pytest

from notifications.models import Delivery, Event, Kind, Status
from notifications.pipeline import failover
from notifications.providers.registry import get_provider
from notifications.services import notify, record_receipts
from notifications.testing import deliver_all
from tests.app.notifications import Note
from tests.contract.moto_server import moto_server
from tests.contract.ses_server import KEY, REGION, SECRET
from tests.contract.sns_server import SnsServer
from tests.contract.twilio_server import ACCOUNT, NUMBER, TOKEN, TwilioServer, refusal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twilio():
    server = TwilioServer()
    yield server
    server.close()


@pytest.fixture
def sns():
    with moto_server() as port:
        server = SnsServer(port)
        yield server
        server.close()


@pytest.fixture(autouse=True)
def _two_providers(settings, twilio, sns):
    path = "notifications.providers"
    account = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER}
    keys = {"region": REGION, "access_key_id": KEY, "secret_access_key": SECRET}
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "BASE_URL": "https://notify.example.com",
        "CHANNELS": {
            **settings.NOTIFICATIONS["CHANNELS"],
            "sms": {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["twilio", "sns"]},
        },
        "PROVIDERS": {
            **settings.NOTIFICATIONS["PROVIDERS"],
            "twilio": {"BACKEND": f"{path}.twilio.TwilioProvider", "OPTIONS": {**account, "api_url": twilio.url}},
            "sns": {"BACKEND": f"{path}.sns.SnsProvider", "OPTIONS": {**keys, "endpoint_url": sns.url}},
        },
    }
    failover.forget()
    yield
    failover.forget()


def send(person) -> Delivery:
    notify(Note(text="Ready."), to=person)
    deliver_all()
    return Delivery.objects.get()


def test_a_notification_goes_out_through_twilio_and_its_end_is_polled(person, twilio, sns):
    delivery = send(person)
    assert (delivery.status, delivery.provider) == (Status.SENT, "twilio")
    assert twilio.taken() == [delivery.pk]
    assert sns.messages() == []

    twilio.report(delivery.provider_id, "delivered", price="-0.00750")
    assert record_receipts(get_provider("twilio").poll([(delivery.pk, delivery.provider_id)])) == 1
    delivery.refresh_from_db()
    assert (delivery.status, str(delivery.cost)) == (Status.DELIVERED, "0.007500")


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (429, 20429), (400, 21408), (400, 21606), (503, 20503)])
def test_what_twilio_cannot_send_now_goes_out_through_sns(person, twilio, sns, status, code):
    twilio.scripted = refusal(status, code, "Not now")
    delivery = send(person)
    assert (delivery.status, delivery.provider) == (Status.SENT, "sns")
    assert sns.message_ids() == [delivery.provider_id]


def test_a_person_who_opted_out_gets_nothing_and_the_timeline_tells_by_which_code(person, twilio, sns):
    twilio.scripted = refusal(400, 21610, "Attempt to send to unsubscribed recipient")
    delivery = send(person)
    assert delivery.status == Status.FAILED
    assert sns.messages() == []
    assert Event.objects.get(delivery=delivery, kind=Kind.FAILED).data["code"] == "21610"
