"""What each tag of the language says, and what a rendering costs and shares (T2, T7)."""

import datetime as dt
import threading
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from django.db.models import TextChoices
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from notifications.exceptions import TemplateError, TemplateSyntaxError
from notifications.templating.running import ITERATIONS_MAX, OUTPUT_MAX
from tests.language import compiled, rendered

MORNING = dt.datetime(2024, 3, 4, 15, 30, tzinfo=dt.UTC)


class Ward(TextChoices):
    EAST = "east", "East"


class Colour(StrEnum):
    RED = "red"


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en-us"), timezone.override("America/New_York"):
        yield


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("a\nb", "a\nb"),
        ("{{ name }}", "Asha"),
        ("{{name}}", "Asha"),
        ("{{ name|upper|lower|capfirst }}", "Asha"),
        ('{{ "it\'s" }}', "it's"),
        (r"{{ 'it\'s' }}", "it's"),
        ("{{ 3 }} {{ -2 }} {{ 1.5 }}", "3 -2 1.5"),
        ("{{ True }} {{ False }} {{ None }}", "True False "),
        ("{{ nobody }}", ""),
        ("{{ nobody|default:name }}", "Asha"),
        ("{{ missing|default:'us' }}", "us"),
        ("{{ group.a }} {{ group.b.0 }} {{ items.1 }}", "1 2 y"),
        ("{% if name %}a{% elif items %}b{% else %}c{% endif %}", "a"),
        ("{% if missing %}a{% elif items %}b{% else %}c{% endif %}", "b"),
        ("{% if missing %}a{% elif nobody %}b{% else %}c{% endif %}", "c"),
        ("{% if not missing and name == 'Asha' %}a{% endif %}", "a"),
        ("{% if 'x' in items and 'z' not in items %}a{% endif %}", "a"),
        ("{% if items|length >= 2 %}a{% endif %}", "a"),
        ("{% if nobody is None and name is not None %}a{% endif %}", "a"),
        (
            "{% for each in items %}{{ forloop.counter }}{{ each }}{% if not forloop.last %},{% endif %}{% endfor %}",
            "1x,2y",
        ),
        ("{% for each in items reversed %}{{ each }}{% endfor %}", "yx"),
        ("{% for each in nobody %}{{ each }}{% empty %}none{% endfor %}", "none"),
        ("{% for key, value in group %}{{ key }}{% endfor %}", "ab"),
        ("{% for each in items %}{% endfor %}{{ each|default:'gone' }}", "gone"),
        ("{% plural one %}{% one %}1 day{% other %}{{ one }} days{% endplural %}", "1 day"),
        ("{% plural five %} {% one %}1 day{% other %}{{ five }} days{% endplural %}", "5 days"),
        ("{% date at %} {% date at 'short' %}", "March 4, 2024 3/4/24"),
        ("{% time at %}", "10:30 AM"),
        ("{% datetime at 'medium' %}", "Mar 4, 2024, 10:30 AM"),
        ("{% number total 2 %}", "1,250.50"),
        ("{% money total 'INR' %}", "₹1,250.50"),
        ("{% link link 'See it' %}", "See it: https://example.org/"),
        ("{% link link %}", "https://example.org/"),
        ("{% link link nobody %}", "https://example.org/"),
        ("{% button link 'See it' %}", "See it: https://example.org/"),
        ("{{ at }}", "March 4, 2024, 10:30 AM"),
        ("{{ total }}", "1,250.5"),
    ],
)
def test_a_text_says(source, text):
    values = {
        "name": "Asha", "nobody": None, "items": ["x", "y"], "group": {"a": 1, "b": (2, 3)}, "one": 1, "five": 5,
        "at": MORNING, "total": Decimal("1250.50"), "link": "https://example.org/",
    }  # fmt: skip
    assert rendered(source, values) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Ward.EAST, "east"),
        (Colour.RED, "red"),
        (gettext_lazy("Monday"), "Monday"),
        (SafeString("<b>"), "&lt;b&gt;"),
        (mark_safe("&amp;"), "&amp;amp;"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        ([Ward.EAST, gettext_lazy("Monday")], "east, Monday"),
        ((Colour.RED, SafeString("<i>")), "red, &lt;i&gt;"),
    ],
)
def test_choices_and_translations_are_text(value, text):
    source = "{{ x|join }}" if isinstance(value, list | tuple) else "{{ x }}"
    assert rendered(source, {"x": value}, html=True) == text


