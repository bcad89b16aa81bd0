"""Where our language and Django's have the same, they say the same (T2).

The differences, each on purpose, stand at the end.
"""

import datetime as dt

import pytest
from django.template import Context, Engine, Template
from django.template.exceptions import TemplateSyntaxError as DjangoSyntaxError
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.exceptions import TemplateError, TemplateSyntaxError
from tests.language import compiled, rendered

pytestmark = pytest.mark.usefixtures("no_region")

BLOCKS = {
    "notifications/layouts/base.html": (
        "<{% block a %}A{% block b %}B{% endblock %}{% endblock %}|{% block c %}C{% endblock %}>"
    ),
    "notifications/layouts/middle.html": (
        '{% extends "notifications/layouts/base.html" %}'
        "{% block b %}[{{ block.super }}]{% endblock %}{% block c %}{% block d %}D{% endblock %}{% endblock %}"
    ),
}
ENGINE = Engine(loaders=[("django.template.loaders.locmem.Loader", BLOCKS)])
LETTERS = st.text("aB ä\n<>&\"'%}#|{\\", max_size=6)

plain = st.one_of(st.integers(-3, 3), st.booleans(), LETTERS)
values = st.fixed_dictionaries(
    {
        "x": plain,
        "y": plain,
        "items": st.lists(plain, max_size=3),
        "pairs": st.lists(st.tuples(plain, plain), max_size=3),
        "nested": st.lists(st.lists(plain, max_size=2), max_size=2),
        "group": st.fixed_dictionaries({"a": plain, "b": st.lists(plain, min_size=1, max_size=2)}),
        "each": plain,
        "words": st.lists(LETTERS, max_size=3),
    }
)


def text_pieces():
    """Text without the beginnings of tags. Where values may stand in HTML is for test_template_html.py."""
    return st.text("aB ä\n>&\"'%}#|\\", max_size=5)


quoted = st.text("aB ä{ ", max_size=4).map('"{}"'.format)
numbers = st.integers(-5, 5).map(str)
scalars = st.one_of(st.sampled_from(["x", "y", "each", "group.a", "group.b.0"]), quoted, numbers, st.just("True"))


@st.composite
def texts(draw):
    """An expression whose value is a text, through filters that take texts."""
    value = draw(quoted)
    for name in draw(
        st.lists(st.sampled_from(["upper", "lower", "capfirst", "title", 'default:"d"', 'cut:"a"']), max_size=3)
    ):
        value += f"|{name}"
    return value + draw(st.sampled_from(["", "|length", '|yesno:"a,b"']))


outputs = st.one_of(
    scalars,
    texts(),
    st.sampled_from(["items|length", 'words|join:", "', "group.b|length", 'nothing|default:"n"', 'x|yesno:"a,b"']),
)

operands = st.one_of(scalars, st.sampled_from(["items", "nothing", "items|length", "nested"]))


@st.composite
def conditions(draw):
    words = [draw(operands)]
    for _ in range(draw(st.integers(0, 4))):
        operator = draw(
            st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "is", "is not"])
        )
        negated = draw(st.lists(st.just("not"), max_size=1))
        # Whether two equal texts or numbers are one object is nobody's business.
        words += [operator, *negated, draw(st.sampled_from(["True", "None"]) if operator[:2] == "is" else operands)]
    return " ".join([*draw(st.lists(st.just("not"), max_size=2)), *words])


