"""What hostile texts and hostile values come to: nothing is evaluated, and the editor is told what to do (T2)."""

import contextlib
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.utils import translation
from django.utils.safestring import mark_safe
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.exceptions import TemplateError, TemplateSyntaxError
from notifications.templating import inlining, running
from notifications.templating.filters import FILTERS
from notifications.templating.layouts import LENGTH_MAX, SIZE_MAX
from notifications.templating.tokens import SOURCE_MAX
from notifications.templating.validation.uses import uses_of
from tests.language import compiled, rendered
from tests.unit.hostile_templates import FAILS, HARMLESS, LIMITED, REFUSED, REFUSED_IN_HTML

LAYOUTS = {"a.html": "{% block a %}A{% endblock %}"}


def names(cases):
    return [f"{number}-{case[0][:40]!a}" for number, case in enumerate(cases)]


def check_refusal(source, where, words, *, html):
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source, html=html, layouts=LAYOUTS)
    error = caught.value
    assert f"{error.line}:{error.column}" == where
    assert words in error.hint
    assert error.hint in str(error)
    assert str(error).startswith(f"text, line {error.line}, column {error.column}: ")
    assert str(error).replace("\n", "").isprintable()
    str(error).encode()  # no half of a character is quoted


@pytest.mark.parametrize(("source", "where", "words"), REFUSED, ids=names(REFUSED))
def test_it_is_refused_with_its_place_and_with_what_to_do(source, where, words):
    check_refusal(source, where, words, html=False)
    check_refusal(source, where, words, html=True)


@pytest.mark.parametrize(("source", "where", "words"), REFUSED_IN_HTML, ids=names(REFUSED_IN_HTML))
def test_in_html_it_is_refused_with_its_place_and_with_what_to_do(source, where, words):
    check_refusal(source, where, words, html=True)


@pytest.mark.parametrize(("source", "values", "text"), HARMLESS, ids=names(HARMLESS))
def test_what_is_legal_says_literally(source, values, text):
    with translation.override("en"):
        assert rendered(source, values) == text


@pytest.mark.parametrize(("source", "values", "words"), FAILS + LIMITED, ids=names(FAILS + LIMITED))
def test_rendering_it_fails_with_its_place_and_the_reason(source, values, words):
    text = compiled(source)
    with translation.override("en"), pytest.raises(TemplateError) as caught:
        text.render(values)
    assert words in str(caught.value)
    assert (caught.value.template, caught.value.line) == ("text", 1)


def test_there_are_more_than_enough_of_them():
    assert len(REFUSED) >= 100
    assert len({source for source, *_ in REFUSED + REFUSED_IN_HTML}) == len(REFUSED) + len(REFUSED_IN_HTML)


@pytest.mark.parametrize(
    "source", ["{{ settings.SECRET_KEY }}", "{{ request.user.password }}", "{{ perms }}", "{{ loop.index }}"]
)
def test_an_unknown_value_is_told_of_when_the_text_is_saved(source):
    values = {"doctor": "Dr. Nair"}
    (use,) = uses_of(compiled(source).body, values, values)
    assert use.problem.startswith(f"There is no value '{use.name.split('.')[0]}'. Known: doctor")


FRAGMENTS = sorted({source for source, *_ in REFUSED + REFUSED_IN_HTML + HARMLESS + FAILS if len(source) < 200})


CHARACTERS = "{}%#|:.\"'\\ \n<>/=![]-_aA0\u200b\u202e\u0663\ud800é漢"


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(CHARACTERS, max_size=4)), max_size=6),
    cut=st.integers(0, 40),
)
def test_whatever_is_written_it_is_a_text_or_an_error_for_the_editor(pieces, cut):
    source = "".join(pieces)[cut:]
    values = {"x": "a<", "y": [1, "b"], "z": {"a": 1}}
    for html in (False, True):
        with contextlib.suppress(TemplateError):
            assert type(rendered(source, values, html=html, styled=html, layouts=LAYOUTS)) is str


