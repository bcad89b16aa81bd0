"""SMS on its way through Twilio and, when that cannot, Amazon SNS (P2)."""

from typing import Any

import pytest

from notifications.channels.sms import SmsChannel
from notifications.models import Delivery, Event, Kind, Price, Reason, Status
from notifications.pipeline import failover, spending
from notifications.providers.registry import get_provider
from notifications.services import notify, record_receipts
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from tests.app.notifications import Note
from tests.contract.moto_server import moto_server
from tests.contract.ses_server import KEY, REGION, SECRET
from tests.contract.sns_server import SnsServer
from tests.contract.twilio_server import ACCOUNT, NUMBER, TOKEN, TwilioServer, refusal

pytestmark = pytest.mark.django_db(transaction=True)


class Pictured(NotificationType):
    """With pictures, as its payload names them."""

    key = "tests.pictured"
    channels = ("sms",)

    media_of: list[Any] | str | None

    def media(self, recipient):
        return self.media_of


class Secret(Pictured):
    """The same of what no phone company may see."""

    key = "tests.secret_pictured"
    sensitive = True


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


def send_pictured(person, *media) -> Delivery:
    with registered(Pictured, {"sms.txt": "The way to us:"}):
        notify(Pictured(media_of=list(media)), to=person)
        deliver_all()
    return Delivery.objects.get()


def test_pictures_go_along_by_their_absolute_addresses(person, twilio):
    delivery = send_pictured(person, "/static/map.png", "https://media.example.org/door.jpg")
    assert delivery.status == Status.SENT
    [form] = twilio.forms
    assert form["MediaUrl"] == ["https://notify.example.com/static/map.png", "https://media.example.org/door.jpg"]
    assert form["Body"] == "The way to us:"


def test_a_message_with_pictures_has_no_price_but_the_one_that_twilio_tells(person, twilio):
    Price.objects.create(provider="twilio", amount="0.0075")
    spending.forget()
    delivery = send_pictured(person, "/static/map.png")
    assert (delivery.status, delivery.cost) == (Status.SENT, None)
    twilio.report(delivery.provider_id, "delivered", price="-0.02")
    record_receipts(get_provider("twilio").poll([(delivery.pk, delivery.provider_id)]))
    delivery.refresh_from_db()
    assert str(delivery.cost) == "0.020000"


def test_a_message_with_pictures_waits_for_twilio_rather_than_go_out_through_sns_without_them(person, twilio, sns):
    twilio.scripted = refusal(503, 20503, "Not now")
    delivery = send_pictured(person, "/static/map.png")
    assert (delivery.status, delivery.attempts) == (Status.PENDING, 1)
    assert sns.messages() == []


def test_where_only_sns_is_left_a_message_with_pictures_ends_and_says_so(person, settings, sns):
    channels = settings.NOTIFICATIONS["CHANNELS"]
    sms = {**channels["sms"], "PROVIDERS": ["sns"]}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "sms": sms}}
    delivery = send_pictured(person, "/static/map.png")
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.NOT_CARRIED)
    assert sns.messages() == []


@pytest.mark.parametrize(
    ("media", "says"),
    [
        (["ftp://media.example.org/a.png"], "media() gave 'ftp://media.example.org/a.png'"),
        (["data:image/png;base64,AAAA"], "a link starts with / or with https or http:"),
        ([""], "media() gave ''"),
        ([7], "TypeError"),
        (["/a.png"] * 11, "media() gave 11 addresses, more than 10."),
        ("/a.png", "media() gave the text '/a.png'; it gives several addresses"),
        (None, "media() failed: TypeError"),
    ],
)
def test_what_is_no_address_of_a_picture_fails_the_message_with_the_reason(person, twilio, media, says):
    with registered(Pictured, {"sms.txt": "The way to us:"}):
        notify(Pictured(media_of=media), to=person)
        deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.TEMPLATE_ERROR)
    assert says in delivery.detail
    assert twilio.forms == []


@pytest.mark.parametrize("secure", [False, True])
def test_a_sensitive_type_is_never_asked_for_pictures(person, twilio, monkeypatch, secure):
    monkeypatch.setattr(SmsChannel, "secure", secure)  # as a project's own channel may be
    with registered(Secret, {"sms.txt": "Your scan:"}):
        notify(Secret(media_of=["/static/scan.png"]), to=person)
        deliver_all()
    [form] = twilio.forms
    assert "MediaUrl" not in form
    assert ("scan" in form["Body"]) is secure
