"""Validation of texts (T3): links, what HTML must not have, pictures, and whether people can read it."""

import pytest

from notifications.templating.validation import validate
from notifications.templating.validation.colours import CLEAR, Colour, colour_in, contrast_ratio
from notifications.types import NotificationType
from notifications.variables import Variable


class Visit(NotificationType):
    key = "tests.linked_visit"
    variables = {"doctor": Variable(example="Dr. Nair")}


class Advertisement(NotificationType):
    key = "tests.advertisement"
    stream = "marketing"
    variables = {"offer": Variable(example="10 %"), "member": Variable(example=False)}


class UndeclaredAdvertisement(NotificationType):
    key = "tests.undeclared_advertisement"
    stream = "marketing"

    def context(self, recipient):
        return {}


def email(html, subject="Hello", type_=Visit):
    return validate(type_, "email", "", {"email.subject.txt": subject, "email.html": html})


def of(code, found):
    return [each for each in found if each.code == code]


def only(code, found):
    (each,) = of(code, found)
    return each


def about_links(found):
    return [(each.code, each.level) for each in found if each.code.startswith("notify.T04")]


BROKEN, SCRIPT = ("notify.T040", "error"), ("notify.T041", "error")
PLACEHOLDER, NOT_ENCRYPTED, SHORTENER = (
    ("notify.T042", "error"),
    ("notify.T043", "warning"),
    ("notify.T044", "warning"),
)
ADDRESSES = [
    ("", BROKEN),
    ("#", BROKEN),
    ("https://lotus.in/a b", BROKEN),
    ("/visits/47/", BROKEN),
    ("visits/47/", BROKEN),
    ("lotus.in", BROKEN),
    ("//lotus.in/", BROKEN),
    ("https://", BROKEN),
    ("ftp://lotus.in/", BROKEN),
    ("file:///etc/passwd", BROKEN),
    ("javascript:alert(1)", SCRIPT),
    ("JaVaScript&#58;alert(1)", SCRIPT),
    ("java\tscript:alert(1)", SCRIPT),
    ("data:text/html,x", SCRIPT),
    ("https://example.com/", PLACEHOLDER),
    ("http://www.example.org/x", PLACEHOLDER),
    ("https://lotus.test/", PLACEHOLDER),
    ("http://localhost:8000/", PLACEHOLDER),
    ("http://lotus.in/", NOT_ENCRYPTED),
    ("https://bit.ly/3xYz", SHORTENER),
    ("https://lotus.in/", None),
    ("https://my-example.com/", None),
    ("mailto:desk@lotus.in?subject=Visit 47", None),
    ("tel:+914842", None),
    ("#more", None),
]


@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
def test_a_link_in_html_that_is_written_out_is_judged(address, expected):
    found = email(f'<p>Hello</p>\n<p><a class="x" href="{address}">See</a></p>')

    if expected == SCRIPT:  # not even compiled
        assert (only("notify.T001", found).line, about_links(found)) == (2, [])
        return
    assert about_links(found) == ([expected] if expected else [])
    if expected:
        assert [(each.line, each.column) for each in found if each.code == expected[0]] == [(2, 4)]


@pytest.mark.parametrize("tag", ["link", "button"])
@pytest.mark.parametrize(("address", "expected"), [each for each in ADDRESSES if "&#" not in each[0]])
def test_a_link_in_a_tag_that_is_written_out_is_judged(tag, address, expected):
    found = email(f'<p>Hello</p>\n<p>See</p>{{% {tag} "{address}" "See" %}}')

    assert about_links(found) == ([expected] if expected else [])
    if expected:
        assert [(each.line, each.column) for each in found if each.code == expected[0]] == [(2, 11)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See http://lotus.in/47.", [NOT_ENCRYPTED]),
        ("See https://bit.ly/x, or call", [SHORTENER]),
        ("See https://example.com", [PLACEHOLDER]),
        ("See https://lotus.in/47.", []),
        ("See https://{{ site }}/47", []),
        ('{% link "http://lotus.in" "See" %}', [NOT_ENCRYPTED]),
    ],
)
def test_links_in_plain_text_are_judged(text, expected):
    assert about_links(validate(Visit, "sms", "", {"sms.txt": text})) == expected