# What is not written in one line


def test_a_layout_that_includes_itself_is_refused():
    source = '{% include "notifications/layouts/a.html" %}'
    with pytest.raises(TemplateSyntaxError, match="More than 8 texts include each other"):
        compiled(source, layouts={"a.html": source})


def test_layouts_that_extend_each_other_are_refused():
    layouts = {
        "a.html": '{% extends "notifications/layouts/b.html" %}',
        "b.html": '{% extends "notifications/layouts/a.html" %}',
    }
    with pytest.raises(TemplateSyntaxError, match="More than 8 layouts extend each other"):
        compiled(layouts["a.html"], layouts=layouts)


def test_a_block_that_comes_back_to_itself_through_its_parent_is_refused():
    layouts = {"a.html": "{% block a %}{% block b %}{% endblock %}{% endblock %}"}
    source = (
        '{% extends "notifications/layouts/a.html" %}'
        "{% block b %}{% block a %}{{ block.super }}{% endblock %}{% endblock %}"
    )
    with pytest.raises(TemplateSyntaxError, match="column 58: The block 'a' would stand inside itself"):
        compiled(source, layouts=layouts)


def test_a_text_has_a_greatest_length():
    assert rendered("a" * SOURCE_MAX) == "a" * SOURCE_MAX
    with pytest.raises(TemplateSyntaxError, match=r"The text has 200,001 characters; 200,000 are the most. Make it"):
        compiled("a" * (SOURCE_MAX + 1))


def test_a_text_has_a_greatest_number_of_parts():
    with pytest.raises(TemplateSyntaxError, match=r"more than 20,000 parts\. Make it shorter"):
        compiled("{{ x }}" * (SIZE_MAX + 1))


