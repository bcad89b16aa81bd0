"""What becomes of a text on its way to a phone: where it may go, from whom, in how many parts (P2, P8)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks

from notifications.channels.registry import get_channel
from notifications.models import ContactPoint, Delivery, Reason, SandboxMessage, Status
from notifications.services import notify
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from tests.app.notifications import Expiring, Note

pytestmark = pytest.mark.django_db(transaction=True)

LINK = "https://clinic.example.org/visits/0192f3a4-7c1e-7b52-9d43-0a1b2c3d4e5f"
TEMPLATES = {"sms.txt": "{{ text }}"}


class Brief(NotificationType):
    """In one part."""

    key = "tests.brief"
    channels = ("sms",)
    sms_parts = 1

    text: str


class Verbatim(NotificationType):
    """Word for word."""

    key = "tests.verbatim"
    channels = ("sms",)
    sms_smart = False

    text: str


@pytest.fixture
def channel(settings: Any) -> Callable[..., None]:
    """Give the channel these options."""

    def configure(**options: Any) -> None:
        given = settings.NOTIFICATIONS
        sms = {**given["CHANNELS"]["sms"], "OPTIONS": options}
        settings.NOTIFICATIONS = {**given, "CHANNELS": {**given["CHANNELS"], "sms": sms}}

    return configure


def send(type_: Any, to: Any, text: str) -> Delivery:
    """Notify and deliver; the delivery that came of it."""
    with registered(type_, TEMPLATES):
        (notification,) = notify(type_(text=text), to=to)
        deliver_all()
    return notification.deliveries.get()


def captured() -> Any:
    return SandboxMessage.objects.get().content


@pytest.mark.parametrize(
    ("phone", "says"),
    [
        ("+442079460123", "It is a landline, which gets no SMS."),
        ("+919847", "It has too few digits for its country."),
        ("+18005550123", "which gets no SMS."),
        ("+14155552671x12", "It has an extension"),
        ("+1415FLOWERS", "It has letters."),
        ("098470 12345", "It has no country code"),
    ],
)
def test_a_number_that_gets_no_sms_is_skipped_and_says_why(make_person: Any, phone: str, says: str) -> None:
    (notification,) = notify(Note(text="a"), to=[make_person(phone=phone), make_person()], key="k")[:1]
    delivery = notification.deliveries.get()
    assert (delivery.status, delivery.reason) == (Status.SKIPPED, Reason.NUMBER_REFUSED)
    assert says in delivery.detail
    assert "9847" not in delivery.detail


def test_a_number_as_it_is_dialled_at_home_goes_out_in_full(make_person: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PHONE_REGION": "IN"}
    delivery = send(Note, make_person(phone="098470 12345"), "hello")
    assert (delivery.address, delivery.status) == ("+919847012345", Status.DELIVERED)
    assert SandboxMessage.objects.get().to == "+919847012345"


def test_a_number_that_gets_no_sms_gives_way_to_the_persons_next_one(make_person: Any) -> None:
    person = make_person(phone="")
    for address, primary in (("+442079460123", True), ("+919847012345", False)):
        ContactPoint.objects.create(user=person, channel="sms", address=address, is_primary=primary)
    assert send(Note, person, "hello").address == "+919847012345"


def test_a_country_that_is_not_allowed_is_refused_with_those_that_are(make_person: Any, channel: Any) -> None:
    channel(allowed_countries=("IN", "GB"), denied_countries=("US",))
    delivery = notify(Note(text="a"), to=[make_person(phone="+14155552671"), make_person()])[0].deliveries.get()
    assert delivery.reason == Reason.NUMBER_REFUSED
    assert "No SMS is sent to its country, US. Allowed: GB, IN, without US." in delivery.detail


def test_a_country_that_was_taken_out_meanwhile_is_refused_as_it_is_sent(make_person: Any, channel: Any) -> None:
    notify(Note(text="a"), to=make_person(phone="+14155552671"))
    channel(denied_countries=("US",))
    deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.NUMBER_REFUSED)
    assert not SandboxMessage.objects.exists()


def test_each_country_has_its_sender(make_person: Any, channel: Any) -> None:
    channel(senders={"US": "+15005550006", "IN": "CLINIC"})
    notify(Note(text="a"), to=[make_person(phone=each) for each in ("+14155552671", "+919847012345", "+447911123456")])
    deliver_all()
    senders = {each.to[:3]: each.content.get("sender", "") for each in SandboxMessage.objects.all()}
    assert senders == {"+14": "+15005550006", "+91": "CLINIC", "+44": ""}


def test_characters_that_make_a_text_dearer_are_replaced_where_that_saves_parts(person: Any) -> None:
    delivery = send(Note, person, "“See you”… " + "a" * 80)
    assert (captured()["text"], delivery.segments) == ('"See you"... ' + "a" * 80, 1)


def test_they_stay_where_nothing_is_saved(person: Any) -> None:
    assert (send(Note, person, "“See you”…").segments, captured()["text"]) == (1, "“See you”…")


def test_a_type_may_have_its_text_word_for_word(person: Any) -> None:
    delivery = send(Verbatim, person, "“See you” " + "a" * 80)
    assert (captured()["text"][:9], delivery.segments) == ("“See you”", 2)


def test_so_may_a_channel(person: Any, channel: Any) -> None:
    channel(smart=False)
    assert send(Note, person, "“See you” " + "a" * 80).segments == 2


def test_a_type_is_shortened_to_its_parts_with_its_link(person: Any) -> None:
    delivery = send(Brief, person, f"{'Please come in good time. ' * 20}{LINK}")
    text = captured()["text"]
    assert delivery.segments == 1
    assert text.endswith(f"... {LINK}") and len(text) <= 160


def test_what_cannot_be_shortened_so_far_fails_and_says_why(person: Any) -> None:
    delivery = send(Brief, person, f"{LINK} {LINK} {LINK}")
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.TEXT_TOO_LONG)
    assert "its links alone have" in delivery.detail
    assert not SandboxMessage.objects.exists()


def test_a_text_longer_than_providers_take_fails_before_it_is_sent(person: Any) -> None:
    delivery = send(Note, person, "a" * 1600)
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.TEXT_TOO_LONG)
    assert "The text has 11 SMS parts; at most 10 are sent." in delivery.detail


def test_a_channel_may_cut_it_instead(person: Any, channel: Any) -> None:
    channel(shorten=True, max_parts=2)
    assert send(Note, person, "word " * 200).segments == 2


def test_a_text_expires_with_its_notification(person: Any) -> None:
    (notification,) = notify(Expiring(text="a"), to=person)
    deliver_all()
    assert notification.expires_at is not None
    assert captured()["expires_at"] == notification.expires_at.isoformat()
    assert notification.expires_at - notification.send_at == timedelta(hours=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"allowed_countries": ("UK",)}, "Unknown country: UK. Name them as ISO 3166 does: GB, US, IN."),
        ({"senders": {"in": "CLINIC"}}, "Unknown country: in. Name them as ISO 3166 does: GB, US, IN."),
        ({"max_parts": 0}, "max_parts is 0; an SMS has 1 part at least."),
    ],
)
def test_a_mistake_in_the_options_is_found_at_start_up(channel: Any, options: dict[str, Any], says: str) -> None:
    channel(**options)
    (found,) = [each for each in run_checks() if each.id == "notify.E009"]
    assert says in found.msg


def test_the_sandboxs_recipients_are_mobile_numbers() -> None:
    """Ofcom keeps them for fiction."""
    assert get_channel("sms").checked("+44 7700 900003") == "+447700900003"
