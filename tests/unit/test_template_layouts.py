"""Layouts laid around texts, and what texts include (T2)."""

import pytest

from notifications.exceptions import TemplateSyntaxError
from tests.language import compiled, rendered

LAYOUTS = {
    "base.html": (
        "<{% block title %}Title{% endblock %}|{% block body %}{% block inner %}Inner{% endblock %}{% endblock %}>"
    ),
    "alert.html": (
        '{% extends "notifications/layouts/base.html" %}{% block title %}Alert: {{ block.super }}{% endblock %}'
    ),
    "part.html": "[{{ a }}{% block b %}B{% endblock %}]",
    "deep/part-2.html": "deep",
}
BASE = '{% extends "notifications/layouts/base.html" %}'
ALERT = '{% extends "notifications/layouts/alert.html" %}'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (BASE, "<Title|Inner>"),
        (BASE + "{% block title %}T{% endblock %}", "<T|Inner>"),
        (BASE + "{% block inner %}I{% endblock %}", "<Title|I>"),
        (BASE + "{% block body %}B{% endblock %}", "<Title|B>"),
        (BASE + "{% block body %}{{ block.super }}+{% endblock %}", "<Title|Inner+>"),
        (BASE + "{% block body %}{{ block.super }}{{ block.super }}{% endblock %}", "<Title|InnerInner>"),
        (BASE + "{% block body %}{{ block.super }}{% endblock %}{% block inner %}I{% endblock %}", "<Title|I>"),
        (BASE + "\n {# a #} {% comment %}b{% endcomment %}\n{% block title %}T{% endblock title %}", "<T|Inner>"),
        (ALERT, "<Alert: Title|Inner>"),
        (ALERT + "{% block title %}{{ block.super }}!{% endblock %}", "<Alert: Title!|Inner>"),
        (ALERT + "{% block body %}{% block new %}N{% endblock %}{% endblock %}", "<Alert: Title|N>"),
        ("{% block a %}A{{ block.super }}{% endblock %}", "A"),
        ("{{ block.super }}", ""),
        ('{% include "notifications/layouts/part.html" with a=1 %}', "[1B]"),
        ("{% include 'notifications/layouts/part.html' %}", "[xB]"),
        ('{% include "notifications/layouts/part.html" with a="1 2" c=a %}', "[1 2B]"),
        ('{% include "notifications/layouts/part.html" with a=1 %}{{ a }}', "[1B]x"),
        ('{% block b %}b{% endblock %}{% include "notifications/layouts/part.html" %}', "b[xB]"),
        ('{% include "notifications/layouts/deep/part-2.html" %}', "deep"),
        ('{% if a %}{% include "notifications/layouts/deep/part-2.html" %}{% endif %}', "deep"),
        ('{% include "notifications/layouts/base.html" %}', "<Title|Inner>"),
    ],
)
def test_a_text_is_laid_into_its_layout(source, text):
    assert rendered(source, {"a": "x"}, layouts=LAYOUTS) == text


@pytest.mark.parametrize(
    ("source", "where", "words"),
    [
        (
            BASE + "a",
            "1:48",
            "This stands in no block, so notifications/layouts/base.html does not show it. Put it into one",
        ),
        (BASE + "\n\n  {{ a }}", "3:3", "Put it into one"),
        (BASE + "\n  a b", "2:3", "Put it into one"),
        (BASE + "{% block titel %}{% endblock %}", "1:48", "has no block 'titel'. Known: body, inner, title"),
        (BASE + "{% if a %}{% block title %}{% endblock %}{% endif %}", "1:48", "Put it into one"),
        (
            '{% extends "notifications/layouts/none.html" %}',
            "1:1",
            "There is no layout notifications/layouts/none.html",
        ),
        ('a\n{% include "notifications/layouts/none.html" %}', "2:1", "There is no layout"),
        ('{% include "notifications/layouts/part.html" a=1 %}', "1:1", "with name=value"),
        ('{% include "notifications/layouts/part.html" with %}', "1:1", "with name=value"),
        ('{% include "notifications/layouts/part.html" with a=1 only %}', "1:1", "with name=value"),
        ('{% include "notifications/layouts/part.html" with a %}', "1:1", "with name=value"),
    ],
)
def test_what_would_not_be_shown_is_refused(source, where, words):
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source, layouts=LAYOUTS)
    assert f"{caught.value.line}:{caught.value.column}" == where
    assert words in caught.value.hint


def test_an_error_in_a_layout_names_the_layout():
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(BASE, layouts={"base.html": "a\n{% block a %}{{ x| }}{% endblock %}"})
    assert str(caught.value).startswith("notifications/layouts/base.html, line 2, column 14: ")


ARABIC = {"LANGUAGE_CODE": "ar", "LANGUAGE_BIDI": True}


@pytest.mark.parametrize(
    ("source", "english", "arabic"),
    [
        ("{{ LANGUAGE_CODE }}", "en", "ar"),
        ("{{ LANGUAGE_CODE|upper }}", "EN", "AR"),
        ("{% if LANGUAGE_BIDI %}rtl{% else %}ltr{% endif %}", "ltr", "rtl"),
        ("{% if not LANGUAGE_BIDI %}ltr{% endif %}", "ltr", ""),
        ("{% if LANGUAGE_CODE == 'ar' %}rtl{% endif %}", "", "rtl"),
        ("{% if a and LANGUAGE_BIDI %}rtl{% else %}ltr{% endif %}", "ltr", "rtl"),
        ("{% if a %}1{% elif LANGUAGE_BIDI %}2{% endif %}", "1", "1"),
        ('{% include "notifications/layouts/part.html" with a=LANGUAGE_CODE %}', "[enB]", "[arB]"),
        ("{% link '/' LANGUAGE_CODE %}", "en: /", "ar: /"),
    ],
)
def test_the_language_of_the_text_is_known_when_it_is_compiled(source, english, arabic):
    assert rendered(source, {"a": 1}, layouts=LAYOUTS) == english
    assert rendered(source, {"a": 1}, layouts=LAYOUTS, constants=ARABIC) == arabic


def test_what_the_language_decides_is_not_left_to_each_message():
    text = compiled("<p{% if LANGUAGE_BIDI %} dir='rtl'{% endif %}>{{ LANGUAGE_CODE }}", html=True)
    assert text.steps == ["<p>en"]