@pytest.mark.parametrize("href", ["{{ link }}", "{{ site_url }}/visits/{{ doctor }}", "https://lotus.in/{{ doctor }}"])
def test_links_with_values_are_not_guessed_at(href):
    assert about_links(email(f'<a href="{href}">See</a>')) == []


def test_links_in_comments_of_the_template_are_left_alone():
    assert about_links(email('<p>Hello</p>{% comment %}<a href="http://x">{% endcomment %}{# http://y #}')) == []


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<script>alert(1)</script>", "notify.T001"),
        ('<iframe src="https://lotus.in/"></iframe>', "notify.T001"),
        ('<object data="https://lotus.in/x"></object>', "notify.T001"),
        ('<embed src="https://lotus.in/x">', "notify.T001"),
        ('<p onclick="x()">Hello</p>', "notify.T001"),
        ('<form action="https://lotus.in/"></form>', "notify.T060"),
        ('<input name="x">', "notify.T060"),
        ('<meta http-equiv="Refresh" content="0; url=https://lotus.in/">', "notify.T060"),
    ],
)
def test_what_mail_programs_remove_is_an_error(html, code):
    error = only(code, email(f"<p>Hello</p>\n {html}"))

    assert (error.level, error.part, error.line) == ("error", "email.html", 2)


def test_a_picture_needs_words_a_width_and_an_encrypted_address():
    found = email('<p>Hello</p><img src="http://lotus.in/x.png">')

    assert [(each.code, each.level) for each in found if each.code.startswith("notify.T06")] == [
        ("notify.T061", "warning"),
        ("notify.T063", "warning"),
        ("notify.T062", "note"),
    ]


@pytest.mark.parametrize("source", ["https://lotus.in/x.png", "{{ site_url }}/x.png", "cid:logo"])
def test_a_picture_with_all_that_it_needs_is_left_alone(source):
    found = email(f'<p>Hello</p><img src="{source}" alt="" width="100">')

    assert not [each for each in found if each.code.startswith("notify.T06")]


@pytest.mark.parametrize(
    ("html", "missing"),
    [
        ("<p>{{ offer }}</p>", True),
        ('<p>{{ offer }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>', False),
        ('<p>{{ offer }}{% if member %}<a href="{{ unsubscribe_url }}">Unsubscribe</a>{% endif %}</p>', True),
        ('{% extends "notifications/layouts/email.html" %}{% block content %}{{ offer }}{% endblock %}', False),
    ],
)
def test_everybody_can_unsubscribe_from_what_advertises(html, missing):
    found = of("notify.T050", email(html, type_=Advertisement))

    assert [each.level for each in found] == (["error"] if missing else [])


