"""Styles inlined when a text is compiled come to the same as styles inlined in each message (T2)."""

from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.templating import files
from notifications.templating.engine import compile_text
from notifications.templating.inlining import inline
from notifications.types import get_type
from notifications.variables import COMMON
from tests.language import compiled

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    str(path).partition("templates/")[2]
    for folder in ("notifications", "project")
    for path in (ROOT / folder).rglob("templates/notifications/*/**/email.html")
    if path.parent.name != "layouts"
)
STYLES = (
    "<style>p { color: red } .b, td b { margin: 0 } td > b { padding: 1px } @media print { p { color: blue } }</style>"
)


class _Parsed(HTMLParser):
    """What is read in a piece of HTML: elements with their attributes, text with its spaces folded, in order."""

    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.text = ""
        self.feed(html)
        self.close()
        self._flush()

    def _flush(self):
        if words := " ".join(self.text.split()):
            self.seen.append(words)
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self._flush()
        self.seen.append((tag, sorted(attrs)))

    def handle_endtag(self, tag):
        self._flush()
        self.seen.append(("/", tag))

    def handle_data(self, data):
        self.text += data


def parsed(html):
    return _Parsed(inline(html)).seen


def both(source, values, *, layouts=None):
    """A text whose styles are inlined beforehand, and the same text inlined once it is rendered."""
    early = compiled(source, html=True, styled=True, layouts=layouts)
    late = compiled(source, html=True, layouts=layouts)
    return early, early.render(values), inline(late.render(values))


LEAVES = """
{{ x }}
a
<p>a {{ x }}</p>
<p class="b">a</p>
<b>{{ x }}</b>
<b class="b" title="{{ x }}">a</b>
<a href="{{ link }}">a</a>
<br>
<img src="/{{ x }}.png" alt="{{ x }}">
{% date day %}
{% link link x %}
<table><tr><td><b>{{ x }}</b></td></tr></table>
<!-- a -->
&amp;&nbsp;
<p style="margin: 0">{{ x }}</p>
<table>{{ x }}<tr><td>a</td></tr></table>
<p>a
<ul><li>a<li>{{ x }}</ul>
<b><i>a</b>{{ x }}</i>
</p>
<p title="a" title="{{ x }}">a</p>
<div><p>{{ x }}</div>
qzn0nzq
&#113;zn1nzq
<a href="/&#113;zn0nzq">a</a>
"""
leaves = st.sampled_from([*LEAVES.strip().split("\n"), " "])


def around(children):
    body = st.lists(children, max_size=3).map("".join)
    return st.one_of(
        st.builds("{{% if y %}}{}{{% else %}}{}{{% endif %}}".format, body, body),
        st.builds("{{% if y %}}{}{{% endif %}}".format, body),
        st.builds("{{% for x in items %}}{}{{% empty %}}{}{{% endfor %}}".format, body, body),
        st.builds("{{% plural n %}}{{% one %}}{}{{% other %}}{}{{% endplural %}}".format, body, body),
        st.builds("<div>{}</div>".format, body),
        st.builds(
            "<table><tbody>{{% for x in items %}}<tr><td>{}</td></tr>{{% endfor %}}</tbody></table>".format, body
        ),
        st.builds("<table>{{% for x in items %}}<tr><td>{}</td></tr>{{% endfor %}}</table>".format, body),
        st.builds("<table>{{% if y %}}{}{{% endif %}}<tr><td>a</td></tr></table>".format, body),
        st.builds('<p title="{{% if y %}}a{{% else %}}{{{{ x }}}}{{% endif %}}">{}</p>'.format, body),
        st.builds("{{% if y %}}<div>{{% else %}}<div class='b'>{{% endif %}}{}</div>".format, body),
    )


