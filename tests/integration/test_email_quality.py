"""Headers, streams and addresses of emails, from `notify` to a real mail server (S6)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from notifications.channels.email import EmailChannel
from notifications.exceptions import ConfigurationError, RegistrationError
from notifications.models import Delivery, Reason, SandboxMessage, Status
from notifications.services import notify
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from tests.contract.smtp_server import SmtpServer, smtp_server

pytestmark = pytest.mark.django_db

TEMPLATES = {
    "email.subject.txt": "{{ subject }}",
    "email.html": '<p>Hello</p>{% if unsubscribe_url %}<a href="{{ unsubscribe_url }}">Unsubscribe</a>{% endif %}',
}


class Letter(NotificationType):
    """An email with any subject."""

    key = "tests.letter"
    category = "letters"
    channels = ("email",)

    subject_line: str = "Hi"

    def context(self, recipient: Any) -> dict[str, Any]:
        return {"subject": self.subject_line}


class Offer(Letter):
    """Advertises."""

    key = "tests.offer"
    category = "offers: all"
    stream = "marketing"


@pytest.fixture
def configure(settings: Any) -> Any:
    """Set options of the email channel, and names of the setting."""

    def change(options: dict[str, Any] | None = None, **names: Any) -> None:
        given = settings.NOTIFICATIONS
        email = {**given["CHANNELS"]["email"], "OPTIONS": options or {}}
        settings.NOTIFICATIONS = {**given, "CHANNELS": {**given["CHANNELS"], "email": email}, **names}

    return change


@pytest.fixture(autouse=True)
def _types() -> Iterator[None]:
    with registered(Letter, TEMPLATES), registered(Offer, TEMPLATES):
        yield


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    given = django_settings.NOTIFICATIONS
    with smtp_server() as server:
        options = {"host": "127.0.0.1", "port": server.port, "use_tls": False, "timeout_seconds": 5}
        smtp = {"BACKEND": "notifications.providers.smtp.SmtpProvider", "OPTIONS": options}
        streams = {
            "marketing": {
                "from_email": "Größe & Co <news@bücher.example>",
                "reply_to": '"Ideen, kühne" <ideas@bücher.example>',
            }
        }
        email = {**given["CHANNELS"]["email"], "PROVIDERS": ["smtp"], "OPTIONS": {"streams": streams}}
        changed = {
            **given,
            "PROVIDERS": {**given["PROVIDERS"], "smtp": smtp},
            "CHANNELS": {**given["CHANNELS"], "email": email},
            "FROM_EMAIL": '"Clinic, north" <mail@clinic.example>',
        }
        with override_settings(NOTIFICATIONS=changed):
            yield server


def content() -> dict[str, Any]:
    """What the sandbox captured."""
    found: dict[str, Any] = SandboxMessage.objects.get().content
    return found


def test_each_stream_has_its_own_sender_and_the_headers_that_mail_programs_want(
    server: SmtpServer, make_person: Any
) -> None:
    ada = make_person(email="ada+tag@bücher.example", first_name="Ada")
    notify(Letter(), to=ada)
    notify(Offer(), to=ada)
    deliver_all()

    mails = {str(each.mail["Feedback-ID"]).partition(":")[0]: each for each in server.received}
    letter, offer = mails["tests.letter"].mail, mails["tests.offer"].mail
    assert {each.sender for each in server.received} == {"mail@clinic.example", "news@xn--bcher-kva.example"}
    assert {address for each in server.received for address in each.recipients} == {"ada+tag@xn--bcher-kva.example"}

    assert letter["From"].addresses[0].display_name == "Clinic, north"
    assert letter["Reply-To"] is None
    assert letter["Feedback-ID"] == "tests.letter:letters:transactional:notifications"
    assert offer["From"].addresses[0].display_name == "Größe & Co"
    assert offer["Reply-To"].addresses[0].display_name == "Ideen, kühne"
    assert offer["Feedback-ID"] == "tests.offer:offers- all:marketing:notifications"
    for mail, domain in ((letter, "clinic.example"), (offer, "xn--bcher-kva.example")):
        assert mail["Message-ID"] == f"<{mail['X-Notification-Id']}@{domain}>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for each in server.received:
        assert each.raw.partition(b"\r\n\r\n")[0].isascii()


def test_an_email_that_is_sent_again_has_the_same_message_id(person: Any) -> None:
    notify(Letter(), to=person)
    deliver_all()
    assert content()["headers"]["Message-ID"] == f"<{Delivery.objects.get().pk}@localhost>"


def test_without_a_stream_of_its_own_marketing_has_the_common_sender(person: Any, configure: Any) -> None:
    configure({"reply_to": "desk@clinic.example"}, FROM_EMAIL="mail@clinic.example")
    notify(Offer(), to=person)
    deliver_all()
    assert (content()["from_email"], content()["reply_to"]) == ("mail@clinic.example", "desk@clinic.example")


def test_marketing_is_not_sent_without_a_visible_way_out(person: Any, settings: Any) -> None:
    with registered(Offer, {**TEMPLATES, "email.html": "<p>Buy!</p>"}):
        notify(Offer(), to=person)
        deliver_all()
    assert (Delivery.objects.get().status, Delivery.objects.get().reason) == (Status.FAILED, Reason.TEMPLATE_ERROR)
    assert "its email.html must link to {{ unsubscribe_url }}" in Delivery.objects.get().detail


def test_marketing_is_not_sent_where_nobody_could_unsubscribe(person: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.integration.test_email_quality"
    notify(Offer(), to=person)
    deliver_all()
    assert Delivery.objects.get().reason == Reason.TEMPLATE_ERROR
    assert "put notifications.tracking.urls into the URLs" in Delivery.objects.get().detail
    assert not SandboxMessage.objects.exists()


urlpatterns: list[Any] = []


def declared(**values: Any) -> type[NotificationType]:
    return type("Declared", (NotificationType,), {"key": "tests.declared", "__module__": __name__, **values})


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"stream": "promotional"}, r"stream is 'promotional'\. Known: marketing, transactional\."),
        ({"stream": None}, "stream is None"),
        ({"stream": "marketing", "mandatory": True}, "is marketing and mandatory; everybody can unsubscribe"),
    ],
)
def test_a_stream_is_a_known_one_and_marketing_can_be_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(RegistrationError, match=why), registered(declared(**values)):
        pass


@pytest.mark.parametrize("length", [1, 998])
def test_a_subject_may_fill_a_line(server: SmtpServer, person: Any, length: int) -> None:
    subjects = {(words * 100)[: length - 1] + "." for words in ("some words ", "größere Wörter ")}
    for each in subjects:
        notify(Letter(subject_line=each), to=person)
    deliver_all()
    assert {received.mail["Subject"] for received in server.received} == subjects


@pytest.mark.parametrize("length", [999, 20_000])
def test_a_longer_subject_is_refused_and_the_limit_named(person: Any, length: int) -> None:
    notify(Letter(subject_line="a" * length), to=person)
    deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.TEMPLATE_ERROR)
    assert f"email.subject.txt gave {length:,} characters; a subject has 998 at most." in delivery.detail
    assert len(delivery.detail) < 300


@pytest.mark.parametrize(
    "subject",
    ["Hi\r\nBcc: evil@example.org", "Hi\nBcc: evil@example.org", "Hi\x0b\x85Bcc: evil@example.org", "\u2028Hi"],
)
def test_no_subject_adds_a_header(server: SmtpServer, person: Any, subject: str) -> None:
    notify(Letter(subject_line=subject), to=person)
    deliver_all()
    [received] = server.received
    assert received.mail["Bcc"] is None
    assert received.mail["Subject"].startswith("Hi")
    assert len(received.recipients) == 1


@pytest.mark.parametrize("name", ["Ada\r\nBcc: evil@example.org", "Ada\x0b\x1f", '"Ada" <evil@example.org>'])
def test_no_name_adds_a_header_or_a_recipient(server: SmtpServer, make_person: Any, name: str) -> None:
    notify(Letter(), to=make_person(email="ada@example.org", first_name=name))
    deliver_all()
    [received] = server.received
    assert received.recipients == ["ada@example.org"]
    assert received.mail["Bcc"] is None


@pytest.mark.parametrize(
    "address",
    ["ada@example.org\r\nBcc: evil@example.org", "ada@example.org, evil@example.org", "ada", "a b@example.org"],
)
def test_what_is_no_address_is_refused(server: SmtpServer, make_person: Any, address: str) -> None:
    notify(Letter(), to=make_person(email=address))
    deliver_all()
    assert (Delivery.objects.get().status, Delivery.objects.get().reason) == (Status.FAILED, Reason.ADDRESS_REFUSED)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"streams": {"promotion": {}}}, r"unknown stream 'promotion'\. Known: marketing, transactional\."),
        ({"streams": {"marketing": {"from": "a@example.org"}}}, r"has 'from'\. Known: from_email, reply_to\."),
        (
            {"streams": {"marketing": {"from_email": "News"}}},
            r"streams\['marketing'\]\['from_email'\] is 'News'; it must",
        ),
        (
            {"streams": {"marketing": {"from_email": "a@example.org\nBcc: b@example.org"}}},
            "it must be one address|line break",
        ),
        ({"streams": {"marketing": {"reply_to": "A\r\nB <a@example.org>"}}}, "line break"),
        ({"reply_to": "desk@clinic.example, more@clinic.example"}, "reply_to is .* it must be one address"),
    ],
)
def test_a_mistake_in_the_channels_options_is_named(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        EmailChannel(name="email", **options)
