"""Every shipped text, in every language, with the examples of its values and the longest of them (T3, T4)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from notifications import clock
from notifications.channels import sms_segments
from notifications.channels.plain_text import plain_text
from notifications.channels.registry import get_channel
from notifications.models import ContactPoint, InboundMessage, OneTimeCode
from notifications.pipeline.render import speaking
from notifications.templating import texts
from notifications.templating.plain import PLAIN
from notifications.templating.validation import validate
from notifications.types import NotificationType
from tests.clinic import make_appointment, make_patient
from tests.pharmacy import make_prescription
from tests.shipped_texts import (
    LANGUAGES,
    LATIN,
    Shipped,
    has_arabic,
    runs_from_left,
    shipped,
    types,
    values,
    words,
    written_words,
)

pytestmark = pytest.mark.django_db

TRANSLATED = [each for each in LANGUAGES if each != "en"]
PAIRS = [(text, language) for text in shipped() for language in LANGUAGES]
TEXTS = [pytest.param(*each, id="-".join(map(str, each))) for each in PAIRS]
PARTS = {"en": (1, 2), "es": (1, 2), "hi": (3, 3), "ar": (3, 4)}
"""language → parts of an SMS at most, with the examples and with the longest values; Hindi and Arabic are in UCS-2"""
LEFTOVERS = re.compile(r"\{[{%#]|[%#}]\}|None|\(\)|  +\.|,,|<bdi></bdi>")
ENGLISH = {
    *("the", "your", "you", "with", "appointment", "is", "at", "and", "of", "from", "see", "reply", "to", "for"),
    *("message", "hello", "dear", "when", "where", "unsubscribe", "alert", "waiting", "spent", "sign", "code"),
}
NAMES = {"Lotus", "House", "Ayurveda", "Temple", "Road", "Kochi", "PDF", "manage", "py", "providers"}
"""what stays in Latin letters in all languages"""
FORMATS = {"am", "pm", "IST", "US"}
"""what dates and amounts have in Latin letters"""


def without_markup(part: str, text: str) -> str:
    """A rendered part as it is read."""
    return plain_text(text) if part.endswith(".html") else text


def test_all_types_that_the_project_ships_are_looked_at() -> None:
    keys = {each.key for each in types()}
    folders = {
        path.name
        for app in ("notify", "clinic", "pharmacy")
        for path in Path(apps.get_app_config(app).path, "templates", "notifications").iterdir()
        if "." in path.name and path.is_dir()
    }
    assert keys == folders
    assert {code for code, _ in settings.LANGUAGES} == set(LANGUAGES)


@pytest.mark.parametrize("which", ["example", "longest", "empty"])
@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_each_text_is_there_in_each_language_whatever_its_values(text: Shipped, language: str, which: str) -> None:
    given = values(text.type, which)
    rendered = text.rendered(language, given)
    assert set(rendered) == set(text.sources("en")), "a part would come from nowhere"
    for part, written in rendered.items():
        assert written.strip(), part
        assert not LEFTOVERS.search(without_markup(part, written)), part
        said = words(without_markup(part, written), given)
        if language != "en" and which != "longest":  # of which a preheader shows a part
            assert not {each.lower() for each in re.findall(r"[^\W\d_]+", said)} & ENGLISH, part


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_validation_finds_no_error_in_a_shipped_text(text: Shipped, language: str) -> None:
    code = "" if language == "en" else language
    found = validate(text.type, text.channel, code, text.sources(language))
    assert [each for each in found if each.level == "error"] == []


@pytest.mark.parametrize(("text", "language"), [each for each in PAIRS if each[0].channel == "sms"])
def test_an_sms_has_few_parts(text: Shipped, language: str) -> None:
    for which, most in zip(("example", "longest"), PARTS[language], strict=True):
        written = text.rendered(language, values(text.type, which))["sms.txt"].strip()
        assert sms_segments.parts_of(written) <= most, (which, written)


@pytest.mark.parametrize(("text", "language"), [each for each in PAIRS if each[0].channel == "email"])
def test_an_email_says_its_language_and_direction_and_has_a_plain_text(text: Shipped, language: str) -> None:
    given = values(text.type, "example")
    rendered = text.rendered(language, given)
    html = rendered["email.html"]
    way = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{way}">' in html
    assert f"text-align: {'left' if way == 'rtl' else 'right'}" not in html
    plain = (rendered.get("email.txt") or plain_text(html)).strip()
    assert plain
    assert (given["link"] in plain) is (given["link"] in html)
    if given["unsubscribe_url"]:
        assert given["unsubscribe_url"] in html
        assert given["unsubscribe_url"] in plain


@pytest.mark.parametrize("which", ["example", "longest", "empty"])
@pytest.mark.parametrize("text", shipped(), ids=str)
def test_in_plain_text_an_arabic_line_runs_from_right_to_left_and_a_link_stands_alone(
    text: Shipped, which: str
) -> None:
    """A line runs as its first letter does: a name there would turn the sentence behind it around."""
    given = values(text.type, which)
    for part, written in text.rendered("ar", given).items():
        if part.endswith(".html"):
            continue
        for line in written.splitlines():
            assert not (has_arabic(line) and runs_from_left(line)), line
            if "://" in line:
                assert line.strip() in (given["link"], given["unsubscribe_url"], given["site_url"])


@pytest.mark.parametrize("language", ["hi", "ar"])
def test_no_branch_of_a_text_in_another_script_says_anything_in_latin_letters(language: str) -> None:
    folders = [Path(each.path, "templates", "notifications") for each in apps.get_app_configs()]
    sources = [file for folder in folders for file in folder.rglob(f"{language}/*") if file.suffix in (".txt", ".html")]
    assert len(sources) >= 80
    for file in sources:
        left = set(re.findall(r"[A-Za-z]{2,}", written_words(file.read_text()))) - NAMES
        assert left == set(), file


@pytest.mark.parametrize("text", shipped(), ids=str)
@pytest.mark.parametrize("language", ["hi", "ar"])
def test_what_is_rendered_in_another_script_is_latin_only_in_values_names_and_formats(
    text: Shipped, language: str
) -> None:
    given = values(text.type, "example")
    for part, written in text.rendered(language, given).items():
        said = words(without_markup(part, written), given)
        assert set(LATIN.findall(said)) <= NAMES | FORMATS, part


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_is_told_the_time_zone(language: str) -> None:
    zone = "غرينتش+5:30" if language == "ar" else "IST"
    for text in shipped():
        if text.key.startswith("clinic.") and text.channel in ("email", "sms"):
            part = "sms.txt" if text.channel == "sms" else "email.html"
            assert zone in text.rendered(language, values(text.type, "example"))[part], text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["sms", "push"])
def test_the_neutral_text_is_there_in_each_language(channel: str, language: str) -> None:
    given = {"site": "example.org", "site_url": "https://example.org"}
    wording = texts.neutral(channel, language)
    assert wording.language == language
    for written in wording.render(given).values():
        assert not set(LATIN.findall(words(written, given))) or language in ("en", "es")
        assert not (has_arabic(written.splitlines()[0]) and runs_from_left(written.splitlines()[0]))


# What a type declares is what its context gives.


@pytest.fixture
def person() -> Any:
    """A patient who has all that the examples tell of."""
    patient = make_patient()
    appointment = make_appointment(pk=1, patient=patient)
    make_prescription(pk=1, patient=patient, doctor=appointment.doctor, issued=True)
    return patient.user


def instance(type_: type[NotificationType], person: Any) -> NotificationType:
    """One of the type, about real objects."""
    payload: dict[str, Any] = dict(type_.example)
    if type_.key == "notify.sms_received":
        message = InboundMessage.objects.create(
            channel="sms", alias="sandbox", provider_id="1", address=person.phone, user=person, text="May I?"
        )
        payload["message_id"] = str(message.pk)
    if type_.key == "notify.verification_code":
        point = ContactPoint.objects.create(user=person, channel="sms", address=person.phone)
        code = OneTimeCode.objects.create(
            user=person, contact_point=point, address=point.address, expires_at=clock.now()
        )
        payload["code_id"] = code.pk
    return type_.from_payload(payload)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("type_", types(), ids=lambda each: each.key)
def test_a_type_gives_exactly_the_plain_values_that_it_declares(
    type_: type[NotificationType], person: Any, language: str
) -> None:
    declared = type_.declared_variables()
    assert declared
    with speaking(language, person):
        given = instance(type_, person).context(person)
    assert set(given) == set(declared)
    for name, value in given.items():
        assert is_plain(value), f"{name} is {type(value)}"
        example = declared[name].example
        assert type(value) is type(example) or value is None, f"{name}: its example is of another kind"


@pytest.mark.parametrize("type_", types(), ids=lambda each: each.key)
def test_a_declaration_tells_editors_what_each_value_is(type_: type[NotificationType]) -> None:
    for name, each in (type_.declared_variables() or {}).items():
        assert each.about, name
        assert is_plain(each.example), name
        assert is_plain(each.worst), name
        assert getattr(each.example, "tzinfo", True) is not None, f"{name}: a moment without a time zone"
        if isinstance(each.example, str):
            assert len(each.worst) >= len(each.example), name


def is_plain(value: Any) -> bool:
    """Whether it is of exact types that templates take, and so is what is in it."""
    if type(value) is dict:
        return all(type(key) is str and is_plain(each) for key, each in value.items())
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    return type(value) in PLAIN


def test_what_tells_of_health_is_declared_sensitive() -> None:
    named = {(each.key, name) for each in types() for name, value in _declared(each).items() if value.sensitive}
    clinic = {each.key for each in types() if each.key.startswith("clinic.")}
    assert named == {("notify.sms_received", "text"), *((key, "treatment") for key in clinic)}


def _declared(type_: type[NotificationType]) -> dict[str, Any]:
    return dict(type_.declared_variables() or {})


def test_the_channels_of_the_texts_are_configured() -> None:
    assert {each.channel for each in shipped()} == {"email", "sms", "push", "in_app"}
    assert all(get_channel(each.channel).parts for each in shipped())


@pytest.mark.parametrize(
    ("line", "from_left"),
    [
        ("Lotus House: تأكد موعدك", True),
        ("تأكد موعدك في Lotus House", False),
        ("048217 هو رمزك", False),  # digits decide nothing
        ("\u2066+919876543210\u2069: تأكد موعدك", False),  # nor does what is isolated
        ("https://example.org/", True),
    ],
)
def test_these_tests_see_which_way_a_line_runs(line: str, from_left: bool) -> None:
    assert runs_from_left(line) is from_left
    assert has_arabic(line) is ("موعدك" in line or "رمزك" in line)


def test_these_tests_see_what_a_source_says_in_all_its_branches() -> None:
    source = (
        '{% comment %} note {% endcomment %}{% if a == "hidden" %}one{% else %}<b class="x">two</b>{% endif %}'
        '{% button link "See it" %}{{ place|default:"here" }}{% date at "full" %}'
    )
    assert set(LATIN.findall(written_words(source))) == {"one", "two", "See", "it", "here"}
    assert words("Ada is here, Adam too", {"person": "Ada"}).split() == ["is", "here,", "Adam", "too"]