pieces = st.lists(st.recursive(leaves, around, max_leaves=6), max_size=4).map("".join)
styles = st.sampled_from(
    [
        STYLES,
        "",
        "<style>p:first-child, b:last-of-type { color: red } tr:nth-child(2n) td { color: red }</style>",
        "<style>p + p, p ~ b { margin: 0 }</style>",
        "<style>p:empty { color: red }</style>",
        "<style>[title='a'] { color: red } a[href^='https'] { margin: 0 }</style>",
        "<style>a, p a { color: red } div p, div > b { margin: 0 }</style>",
        "<style>table td b { margin: 0 } tbody > tr > td { padding: 0 }</style>",
        "<style>p { color: red",
    ]
)
values = st.fixed_dictionaries(
    {
        "x": st.one_of(st.text("<>&\"' a;{}qzn0", max_size=8), st.sampled_from(["a", "qzn0nzq", "<!--qzn0nzq-->", ""])),
        "y": st.booleans(),
        "n": st.integers(0, 2),
        "items": st.lists(st.text("<&'a", max_size=3), max_size=3),
        "day": st.just("2024-03-04"),
        "link": st.sampled_from(["https://example.org/?a=1&b=2", "", "/a"]),
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(style=styles, body=pieces, given=values)
def test_it_comes_to_the_same_whenever_styles_are_inlined(style, body, given):
    if style.endswith("red"):
        style += "}</style>"
    with translation.override("en"):
        _, early, late = both(f"<html><head>{style}</head><body>{body}</body></html>", given)
    assert parsed(early) == parsed(late)


ADDRESSES = ("link", "site_url", "unsubscribe_url")


def examples(name):
    """The values that a shipped email sees, in three ways: as declared, the longest with signs of HTML, and empty."""
    variables = {**COMMON, **(get_type(name.split("/")[1]).declared_variables() or {})}
    declared = {each: variable.example for each, variable in variables.items()}
    longest = {
        each: f"{variable.worst}<b>&amp;\"'" if isinstance(variable.example, str) else variable.worst
        for each, variable in variables.items()
    }
    addresses = {each: f'{declared[each]}?a=1&b="' for each in ADDRESSES}
    empty = {each: "" if isinstance(example, str) else example for each, example in declared.items()}
    return declared, longest | addresses, empty


def test_there_are_shipped_emails():
    assert len(SHIPPED) >= 15


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_each_shipped_email_is_the_same_whenever_its_styles_are_inlined(name, language):
    source = files.source(name) or ""
    options = {
        "name": name,
        "html": True,
        "load": partial(files.layout, language=language),
        "constants": {"LANGUAGE_CODE": language, "LANGUAGE_BIDI": language == "ar"},
    }
    early = compile_text(source, styled=True, **options)
    late = compile_text(source, **options)
    with translation.override(language):
        for given in examples(name):
            assert parsed(early.render(given)) == parsed(inline(late.render(given)))


@pytest.mark.parametrize("name", [each for each in SHIPPED if "template_failed" not in each])
def test_shipped_emails_are_inlined_beforehand(name):
    text = compile_text(
        files.source(name) or "",
        name=name,
        html=True,
        styled=True,
        load=partial(files.layout, language="en"),
        constants={"LANGUAGE_CODE": "en", "LANGUAGE_BIDI": False},
    )
    assert not text.inline_each


def test_links_are_styled_too():
    source = "<style>p a { color: red }</style><p>{% link x y %}</p><p>{% link x %}</p>"
    text, early, late = both(source, {"x": "/?a&b", "y": "<See>"})
    assert not text.inline_each
    assert '<a href="/?a&amp;b" style="color: red;">&lt;See&gt;</a>' in early
    assert '<a href="/?a&amp;b" style="color: red;">/?a&amp;b</a>' in early
    assert parsed(early) == parsed(late)


def test_styles_stand_in_the_elements():
    text, early, _ = both(f"{STYLES}<p>{{{{ x }}}}</p>{{% if y %}}<p>b</p>{{% endif %}}", {"x": "a", "y": True})
    assert not text.inline_each
    assert '<p style="color: red;">a</p><p style="color: red;">b</p>' in early
    assert "@media print" in early


@pytest.mark.parametrize(
    "source",
    [
        "<table>{{ x }}<tr><td>a</td></tr></table>",  # moved before the table
        "<table>{% if y %}a{% endif %}<tr><td>a</td></tr></table>",
        "<table>{% if y %}<tr><td>a</td></tr>{% endif %}</table>",  # would begin the table's body in a branch
        "<ul>{% for x in items %}<li>a{% endfor %}</ul>",  # the end of each is implied by the next
        "{% if y %}<div>{% else %}<div class='b'>{% endif %}<p>a</p></div>",  # not closed where it is opened
        "<b><i>{{ x }}</b>a</i>{{ x }}",  # doubled
        "<b><i>a</b>{{ x }}</i>",  # opened anew for text, and not for a marker
        "<p><b>a</p>{{ x }}",
        '<p title="a" title="{{ x }}">a</p>',  # dropped
        "<style>tr:nth-child(2n) { color: red }</style>{% for x in items %}<p>a</p>{% endfor %}",
        "<style>p + p { color: red }</style>{% if y %}<p>a</p>{% endif %}<p>b</p>",
        "<style>p:empty { color: red }</style><p>{{ x }}</p>",
        "<style>[title=a] { color: red }</style><p title='{{ x }}'>a</p>",
        '<p class="{{ x }}">a</p>',
        '<p{% if y %} class="b"{% endif %}>a</p>',
        "<p>qzn0nzq{{ x }}</p>",
        "<textarea><![x</textarea>{{ x }}",  # Python's parser does not read it
        "<p>&#113;zn0nzq{{ x }}</p>",
        '<p title="a" title="{{ x }}"><a href="/&#113;zn0nzq">a</a></p>',  # a marker that is not ours takes the place
    ],
)
@pytest.mark.parametrize("y", [False, True])
def test_what_cannot_be_done_beforehand_is_done_for_each_message(source, y):
    values = {"x": "a", "y": y, "items": ["a", "b", "c"]}
    text, early, late = both(STYLES + source, values)
    assert text.inline_each
    assert parsed(early) == parsed(late)


def test_values_that_look_like_markers_stay_values():
    text, early, _ = both("<p>{{ x }}</p><p>{{ y }}</p>", {"x": "qzn1nzq", "y": "<!--qzn0nzq-->"})
    assert not text.inline_each
    assert "<p>qzn1nzq</p><p>&lt;!--qzn0nzq--&gt;</p>" in early
