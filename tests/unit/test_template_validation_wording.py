"""Validation of texts (T3, T4): plural forms, direction of writing, placeholders, and what mail filters count."""

import pytest

from notifications.templating.validation import validate
from notifications.types import NotificationType
from notifications.variables import Variable


class Course(NotificationType):
    key = "tests.worded_course"
    variables = {"days": Variable(example=3)}


def email(html="<p>Hello</p>", subject="Hello"):
    return validate(Course, "email", "", {"email.subject.txt": subject, "email.html": html})


def of(code, found):
    return [each for each in found if each.code == code]


def only(code, found):
    (each,) = of(code, found)
    return each


PLURAL = "{{% plural days %}}{0}{{% other %}}{{{{ days }}}} days{{% endplural %}}"


@pytest.mark.parametrize(
    ("language", "cases", "missing", "unused"),
    [
        ("en", "{% one %}1 day", "", ""),
        ("en", "", "{% one %}", ""),
        ("en", "{% one %}1 day{% few %}days", "", "{% few %}"),
        ("es", "{% one %}1 día", "", ""),
        ("es", "{% one %}1 día{% many %}de días", "", ""),
        ("ja", "", "", ""),
        ("ar", "{% one %}x", "{% zero %}, {% two %}, {% few %}, {% many %}", ""),
        ("ar", "{% zero %}x{% one %}x{% two %}x{% few %}x{% many %}x", "", ""),
        ("ru", "{% one %}x{% few %}x", "{% many %}", ""),
    ],
)
def test_the_plural_forms_of_the_language_are_asked_for(settings, language, cases, missing, unused):
    settings.LANGUAGE_CODE = language

    found = validate(Course, "sms", "", {"sms.txt": "In " + PLURAL.format(cases)})

    assert [missing in each.message for each in of("notify.T100", found)] == ([True] if missing else [])
    assert [f"no {unused}," in each.message for each in of("notify.T101", found)] == ([True] if unused else [])
    assert {(each.line, each.column) for each in found if each.code in ("notify.T100", "notify.T101")} <= {(1, 4)}


def test_plurals_inside_other_tags_are_found():
    text = "{% if days %}{% for each in LANGUAGE_CODE %}" + PLURAL.format("") + "{% endfor %}{% endif %}"

    assert only("notify.T100", validate(Course, "sms", "", {"sms.txt": text})).column == 45


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Hello\nyou \u202bolleh\u202c", [(2, 5), (2, 11)]),
        ("\u2068{{ days }}", [(1, 1)]),
        ("{{ days }}\u2069", [(1, 11)]),
        ("\u2068\n\u2069", [(1, 1), (2, 1)]),
        ("\u2068{{ days }}\u2069 and \u2066{% if days %}\u2068x\u2069{% endif %}\u2069", []),
        ("\u200f{{ days }}\u200e", []),
    ],
)
def test_what_turns_the_direction_of_writing_beyond_a_name_is_told_of(text, places):
    found = of("notify.T103", validate(Course, "sms", "", {"sms.txt": text}))

    assert [(each.line, each.column) for each in found] == places


def test_an_email_of_a_language_that_runs_from_right_to_left_says_so(settings):
    layout = '{% extends "notifications/layouts/email.html" %}{% block content %}<p>مرحبا</p>{% endblock %}'

    assert not of("notify.T104", email("<p>Hello</p>"))
    settings.LANGUAGE_CODE = "ar"
    assert only("notify.T104", email("<p>مرحبا</p>")).level == "warning"
    assert not of("notify.T104", email('<div dir="rtl"><p>مرحبا</p></div>'))
    assert not of("notify.T104", email(layout))


@pytest.mark.parametrize(
    "text", ["TODO", "XXXX", "FIXME", "TBD", "lorem ipsum", "Lorem ipsum", "[name]", "[Your Name]"]
)
def test_a_placeholder_that_is_left_over_is_told_of(text):
    found = validate(Course, "sms", "", {"sms.txt": f"Come in {{{{ days }}}} days, {text}."})

    assert (only("notify.T105", found).level, only("notify.T105", found).column) == ("warning", 26)


@pytest.mark.parametrize("text", ["todo", "[C] to confirm", "{% comment %}TODO{% endcomment %}", "xxl"])
def test_what_only_looks_a_little_like_a_placeholder_is_left_alone(text):
    assert not of("notify.T105", validate(Course, "sms", "", {"sms.txt": f"Come, {text}"}))


@pytest.mark.parametrize(
    ("subject", "shouts"),
    [
        ("YOUR VISIT IS NEAR", True),
        ("IMPORTANT 47", True),
        ("UNESCO", False),
        ("Your VISIT", False),
        ("आपकी मुलाक़ात", False),
    ],
)
def test_a_subject_in_capitals_is_told_of(subject, shouts):
    assert [each.part for each in of("notify.T080", email(subject=subject))] == (
        ["email.subject.txt"] if shouts else []
    )


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<p>Hello!!!</p>", "notify.T081"),
        ("<p>FREE tea</p>", "notify.T082"),
        ("<p>Act now and come</p>", "notify.T082"),
        ("<p>Please, haga clic aquí</p>", "notify.T082"),
        ("<p>कृपया यहाँ क्लिक करें</p>", "notify.T082"),
        ("<p>مجانا</p>", "notify.T082"),
    ],
)
def test_words_and_marks_of_spam_are_told_of(html, code):
    found = only(code, email(html))

    assert (found.level, found.part, found.line) == ("warning", "email.html", 1)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hello! Come! Free of pain.</p>",
        "<p>Prewinner, winners</p>",
        '<p class="act now">x</p><style>.a { color: red !important } /* FREE!!! */</style>',
        "<p>{% comment %}FREE!!!{% endcomment %}x</p>",
    ],
)
def test_what_is_no_spam_is_left_alone(html):
    assert not [each for each in email(html) if each.code in ("notify.T081", "notify.T082")]


def test_an_sms_is_not_judged_by_the_rules_of_mail_filters():
    found = validate(Course, "sms", "", {"sms.txt": "FREE!!! Act now"})

    assert not [each for each in found if each.code.startswith("notify.T08")]


def test_an_email_of_pictures_with_little_text_is_told_of():
    picture = '<img src="https://lotus.in/x.png" alt="" width="600">'

    assert "2 pictures and only 5 characters" in only("notify.T083", email(f"<p>Hello</p>{picture}{picture}")).message
    assert not of("notify.T083", email(f"<p>{'Hello ' * 20}</p>{picture}"))
    assert not of("notify.T083", email('<p>Hello</p><img src="https://lotus.in/x.png" alt="" width="1" height="1">'))


def test_a_line_that_mail_servers_may_cut_is_told_of():
    found = email("<p>Hello</p>\n<p>" + "आप " * 150 + "</p>")

    assert only("notify.T084", found).line == 2
    assert not of("notify.T084", email("<p>" + "Hello " * 160 + "</p>"))