def test_a_list_with_a_choice_in_it_is_the_same_list_with_text():
    given = {"x": [{"ward": Ward.EAST, "rest": [1, None]}]}
    assert rendered("{% for each in x %}{{ each.ward }}{{ each.rest.0 }}{% endfor %}", given) == "east1"
    assert given == {"x": [{"ward": Ward.EAST, "rest": [1, None]}]}
    assert given["x"][0]["ward"] is Ward.EAST


def test_an_object_is_named_by_its_class_and_by_what_to_give_instead():
    class Doctor:
        pass

    for value, relation in ((Doctor(), "is"), ([Doctor()], "holds an object")):
        with pytest.raises(TemplateError) as caught:
            rendered("a\n {% if x %}{% endif %}", {"x": value})
        assert f"text, line 2: The value x {relation} of the class Doctor." in str(caught.value)
        assert "context() gives, say, str(doctor) instead of doctor" in str(caught.value)


def test_what_a_value_is_does_not_get_into_the_error():
    for source in (
        "{% date x %}",
        "{% number x %}",
        "{% link x %}",
        "{% for a in x %}{% endfor %}",
        "{% plural x %}{% other %}{% endplural %}",
    ):
        with pytest.raises(TemplateError) as caught:
            rendered(source, {"x": "HIV positive"})
        assert "HIV" not in str(caught.value)


def test_lines_are_kept_in_html_only():
    assert rendered("{{ x|linebreaksbr }}", {"x": "a\nb"}, html=True) == "a<br>b"
    with pytest.raises(TemplateSyntaxError, match="linebreaksbr is for HTML"):
        compiled("{{ x|linebreaksbr|default:'a' }}")


def test_the_error_of_a_rendering_names_the_line_and_the_column():
    with pytest.raises(TemplateError) as caught:
        rendered("a\nb {% if a %}{{ missing }}{% endif %}", {"a": 1})
    assert str(caught.value) == "text, line 2: There is no value missing"
    assert (caught.value.template, caught.value.line, caught.value.column) == ("text", 2, 13)


def test_loops_may_go_round_as_often_as_the_limit_says():
    source = "{% for a in x %}{% for b in x %}{% endfor %}{% endfor %}"
    rendered(source, {"x": list(range(99))})  # 99 + 99 × 99
    with pytest.raises(TemplateError, match="more than 10,000 times"):
        rendered(source, {"x": list(range(100))})
    assert ITERATIONS_MAX == 10_000


def test_a_text_may_be_as_long_as_the_limit_says():
    assert len(rendered("{{ x }}", {"x": "a" * OUTPUT_MAX})) == OUTPUT_MAX
    with pytest.raises(TemplateError, match="beyond 1,000,000 characters"):
        rendered("{{ x }}", {"x": "a" * (OUTPUT_MAX + 1)})


def test_threads_that_render_one_text_at_once_get_each_its_own():
    source = (
        "{% for each in items %}{{ who }}{{ forloop.counter }}{% if who in others %}!{% endif %}"
        '{% include "notifications/layouts/part.html" with a=each %}{{ who|upper|lower }};{% endfor %}{{ who }}'
    )
    text = compiled(source, html=True, layouts={"part.html": "({{ a }}{{ who }})"})
    start, wrong = threading.Barrier(8), []

    def work(name):
        values = {"who": name, "items": [f"{name}{n}" for n in range(20)], "others": ["t3"]}
        mark = "!" if name == "t3" else ""
        expected = "".join(f"{name}{n + 1}{mark}({name}{n}{name}){name};" for n in range(20)) + name
        start.wait()
        for _ in range(100):
            if text.render(values) != expected:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_threads_inline_the_styles_of_each_message_apart():
    text = compiled(
        "<style>p:first-child { color: red }</style>{% for a in x %}<p>{{ a }}</p>{% endfor %}", html=True, styled=True
    )
    assert text.inline_each
    start, wrong = threading.Barrier(8), []

    def work(name):
        start.wait()
        for _ in range(50):
            if f'<p style="color: red;">{name}</p><p>b</p>' not in text.render({"x": [name, "b"]}):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_a_rendering_that_fails_leaves_the_text_as_it_was():
    text = compiled("{% for a in x %}{{ a.b }}{% endfor %}")
    with pytest.raises(TemplateError):
        text.render({"x": [{"b": 1}, {}]})
    assert text.render({"x": [{"b": 1}, {"b": 2}]}) == "12"