def test_an_advertisement_whose_values_nobody_knows_must_use_the_way_out():
    assert of("notify.T050", email("<p>{{ x }}</p>", type_=UndeclaredAdvertisement))
    assert not of("notify.T050", email("<p>{{ x }}{{ unsubscribe_url }}</p>", type_=UndeclaredAdvertisement))
    assert not of("notify.T050", email("<p>Hello</p>"))


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#fff", Colour(255, 255, 255)),
        ("#0F766E", Colour(15, 118, 110)),
        ("1px solid #00000080", Colour(0, 0, 0, 128 / 255)),
        ("rgb(15, 118, 110)", Colour(15, 118, 110)),
        ("rgb(100% 0% 0% / 50%)", Colour(255, 0, 0, 0.5)),
        ("rgba(0,0,0,.5)", Colour(0, 0, 0, 0.5)),
        ("RED !important", Colour(255, 0, 0)),
        ("grey", Colour(128, 128, 128)),
        ("transparent", CLEAR),
        ("url(x.png) no-repeat", None),
        ("papayawhip", None),
    ],
)
def test_colours_are_read_as_css_writes_them(text, colour):
    assert colour_in(text) == colour


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000", "#fff", 21),
        ("#fff", "#fff", 1),
        ("#777", "#fff", 4.48),
        ("#767676", "#fff", 4.54),
        ("#00f", "#fff", 8.59),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    colours = [colour for colour in (colour_in(one), colour_in(other)) if colour]

    assert contrast_ratio(*colours) == contrast_ratio(*reversed(colours)) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize(
    ("html", "is_readable"),
    [
        ('<p style="color:#777">Hello</p>', False),
        ('<p style="color:#767676">Hello</p>', True),
        ('<p style="color:#777;font-size:24px">Hello</p>', True),
        ('<p style="color:#777;font-size:14pt;font-weight:700">Hello</p>', True),
        ('<p style="color:#777;font-size:14pt">Hello</p>', False),
        ('<h1 style="color:#777">Hello</h1>', True),
        ('<div style="color:#fff"><p>Hello</p></div>', False),
        ('<div style="background:#000"><p style="color:#fff">Hello</p></div>', True),
        ('<table bgcolor="#0f766e"><tr><td><font color="#fff">Hello</font></td></tr></table>', True),
        ('<table bgcolor="#808080"><tr><td>Hello <a href="{{ site_url }}">you</a></td></tr></table>', False),
        ("<style>p { color: #eee }</style><p>Hello</p>", False),
        ("<style>p { color: #eee } .x { color: #333 }</style><p class='x'>Hello</p>", True),
        ('<p style="display:none;color:#fff">Hello</p>', True),
        ('<div style="background:url(https://lotus.in/x.png)"><p style="color:#fff">Hello</p></div>', True),
        ('<div style="background-color:rgba(0,0,0,.1)"><p style="color:#777">Hello</p></div>', False),
    ],
)
def test_the_contrast_of_text_is_judged_as_styles_are_inherited(html, is_readable):
    assert [each.level for each in of("notify.T070", email(html))] == ([] if is_readable else ["warning"])


def test_text_that_is_hard_to_read_is_quoted_with_its_colours():
    assert only("notify.T070", email('<p style="color:#ccc">Hello, {{ doctor }}</p>')).message == (
        "'Hello, Dr. Nair' is hard to read: #cccccc on #ffffff has a contrast of 1.6, and 4.5 is needed. "
        "Choose colours further apart."
    )


DARK = """<style>body {{ background: #fff; color: #222 }} .card {{ background: #fff }}
@media (max-width: 480px) {{ p {{ color: #fff !important }} }}
@media (prefers-color-scheme: dark) {{ {dark} }}</style><body><div class="card"><p>Hello</p></div></body>"""


@pytest.mark.parametrize(
    ("dark", "is_readable"),
    [
        ("body { background: #111 !important; color: #eee !important } .card { background: #000 !important }", True),
        ("body { background: #111 !important; color: #eee !important }", False),
        ("body { background: #111 !important } .card { background: #000 !important }", False),
        ("body { color: #eee } .card { background: #000 }", True),
    ],
    ids=["all of it", "the card stays white", "the text stays dark", "without !important nothing changes"],
)
def test_the_contrast_in_dark_mailboxes_is_judged_where_there_are_rules_for_them(dark, is_readable):
    found = email(DARK.format(dark=dark))

    assert not of("notify.T070", found)
    assert [each.level for each in of("notify.T071", found)] == ([] if is_readable else ["warning"])


def test_the_layout_of_all_emails_can_be_read_light_and_dark():
    found = email(
        '{% extends "notifications/layouts/email.html" %}{% block heading %}Hello{% endblock %}'
        '{% block content %}<p>{{ doctor }}</p><table class="facts"><tr><th>When</th><td>Soon</td></tr></table>'
        '{% endblock %}{% block action %}{% button "https://lotus.in/" "See" %}{% endblock %}'
    )

    assert not [each for each in found if each.code.startswith("notify.T07")]