def test_a_text_with_its_layouts_has_a_greatest_length():
    layouts = {"a.html": "a" * 1000}
    with pytest.raises(TemplateSyntaxError, match=r"more than 500,000 characters\. Make it shorter"):
        compiled('{% include "notifications/layouts/a.html" %}' * (LENGTH_MAX // 1000 + 1), layouts=layouts)


def test_texts_that_include_each_other_are_not_nested_without_end():
    deep = "{% if x %}" * 15 + "{}" + "{% endif %}" * 15
    layouts = {
        f"{n}.html": deep.replace("{}", f'{{% include "notifications/layouts/{n + 1}.html" %}}') for n in range(7)
    }
    with pytest.raises(TemplateSyntaxError, match="nested more than 60 deep"):
        compiled('{% include "notifications/layouts/0.html" %}', layouts={**layouts, "7.html": "a"})


def test_what_filters_cost_counts_even_where_nothing_is_written(monkeypatch):
    monkeypatch.setattr(running, "SECONDS_MAX", 0.0)
    text = compiled("{% if x|upper|lower|title == 'a' %}{% endif %}" * 500)
    with pytest.raises(TemplateError, match="It takes longer than 0 s"):
        text.render({"x": "a" * 100_000})


def test_what_conditions_cost_counts_too(monkeypatch):
    monkeypatch.setattr(running, "SECONDS_MAX", 0.0)
    text = compiled("{% if x %}{% endif %}" * 5_000)
    with pytest.raises(TemplateError, match="It takes longer than 0 s"):
        text.render({"x": False})


@pytest.mark.parametrize("source", ["<div>" * 5_001, "<b><i>" * 2_501, "<p>a</p>" * 5_001])
def test_an_email_has_a_greatest_number_of_elements(source):
    with pytest.raises(TemplateSyntaxError, match="An email has at most 5,000 elements"):
        compiled(source, html=True, styled=True)


def test_values_do_not_multiply_the_elements_of_an_email_without_end():
    text = compiled(
        "<style>p:first-child { color: red }</style>{% for a in x %}<div>{% endfor %}", html=True, styled=True
    )
    assert text.inline_each
    with pytest.raises(TemplateError, match="An email has at most 5,000 elements"):
        text.render({"x": list(range(9_000))})


def test_formatting_that_is_opened_anew_in_each_paragraph_is_limited():
    source = "<p>" + "".join(f'<b title="{n}">' for n in range(51)) + "</p>" + "<p>a</p>" * 100
    with pytest.raises(TemplateSyntaxError, match=r"too many are not closed\. Close each"):
        compiled(source, html=True, styled=True)


def test_the_styles_of_an_email_have_a_greatest_length():
    with pytest.raises(TemplateSyntaxError, match="at most 50,000 characters"):
        compiled(f"<style>{'p{color:red}' * 5_000}</style><p>a</p>", html=True, styled=True)


def test_style_sheets_of_others_are_not_fetched(tmp_path):
    (tmp_path / "evil.css").write_text("p { color: red }")
    for address in (f"file://{tmp_path}/evil.css", f"{tmp_path}/evil.css"):
        html = inlining.inline(f'<link rel="stylesheet" href="{address}"><style>@import "{address}";</style><p>a</p>')
        assert "<p>a</p>" in html


# Values that watch what is done to them


class Canary:
    """An object that notes all that is done to it."""

    seen: list[str] = []

    def __getattribute__(self, name):
        Canary.seen.append(name)
        return object.__getattribute__(self, name)


def _watched(name):
    def method(self, *args):
        Canary.seen.append(name)
        return NotImplemented if name in ("__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__") else 1

    return method


SPECIAL = """
__str__ __repr__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __len__ __iter__ __getitem__ __contains__ __call__
__html__ __format__ __index__ __int__ __float__ __hash__ __getattr__ __next__ __reversed__ __add__ __radd__ __mod__
__rmod__ __fspath__ __bytes__ resolve_expression
"""
for each in SPECIAL.split():
    setattr(Canary, each, _watched(each))


class Liar(Canary):
    """It says that it is a text."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        Canary.seen.append("__class__")
        return str


@pytest.fixture
def canary():
    Canary.seen.clear()
    return Canary()


USES = [
    "{{ x }}",
    "{% if x %}a{% endif %}",
    "{% if not x %}a{% endif %}",
    "{% if x == 1 %}a{% endif %}",
    "{% if 'a' in x %}a{% endif %}",
    "{% if x in y %}a{% endif %}",
    "{% if x < y %}a{% endif %}",
    "{% if x is y %}a{% endif %}",
    "{% if y and x %}a{% endif %}",
    "{% for a in x %}a{% endfor %}",
    "{% for a, b in x %}a{% endfor %}",
    "{% plural x %}{% other %}a{% endplural %}",
    "{% link x %}",
    "{% link '/' x %}",
    "{% date x %}",
    "{% time x %}",
    "{% number x %}",
    "{% number y x %}",
    "{% money x 'INR' %}",
    "{% money y x %}",
    "{{ y|default:x }}",
    '{% include "notifications/layouts/b.html" with c=x %}',
    *(f"{{{{ x|{name}{':1' if each.argument == 'required' else ''} }}}}" for name, each in FILTERS.items()),
    *(f"{{{{ y|{name}:x }}}}" for name, each in FILTERS.items() if each.argument != "none"),
]


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("source", USES)
@pytest.mark.parametrize("kind", [Canary, Liar])
@pytest.mark.parametrize("wrapped", [lambda x: x, lambda x: [x], lambda x: {"a": [x]}, lambda x: (1, x)])
def test_an_object_among_the_values_is_left_alone(canary, source, html, kind, wrapped):
    text = compiled(source, html=html or "linebreaksbr" in source, layouts={"b.html": "{{ c }}"})
    values = {"x": wrapped(kind()), "y": 1}
    Canary.seen.clear()
    try:
        text.render(values)
    except TemplateError as error:
        said = str(error)
    else:
        said = ""
    assert Canary.seen == []
    if said:
        assert f"of the class {type.__getattribute__(kind, '__name__')}" in said
    else:
        assert "y" in source  # which decides, or is what is written


@pytest.mark.parametrize(
    "source", ["{{ x.name }}", "{{ x.0 }}", "{{ x.a.b }}", "{% if x.name %}a{% endif %}", "{{ x.name|default:1 }}"]
)
def test_an_object_has_no_parts(canary, source):
    text = compiled(source)
    with contextlib.suppress(TemplateError):
        text.render({"x": canary})
    assert Canary.seen == []


@pytest.mark.parametrize(
    "source", ["{{ x.0 }}", "{{ x|first }}", "{{ x|last }}", "{% for a in x %}{{ a }}{% endfor %}", "{{ x|join }}"]
)
def test_safe_texts_in_lists_are_escaped(source):
    assert rendered(source, {"x": [mark_safe("<b>")]}, html=True) == "&lt;b&gt;"


@pytest.mark.parametrize("source", ["{{ x }}", "{{ x|upper }}", "{% if x == 'A' %}A{% endif %}", "{{ x|default:'b' }}"])
def test_a_text_of_a_class_of_its_own_is_only_its_letters(source):
    class Text(str):
        def __getattribute__(self, name):
            Canary.seen.append(name)
            return str.__getattribute__(self, name)

        def __str__(self):
            Canary.seen.append("__str__")
            return "other"

        __html__: Any = __str__
        __eq__: Any = __str__
        __hash__: Any = __str__
        __len__: Any = __str__
        __format__: Any = __str__

    value = Text("A")
    Canary.seen.clear()
    assert rendered(source, {"x": value}, html=True) == "A"
    assert Canary.seen == []


def test_lists_inside_themselves_are_refused():
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TemplateError, match="more than 20 lists or dicts inside each other"):
        rendered("{% if x %}a{% endif %}", {"x": endless})


# What is touched meanwhile

_opened: list[str] = []
_watching = threading.local()
_installed: list[bool] = []


def _audit(event, args):
    if getattr(_watching, "on", False) and event in ("open", "os.listdir", "os.scandir", "socket.connect", "exec"):
        _opened.append(f"{event} {args[0]}")


@pytest.fixture
def nothing_is_touched(monkeypatch):
    """Fails if a file is opened or a setting is read, other than those of the language and the time zone."""
    compiled("{% date x %}{% money 1 'INR' %}<p>", html=True, styled=True).render({"x": "2024-03-04"})  # imports
    settings = []
    read = LazySettings.__getattribute__

    def watched(self, name):
        if getattr(_watching, "on", False) and name.isupper():
            settings.append(name)
        return read(self, name)

    monkeypatch.setattr(LazySettings, "__getattribute__", watched, raising=False)
    if not _installed:
        sys.addaudithook(_audit)
        _installed.append(True)
    _opened.clear()
    _watching.on = True
    yield
    _watching.on = False
    assert _opened == []
    assert set(settings) <= {"USE_I18N", "LANGUAGE_CODE", "TIME_ZONE", "USE_TZ"}


def test_no_file_and_no_setting_is_touched(nothing_is_touched):
    for source, *_ in REFUSED + REFUSED_IN_HTML:
        with pytest.raises(TemplateSyntaxError):
            compiled(source, html=True, layouts=LAYOUTS)
    for source, values, *_ in HARMLESS:
        rendered(source, values)
    for source, values, _ in FAILS + LIMITED:
        with pytest.raises(TemplateError):
            rendered(source, values)


def test_the_watch_for_files_and_settings_sees_them(nothing_is_touched):
    assert django_settings.TIME_ZONE
    Path("/etc/hostname").read_text()
    assert _opened == ["open /etc/hostname"]
    _opened.clear()