def inner(children):
    """Tags around other pieces."""
    body = st.lists(children, max_size=3).map("".join)
    return st.one_of(
        st.builds("{{% if {} %}}{}{{% endif %}}".format, conditions(), body),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, conditions(), body, body),
        st.builds(
            "{{% if {} %}}{}{{% elif {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format,
            conditions(),
            body,
            conditions(),
            body,
            conditions(),
            body,
            body,
        ),
        st.builds(
            "{{% for each in {}{} %}}{}{{{{ {} }}}}{{% empty %}}{}{{% endfor %}}".format,
            st.sampled_from(["items", "group.b"]),
            st.sampled_from(["", " reversed"]),
            body,
            st.sampled_from(
                [
                    "each",
                    "forloop.counter",
                    "forloop.counter0",
                    "forloop.revcounter",
                    "forloop.revcounter0",
                    "forloop.first",
                    "forloop.last",
                ]
            ),
            body,
        ),
        st.builds("{{% for one,two in pairs %}}{{{{ one }}}}{}{{{{ two }}}}{{% endfor %}}".format, body),
        st.builds("{{% for one, two in pairs reversed %}}{}{{% endfor %}}".format, body),
        st.builds(
            "{{% for row in nested %}}{{% for each in row %}}{{{{ forloop.parentloop.counter }}}}{}{{% endfor %}}"
            "{{% endfor %}}".format,
            body,
        ),
    )


pieces = st.recursive(
    st.one_of(
        text_pieces(),
        outputs.map("{{{{ {} }}}}".format),
        outputs.map("{{{{{}}}}}".format),
        st.just("{# a {{ x }} {% if #}"),
        st.just("{% comment %}{{ x }}{% if %}{% endcomment %}"),
    ),
    inner,
    max_leaves=8,
)
sources = st.lists(pieces, max_size=4).map("".join)


def of_django(source, given, *, html):
    with translation.override("en-us"), timezone.override("America/New_York"):
        return Template(source, engine=ENGINE).render(Context(dict(given), autoescape=html))


def ours(source, given, *, html):
    layouts = {name.removeprefix("notifications/layouts/"): text for name, text in BLOCKS.items()}
    with translation.override("en-us"), timezone.override("America/New_York"):
        return rendered(source, given, html=html, layouts=layouts)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(source=sources, given=values)
def test_plain_text_is_what_django_makes_of_it(source, given):
    assert ours(source, given, html=False) == of_django(source, given, html=False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(source=sources, given=values)
def test_html_is_what_django_makes_of_it(source, given):
    assert ours(source, given, html=True) == of_django(source, given, html=True)


@st.composite
def extending(draw):
    """A text that extends a layout, with blocks around pieces, some of which say what their layout says, too."""
    layout, names = draw(st.sampled_from([("base", "abc"), ("middle", "abcd")]))
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=len(names)))
    blocks = [
        f"{{% block {name} %}}{draw(pieces)}{draw(st.sampled_from(['', '{{ block.super }}']))}{{% endblock %}}"
        for name in chosen
    ]
    return f'{{% extends "notifications/layouts/{layout}.html" %}}' + "\n".join(blocks)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(source=extending(), given=values)
def test_layouts_are_laid_as_django_does(source, given):
    assert ours(source, given, html=False) == of_django(source, given, html=False)


@pytest.mark.parametrize(
    "source",
    [
        "{{ x }}{# a #}{% comment %}b{% endcomment %}",
        "{% if a or b and c %}1{% endif %}{% if not a and b %}2{% endif %}{% if a == b == c %}3{% endif %}",
        "{% if not a == b %}1{% endif %}{% if a in items or b not in items %}2{% endif %}",
        "{% if a is not b %}1{% endif %}{% if a < b and b < c %}2{% elif c %}3{% else %}4{% endif %}",
        "{% for each in items reversed %}{{ forloop.revcounter }}{{ each }},{% empty %}none{% endfor %}",
        "{% for key, value in pairs %}{{ key }}: {{ value|default:'-' }};{% endfor %}{{ key }}",
        "{{ items.0 }}{{ group.b.1 }}{{ items|first }}{{ items|last }}{{ items|length }}",
        "{% include 'notifications/layouts/base.html' with a=1 %}",
        '{{ key|default:b|default:\'c\' }}{{ nothing|default:"d" }}{{ "a\\"b" }}{{ \'a b\'|title }}',
        "a } %} # {{ '{%' }}",
    ],
)
@pytest.mark.parametrize("a", [0, 1, "", "a"])
def test_the_common_ways_to_write_say_the_same(source, a):
    given = {
        "x": 1,
        "a": a,
        "b": 1,
        "c": 2,
        "key": "k",
        "items": [1, 2],
        "pairs": [("a", 1), ("b", "")],
        "group": {"b": [1, 2]},
    }
    assert ours(source, given, html=False) == of_django(source, given, html=False)


