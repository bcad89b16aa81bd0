"""Where in HTML a value may stand, and that no value becomes more than a value there (T2)."""

from html.parser import HTMLParser

import pytest
from css_inline import CSSInliner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.exceptions import TemplateError, TemplateSyntaxError
from notifications.templating.markup import START, Forbidden, advance
from tests.language import compiled, rendered

NASTY = '<b title="x">&\'</b></title></style>--><!--'
ESCAPED = "&lt;b title=&quot;x&quot;&gt;&amp;&#x27;&lt;/b&gt;&lt;/title&gt;&lt;/style&gt;--&gt;&lt;!--"

# Each place where a value may stand, with the value as {{ x }}.
PLACES = [
    "{{ x }}",
    "a{{ x }}b",
    "<p>{{ x }}</p>",
    "<p\n>{{ x }}</p >",
    "<p/>{{ x }}",
    "<br>{{ x }}<br/>{{ x }}",
    "<title>{{ x }}</title>",
    "<TITLE>a</b>{{ x }}</TITLE>{{ x }}",
    "<textarea>{{ x }}</textarea>{{ x }}",
    "<style>p > b { color: red }</style>{{ x }}",
    "<STYLE></styles></STYLE>{{ x }}",
    '<p title="{{ x }}">a</p>',
    "<p title='{{ x }}'>a</p>",
    '<p title = "a {{ x }} b"id="{{ x }}">{{ x }}</p>',
    '<p title="a>b" lang="{{ x }}">{{ x }}</p>',
    '<p title=a lang="{{ x }}">{{ x }}</p>',
    '<p title lang="{{ x }}">{{ x }}</p>',
    '<p / title="{{ x }}"/>{{ x }}',
    '<p a"b="{{ x }}">{{ x }}</p>',
    '<p =a="{{ x }}">{{ x }}</p>',
    '<p title="">{{ x }}</p>',
    "<!-- a <b --> {{ x }}",
    "<!-->{{ x }}<!--->{{ x }}<!---->{{ x }}<!--a--!>{{ x }}",
    '<!--[if mso]><table><![endif]--><p title="{{ x }}">{{ x }}</p>',
    "<!doctype html>{{ x }}",
    '<!--[if !mso]><!--><p title="{{ x }}">{{ x }}</p><!--<![endif]-->',
    '<![if !mso]><p title="{{ x }}">{{ x }}</p><![endif]>',
    '<!x y=">{{ x }}',
    "<?php a ?>{{ x }}",
    "</ a>{{ x }}",
    "</>{{ x }}",
    "1 < 2 {{ x }}",
    "<3 {{ x }}",
    "< p>{{ x }}",
    "<<p>{{ x }}</p>",
    '<a href="https://example.org/{{ x }}">a</a>',
    '<a href="/{{ x }}/{{ x }}?y={{ x }}">a</a>',
    '<a href="#{{ x }}">a</a>',
    '<a href="mailto:{{ x }}">a</a>',
    '<a href="{% if y %}https{% else %}http{% endif %}://{{ x }}">a</a>',
    '<img src="cid:{{ x }}" alt="{{ x }}">',
    '<p{% if y %} title="{{ x }}"{% endif %}>{{ x }}</p>',
    '<p{% if y %} hidden{% endif %} class="{{ x }}">{{ x }}</p>',
    '{% for each in z %}<p title="{{ each }}{{ x }}">{% endfor %}',
    "{% if y %}<p>{{ x }}</p>{% else %}<b>{{ x }}</b>{% endif %}{{ x }}",
    '<p title="{% if y %}{{ x }}{% endif %}{% for each in z %}{{ x }}{% endfor %}">a</p>',
    "{% plural y %}{% one %}<p>{{ x }}</p>{% other %}{{ x }}{% endplural %}",
    '{% include "notifications/layouts/part.html" with z=x %}',
    '<p ti{# #}tle="{{ x }}">a</p>',
    "<!-{# #}- a -{# #}->{{ x }}",
]
LAYOUTS = {"part.html": '<td title="{{ z }}">{{ z }}</td>', "email_button.html": '<a href="{{ url }}">{{ label }}</a>'}


IMPLIED = ("html", "head", "body")
"""which begin where the first text is"""


