"""In which language a message is: all of it in one, with dates, direction and layout of that language (T4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from notifications.exceptions import TemplateError
from notifications.models import Delivery, SandboxMessage
from notifications.services import notify, preview
from notifications.services import templates as staff
from notifications.templating import texts
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from notifications.variables import Variable

pytestmark = pytest.mark.django_db


class Visit(NotificationType):
    """A time and a place."""

    key = "tests.language"
    channels = ("email",)
    example = {"at": "2030-03-04T05:00:00+00:00"}
    variables = {"at": Variable(example="2030-03-04T05:00:00+00:00")}

    at: str

    def context(self, recipient: Any) -> dict[str, Any]:
        return self.payload()


FILES = {
    "email.subject.txt": "Visit on {% date at 'full' %}",
    "email.html": '{% extends "notifications/layouts/email.html" %}'
    '{% block content %}{% time at "zone" %}{% endblock %}',
    "es/email.subject.txt": "Visita el {% date at 'full' %}",
    "ar/email.subject.txt": "زيارة {% date at 'full' %}",
    "ar/email.html": '{% extends "notifications/layouts/email.html" %}{% block content %}{% time at %}{% endblock %}',
    "pt/email.subject.txt": "Visita em {% date at 'full' %}",
    "pt/email.html": "<p>{% time at %}</p>",
}


@pytest.fixture(autouse=True)
def visits() -> Iterator[None]:
    with registered(Visit, FILES):
        yield


def sent_to(person: Any) -> dict[str, Any]:
    notify(Visit(**Visit.example), to=person)
    deliver_all()
    assert [each.detail for each in Delivery.objects.all() if each.detail] == []
    return dict(SandboxMessage.objects.get(to=person.email).content)


@pytest.mark.parametrize(
    ("reads", "subject"),
    [
        ("en", "Visit on Monday, 4 March 2030"),
        ("en-us", "Visit on Monday, March 4, 2030"),  # the text in English, the date as the reader has it
        ("pt-br", "Visita em segunda-feira, 4 de março de 2030"),
        ("ar", "زيارة الاثنين، 4 مارس 2030"),
        ("de", "Visit on Monday, 4 March 2030"),  # a text in English has its dates in English
        ("es", "Visit on Monday, 4 March 2030"),  # Spanish has no email.html: all is of the default
    ],
)
def test_a_message_is_all_of_one_language_and_so_are_its_dates(
    make_person: Callable[..., Any], reads: str, subject: str
) -> None:
    assert sent_to(make_person(language=reads))["subject"] == subject


@pytest.mark.parametrize(
    ("reads", "direction", "lang"), [("ar", "rtl", "ar"), ("he", "ltr", "en"), ("en", "ltr", "en")]
)
def test_the_layout_runs_as_the_language_of_the_text_and_not_as_that_of_the_reader(
    make_person: Callable[..., Any], reads: str, direction: str, lang: str
) -> None:
    html = sent_to(make_person(language=reads))["html"]
    assert f'dir="{direction}"' in html and f'lang="{lang}"' in html


def test_times_are_those_of_the_readers_zone(make_person: Callable[..., Any]) -> None:
    text = sent_to(make_person(time_zone="Asia/Kolkata"))["text"]
    assert "10:30" in text and "IST" in text


def test_a_published_text_of_a_language_wins_over_its_file_and_a_file_of_a_nearer_language_over_it(
    make_person: Callable[..., Any], settings: Any
) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, ("pt", "Portuguese")]
    parts = {"email.subject.txt": "Publicado", "email.html": "<p>{{ at }}</p>"}
    staff.publish(staff.begin(Visit.key, "email", "pt", by=None, parts=parts), by=None)
    assert sent_to(make_person(language="pt-br"))["subject"] == "Publicado"
    everybody = {"email.subject.txt": "For all others", "email.html": "<p>{{ at }}</p>"}
    staff.publish(staff.begin(Visit.key, "email", by=None, parts=everybody), by=None)
    assert sent_to(make_person(language="ar"))["subject"].startswith("زيارة")
    assert sent_to(make_person(language="es"))["subject"] == "For all others"


def test_where_no_language_has_a_text_the_error_says_where_it_was_looked_for() -> None:
    with registered(Visit), pytest.raises(TemplateError) as refused:
        texts.neutral("in_app", "pt-br")
    assert str(refused.value) == (
        "Template missing. Looked for: notifications/neutral/pt-br/in_app.title.txt, "
        "notifications/neutral/pt/in_app.title.txt, notifications/neutral/in_app.title.txt."
    )


def test_parts_that_stand_in_two_languages_make_no_message_and_the_error_says_so(
    make_person: Callable[..., Any],
) -> None:
    torn = {"es/in_app.title.txt": "Visita", "in_app.txt": "Visit"}
    with registered(InTwoLanguages, torn):
        (notification,) = notify(InTwoLanguages(), to=make_person(language="es"))
        (shown,) = preview(InTwoLanguages(), to=notification.recipient)
    said = (
        "Template incomplete: a message is all of one language, and none of notifications/tests.torn/es, "
        "notifications/tests.torn has all of in_app.title.txt, in_app.txt."
    )
    assert shown.error == said
    assert notification.deliveries.get().detail == f"TemplateError: {said}"


@pytest.mark.parametrize(
    ("written", "reads"), [("pt-BR", "pt-br"), ("pt-br", "pt-BR"), ("zh-hant", "zh-hant-hk"), ("zh", "zh-hant-hk")]
)
def test_what_staff_publish_is_found_in_any_letters_and_by_every_shorter_name_of_a_language(
    make_person: Callable[..., Any], settings: Any, written: str, reads: str
) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, (written, "Another")]
    parts = {"email.subject.txt": "Published", "email.html": "<p>{{ at }}</p>"}
    staff.publish(staff.begin(Visit.key, "email", written, by=None, parts=parts), by=None)
    assert sent_to(make_person(language=reads))["subject"] == "Published"


def test_a_text_is_compiled_once_for_all_who_get_the_same_words_and_not_for_each_language_of_a_reader() -> None:
    texts.refresh()
    german, french, english = (texts.choose(Visit.key, "email", each, 1).wording for each in ("de", "fr", "en"))
    assert german is french is english
    american = texts.choose(Visit.key, "email", "en-us", 1).wording
    assert (american.language, english.language) == ("en-us", "en")


def test_what_is_kept_does_not_grow_with_what_readers_have_for_a_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_KEPT", 5)
    texts.refresh()
    for number in range(20):
        for language in (f"x{number}", f"en-x{number}"):
            assert texts.choose(Visit.key, "email", language, 1).wording.language in (language, "en")
    known = texts._of_thread.known
    assert max(len(known.by_reader), len(known.by_place)) <= 5


class InTwoLanguages(NotificationType):
    """Its title is in Spanish alone, its text in the default language alone."""

    key = "tests.torn"


def test_a_site_of_another_language_says_that_its_default_texts_are_in_english(
    make_person: Callable[..., Any], settings: Any
) -> None:
    settings.LANGUAGE_CODE = "hi"
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEXT_LANGUAGE": "en"}
    assert [code for code, _ in staff.languages()] == ["", "hi", "es", "ar"]
    assert sent_to(make_person(language="de"))["subject"] == "Visit on Monday, 4 March 2030"
    parts = {"email.subject.txt": "{% date at 'full' %}", "email.html": "<p>{{ at }}</p>"}
    staff.publish(staff.begin(Visit.key, "email", "hi", by=None, parts=parts), by=None)
    assert sent_to(make_person(language="hi"))["subject"] == "सोमवार, 4 मार्च 2030"


def test_a_draft_begins_as_the_text_that_is_complete_and_not_as_half_of_a_nearer_one() -> None:
    assert set(FILES) > {"es/email.subject.txt"} and "es/email.html" not in FILES
    assert staff.begin(Visit.key, "email", "es", by=None).parts["email.subject.txt"] == FILES["email.subject.txt"]
