"""The texts themselves: each type, each channel, with its example."""

import re
from html.parser import HTMLParser

import pytest

from notifications.messages import EmailMessage, InAppMessage, PushMessage, SmsMessage
from notifications.services import preview
from notifications.types import NotificationType, all_types
from project.clinic.models import Patient
from project.clinic.notifications import AppointmentNotification
from tests.clinic import make_appointment, make_patient

pytestmark = pytest.mark.django_db

TYPES = [each for each in all_types() if issubclass(each, AppointmentNotification)]
# https://www.unicode.org/Public/MAPPINGS/ETSI/GSM0338.TXT, without its extension table: each of those costs two.
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_SEGMENTS = 2 * 153
LEFTOVERS = re.compile(r"\{[{%]|[%}]\}|None|\(\)|  +\.|,,")


@pytest.fixture
def patient() -> Patient:
    """A patient who has the appointment of the examples."""
    patient = make_patient()
    make_appointment(pk=1, patient=patient)
    return patient


def messages(type_: type[NotificationType], patient: Patient) -> dict[str, object]:
    """Channel → message, fallbacks too, worded as they would be for the patient."""
    instance = type_(**type_.example)
    return {each.channel: each.message for each in preview(instance, to=patient.user)}


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.key)
def test_every_channel_of_a_type_has_a_text(type_: type[NotificationType], patient: Patient) -> None:
    worded = messages(type_, patient)
    assert set(worded) == {*type_.channels, *type_.fallback}
    for message in worded.values():
        match message:
            case EmailMessage():
                texts = [message.subject, message.text]
                assert "at 10:30" in message.subject, "05:00 UTC, where the patient lives"
            case SmsMessage():
                texts = [message.text]
                assert set(message.text) <= GSM_7
                assert len(message.text) <= TWO_SEGMENTS
            case PushMessage() | InAppMessage():
                texts = [message.title, message.text]
            case _:
                pytest.fail(f"no text: {message!r}")
        for text in texts:
            assert text
            assert not LEFTOVERS.search(text)


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.key)
def test_what_others_may_read_does_not_name_the_treatment(type_: type[NotificationType], patient: Patient) -> None:
    for message in messages(type_, patient).values():
        open_to_others = {
            EmailMessage: ("subject",),
            SmsMessage: ("text",),
            PushMessage: ("title", "text"),
            InAppMessage: (),
        }[type(message)]
        for name in open_to_others:
            assert "Shirodhara" not in getattr(message, name)


class Page(HTMLParser):
    """What a test wants to know of an email: its words, its links, and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]
        self.loads += [value or "" for name, value in attrs if name in ("src", "background", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.words += data.split()


def email(type_: type[NotificationType], patient: Patient) -> EmailMessage:
    """The email of a type."""
    message = messages(type_, patient)["email"]
    assert isinstance(message, EmailMessage)
    return message


WITH_EMAIL = [each for each in TYPES if "email" in (*each.channels, *each.fallback)]


@pytest.mark.parametrize("type_", WITH_EMAIL, ids=lambda type_: type_.key)
def test_an_email_loads_nothing_and_links_to_the_appointment(type_: type[NotificationType], patient: Patient) -> None:
    message = email(type_, patient)
    page = Page(message.html)
    assert page.loads == []
    assert "http://localhost:8000/appointments/1/" in page.links
    assert "url(" not in message.html
    assert "@import" not in message.html
    assert "http://localhost:8000/appointments/1/" in message.text


@pytest.mark.parametrize("type_", WITH_EMAIL, ids=lambda type_: type_.key)
def test_the_styles_of_an_email_are_inlined_and_its_media_queries_stay(
    type_: type[NotificationType], patient: Patient
) -> None:
    html = email(type_, patient).html
    assert 'class="card" bgcolor="#ffffff" style="' in html
    assert "@media (max-width: 480px)" in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_an_email_is_escaped_and_its_plain_text_is_not(patient: Patient) -> None:
    patient.user.first_name = "<b>Asha</b> &"
    patient.user.save()
    message = email(TYPES[0], patient)
    assert "&lt;b&gt;Asha&lt;/b&gt; &amp;" in message.html
    assert "Dear <b>Asha</b> & Menon," in message.text


def test_an_email_runs_from_right_to_left_for_who_reads_so(patient: Patient) -> None:
    patient.user.language = "ar"
    patient.user.save()
    html = email(TYPES[0], patient).html
    assert 'dir="rtl"' in html
    assert "text-align: right" in html
    assert "text-align: left" not in html