class _Shape(HTMLParser):
    """Elements with the names of their attributes, and comments: all but text and values."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        if tag not in IMPLIED:
            self.seen.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        if tag not in IMPLIED:
            self.seen.append(("/", tag))

    def handle_comment(self, data):
        self.seen.append(("!", data))


def shape(html):
    """As an HTML 5 parser reads it: css-inline writes out what it has parsed, well-formed."""
    reader = _Shape()
    reader.feed(CSSInliner(inline_style_tags=False, keep_style_tags=True).inline(html))
    reader.close()
    return reader.seen


def values_of(x):
    return {"x": x, "y": 1, "z": ["0", "1"]}


@pytest.mark.parametrize("source", PLACES)
@settings(max_examples=25, deadline=None)
@given(value=st.one_of(st.text("<>\"'&;/= \n\ta!-x`{}]", max_size=12), st.text(max_size=8)))
@example(NASTY)
@example("javascript:alert(1)")
@example('" onclick=alert(1) x="')
@example("' onclick=alert(1) x='")
@example("</title><script>")
@example("</textarea></style>--><b>")
@example("\x00<\u2028>")
def test_a_value_changes_no_element_and_no_attribute(source, value):
    text = compiled(source, html=True, layouts=LAYOUTS)
    assert shape(text.render(values_of(value))) == shape(text.render(values_of("harmless")))


@pytest.mark.parametrize(
    "source", ['<a href="{{ x }}">a</a>', "<img src='{{ x }}/a.png'>", '<a href=" {{ x }}?y">a</a>']
)
@settings(max_examples=50, deadline=None)
@given(value=st.one_of(st.text("javscriptJ:/#<>\"'& \n\t\x01", max_size=14), st.text(max_size=8)))
@example("javascript:alert(1)")
@example(" \tjavascript:alert(1)")
@example("java\nscript:alert(1)")
@example("data:text/html,a")
@example('https://example.org/" onclick="a')
@example("//evil.example")
@example("")
def test_an_address_is_one_of_a_link_or_is_refused(source, value):
    text = compiled(source, html=True)
    try:
        html = text.render(values_of(value))
    except TemplateError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "It is no address for a link" in refused
    else:
        assert shape(html) == shape(text.render(values_of("https://harmless.example/")))
        written = html[html.index('"' if '"' in source else "'") + 1 :].strip()
        starts = ("https://", "http://", "mailto:", "tel:", "sms:", "/", "#", "?", '"')
        assert written.lower().startswith(starts)


def test_values_are_escaped_between_tags_and_in_attributes():
    assert rendered('<p title="{{ x }}">{{ x }}</p>', {"x": NASTY}, html=True) == f'<p title="{ESCAPED}">{ESCAPED}</p>'


def test_in_plain_text_nothing_is_escaped():
    assert rendered("{{ x }}", {"x": NASTY}) == NASTY


def test_links_and_buttons_escape_their_address_and_their_label():
    values = {"x": "https://example.org/?a=1&b=\"'", "y": "<See>"}
    link = '<a href="https://example.org/?a=1&amp;b=&quot;&#x27;">&lt;See&gt;</a>'
    assert rendered("{% link x y %}", values, html=True) == link
    assert rendered("{% button x y %}", values, html=True, layouts=LAYOUTS) == link
    assert rendered("{% link x y %}", values) == "<See>: https://example.org/?a=1&b=\"'"


def test_dates_and_amounts_may_stand_in_attributes():
    assert rendered("<p title=\"{% money 1 'INR' %}\">", html=True) == '<p title="₹1.00">'


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("a\n<b>\n <i onclick=a>", "3:6"),
        ("a\n{{ x }}<p>\n<script>", "3:2"),
        ('{{ x }}\n\n<a href="javascript:a">', "3:10"),
        ("a<!-- \n{{ x }}", "2:1"),
    ],
)
def test_the_error_names_the_line_and_the_column(source, where):
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source, html=True)
    assert f"{caught.value.line}:{caught.value.column}" == where


@pytest.mark.parametrize(
    "source",
    [
        '<a href="https://example.org/">a</a>',
        '<a href="javascripts/a">a</a>',
        '<a href="/javascript:a">a</a>',
        '<a href="?javascript:a">a</a>',
        '<a href="#">a</a>',
        '<a href="">a</a>',
        '<a href="webcal://example.org/">a</a>',
        '<img src="data:image/png;base64,AA==" alt="">',
        '<p class="onward" data-on="a">a</p>',
        "<scripts>a</scripts>",
        "<p>javascript:alert(1)</p>",
        '<a title="javascript:a" href="https://example.org">a</a>',
    ],
)
def test_what_only_looks_like_a_script_is_left_as_it_is(source):
    assert rendered(source, html=True) == source


FRAGMENTS = """
< > </ <!-- --> --!> <! <? <p </p>
<title> </title </TITLE> <style> </style> <textarea> </textarea> href=" href=' href= " '
= / a title - ! https:// &# &amp; javascript: \u017f \u212a
"""
fragments = st.sampled_from([*FRAGMENTS.split(), " ", "\n", "<p "])
markup = st.lists(st.one_of(fragments, st.text("<>/=\"' a-!", max_size=3)), max_size=14)


def ends(pieces):
    state = START
    try:
        for piece in pieces:
            state = advance(state, piece)
    except Forbidden as error:
        return error.hint
    return state


@settings(max_examples=600, deadline=None)
@given(pieces=markup)
def test_it_does_not_matter_how_html_is_cut_into_pieces(pieces):
    whole = "".join(pieces)
    assert ends(pieces) == ends([whole]) == ends(list(whole))


@settings(max_examples=600, deadline=None)
@given(pieces=markup, after=markup)
def test_where_a_value_may_stand_an_html_parser_finds_it_to_be_one(pieces, after):
    source = "".join(pieces) + "{{ x }}" + "".join(after)
    try:
        text = compiled(source, html=True)
        found, harmless = (shape(text.render({"x": value})) for value in ("/ x\"'<b c=d></p>-->", "/"))
    except TemplateError:
        return
    assert found == harmless