# The differences

DATE = dt.date(2024, 3, 4)
REFUSED = TemplateError
DIFFERENT = [
    # the text, the value of x, what it says, what Django makes of it
    ("{{ x }}", None, "", "None"),
    ("{{ x|upper }}", None, "", "NONE"),
    ("{{ x }}", 1234567.5, "1,234,567.5", "1234567.5"),
    ("{{ x }}", dt.time(9, 5), "9:05 AM", "9:05 a.m."),
    ("{{ x|date:'short' }}", DATE, "3/4/24", TypeError),
    ("{{ x|date:'Y' }}", "2024-03-04", "2024", ""),
    ("{{ x|upper }}", DATE, REFUSED, "2024-03-04"),
    ("{{ x|default:'d' }}", 0, "0", "d"),
    ("{{ x|default:'d' }}", False, "False", "d"),
    ("{{ x|truncatewords:2 }}", " a  b\n", " a  b\n", "a b"),
    ("{{ x|length }}", 5, REFUSED, "0"),
    ("{{ x|join:',' }}", "ab", REFUSED, "a,b"),
    ("{{ x }}", [1], REFUSED, "[1]"),
    ("{{ missing }}", 1, REFUSED, ""),
    ("{{ x.upper }}", "text", REFUSED, "TEXT"),
    ("{{ x.0 }}", "text", REFUSED, "t"),
    ("{{ x.1 }}", {1: 2}, REFUSED, "2"),
    ("{% for each in x %}{{ each.0 }}{% endfor %}", {"ab": 1}, "ab", "a"),
    ("{% for each in x %}a{% endfor %}", "ab", REFUSED, "aa"),
    ("{% for each in missing %}a{% empty %}b{% endfor %}", 1, REFUSED, "b"),
    ("{{ .5 }}{{ 1e3 }}", 1, TemplateSyntaxError, "0.51000.0"),
    ("{% block a %}{% endblock %}{{ block.super|upper }}", 1, TemplateSyntaxError, ""),
    ("{{ x ", 1, TemplateSyntaxError, "{{ x "),
]


@pytest.mark.parametrize(("source", "x", "says", "django"), DIFFERENT)
def test_where_they_differ_it_is_meant(source, x, says, django):
    for write, expected in ((ours, says), (of_django, django)):
        if isinstance(expected, str):
            assert write(source, {"x": x}, html=False) == expected
        else:
            with pytest.raises(expected):
                write(source, {"x": x}, html=False)


def test_texts_in_quotes_are_escaped_since_they_are_text_and_no_html():
    source = "{{ '<b>' }}{{ x|default:'<i>' }}"
    assert ours(source, {"x": ""}, html=True) == "&lt;b&gt;&lt;i&gt;"
    assert of_django(source, {"x": ""}, html=True) == "<b><i>"


@pytest.mark.parametrize(
    "source",
    ["{% if a b %}{% endif %}", "{% for a b in x %}{% endfor %}", "{% if x %}{% else if y %}{% endif %}",
     "{% if x %}{% endif x %}", "{% block a %}{% endblock b %}", "{{ x|nothing }}", "{{ x|upper:'a' }}", "{{ x y }}",
     "{{ _x }}", "{{ x._y }}", "{% endif %}", "{% if x %}", "{% for x in y %}{% else %}{% endfor %}", "{{ }}"],
)  # fmt: skip
def test_what_django_refuses_is_refused(source):
    with pytest.raises(DjangoSyntaxError):
        Template(source, engine=ENGINE)
    with pytest.raises(TemplateSyntaxError):
        compiled(source)
