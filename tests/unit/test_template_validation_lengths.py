"""Validation of texts (T3): what an SMS costs, what screens cut off, and what must not be said by SMS and push ★."""

import pytest

from notifications.templating.validation import validate
from notifications.types import NotificationType
from notifications.variables import Variable


class Visit(NotificationType):
    key = "tests.measured_visit"
    variables = {
        "doctor": Variable(example="Dr. Nair", longest="Dr. " + "N" * 150),
        "diagnosis": Variable(example={"name": "asthma", "code": "J45"}, sensitive=True),
    }


class Short(Visit):
    key = "tests.measured_short"
    sms_parts = 1


class Plain(Visit):
    key = "tests.measured_plain"
    sms_smart = False


class Asking(Visit):
    key = "tests.measured_asking"
    answers = {"confirm": ("C", "CONFIRM")}


class Secret(Visit):
    key = "tests.measured_secret"
    sensitive = True


def of(code, found):
    return [each for each in found if each.code == code]


def sms(text, type_=Visit):
    return validate(type_, "sms", "", {"sms.txt": text})


def only(code, found):
    (each,) = of(code, found)
    return each


def test_an_sms_of_one_part_is_not_told_of():
    assert not [each for each in sms("Hello " * 20) if each.code.startswith("notify.T02")]


def test_the_parts_of_the_longest_example_are_told():
    note = only("notify.T020", sms("Your doctor is {{ doctor }}"))

    assert (note.level, note.part) == ("note", "sms.txt")
    assert note.message == "2 parts (GSM-7) for the longest example; each costs."


def test_the_characters_that_make_an_sms_dearer_are_named_with_the_place_of_the_first():
    found = sms("Hello\nyou " + "x" * 70 + " Ж and ☺", Plain)

    assert only("notify.T020", found).message == "2 parts (UCS-2) for the longest example; each costs."
    note = only("notify.T023", found)
    assert (note.line, note.column) == (2, 76)
    assert note.message.startswith(
        "Without Ж (cyrillic capital letter zhe, U+0416), ☺ (white smiling face, U+263A) it would have 1 part:"
    )


def test_characters_that_are_replaced_before_sending_are_not_told_of():
    text = "“Hello” " + "x" * 70

    assert not of("notify.T023", sms(text))
    assert only("notify.T020", sms(text, Plain)).message.startswith("2 parts (UCS-2)")


def test_the_letters_of_a_script_are_not_named_one_by_one():
    text = "नमस्ते, आपका समय कल सुबह दस बजे है। कृपया दस मिनट पहले आइए और अपनी पर्ची साथ लाइए।"

    assert of("notify.T020", sms(text))
    assert not of("notify.T023", sms(text))


def test_an_sms_that_the_channel_does_not_send_is_an_error():
    error = only("notify.T021", sms("x" * 1600))

    assert error.level == "error"
    assert "The text has 11 SMS parts; at most 10 are sent." in error.message


def test_an_sms_that_its_type_shortens_is_told_of():
    found = sms("Hello " * 30, Short)

    assert only("notify.T022", found).level == "warning"
    assert "so that it fits into 1 part." in only("notify.T022", found).message
    assert not of("notify.T020", found)


def test_links_that_are_too_long_for_the_parts_of_a_type_are_an_error():
    assert "its links alone have 2" in only("notify.T021", sms("https://lotus.in/" + "x" * 200, Short)).message


def test_an_sms_that_can_be_answered_says_how():
    assert only("notify.T024", sms("Come at 10.", Asking)).level == "warning"
    assert "Reply C {{ reply_code }}" in only("notify.T024", sms("Come at 10.", Asking)).message
    assert not of("notify.T024", sms("Come at 10. Reply C {{ reply_code }}.", Asking))
    assert not of("notify.T024", sms("Come at 10."))


@pytest.mark.parametrize(
    ("channel", "part", "most"),
    [
        ("push", "push.title.txt", 40),
        ("push", "push.txt", 150),
        ("email", "email.subject.txt", 60),
        ("in_app", "in_app.title.txt", 200),
    ],
)
def test_what_screens_cut_off_is_told_of(channel, part, most):
    def found(text):
        return validate(Visit, channel, "", {part: text})

    assert not of("notify.T030", found("x" * most + "\n"))
    assert only("notify.T030", found("x" * (most + 1))).part == part
    assert f"about {most} characters" in only("notify.T030", found("x" * (most + 1))).message


def test_what_screens_show_is_counted_as_readers_count_letters():
    assert not of("notify.T030", validate(Visit, "push", "", {"push.title.txt": "कि" * 40}))
    assert of("notify.T030", validate(Visit, "push", "", {"push.title.txt": "कि" * 41}))


def test_what_screens_cut_off_only_of_the_longest_values_is_a_note():
    found = validate(Visit, "push", "", {"push.title.txt": "Your visit with {{ doctor }}", "push.txt": "Come."})

    assert not of("notify.T030", found)
    assert only("notify.T031", found).level == "note"


def test_a_subject_that_no_email_can_have_is_an_error():
    parts = {"email.subject.txt": "{{ doctor }}" + "x" * 900, "email.html": "<p>Hello</p>"}

    assert only("notify.T032", validate(Visit, "email", "", parts)).level == "error"


def test_an_email_that_gmail_cuts_off_is_told_of():
    def found(length):
        parts = {"email.subject.txt": "Hello", "email.html": "<p>" + "Hello\n" * (length // 6) + "</p>"}
        return validate(Visit, "email", "", parts)

    assert not of("notify.T034", found(100_000))
    assert only("notify.T034", found(104_000)).part == "email.html"


def test_a_title_of_several_lines_is_told_of_where_the_second_begins():
    found = validate(Visit, "push", "", {"push.title.txt": "\nYour\nvisit\n", "push.txt": "One\ntwo"})

    warning = only("notify.T033", found)
    assert (warning.level, warning.part, warning.line) == ("warning", "push.title.txt", 3)


@pytest.mark.parametrize("channel", ["sms", "push"])
@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("You have {{ diagnosis.name }}", 10),
        ("{{ diagnosis.name|upper }}", 1),
        ("{% for name, value in diagnosis %}{{ value }}{% endfor %}", 35),
        ('{% link "https://lotus.in/" diagnosis.name %}', 1),
        ('{% link "https://lotus.in/" doctor|default:diagnosis.code %}', 1),
        ("{% if doctor %}Hello{% else %}{{ diagnosis.code }}{% endif %}", 31),
    ],
)
def test_a_sensitive_value_must_not_be_said_where_others_read_along(channel, text, column):
    errors = of("notify.T090", validate(Visit, channel, "", {f"{channel}.txt": text}))

    assert [(each.level, each.line, each.column) for each in errors] == [("error", 1, column)]
    assert channel in errors[0].message


@pytest.mark.parametrize(
    "text", ["{% if diagnosis %}Come soon.{% endif %}", "Come{% for each in diagnosis %} soon{% endfor %}."]
)
def test_a_sensitive_value_that_decides_what_is_said_is_a_note(text):
    found = sms(text)

    assert not of("notify.T090", found)
    assert only("notify.T091", found).level == "note"


def test_a_sensitive_value_may_be_said_in_an_email_and_in_the_inbox():
    parts = {"email.subject.txt": "Hello", "email.html": "<p>{{ diagnosis.name }}</p>"}
    inbox = {"in_app.title.txt": "Hello", "in_app.txt": "{{ diagnosis.name }}"}

    for found in (validate(Visit, "email", "", parts), validate(Visit, "in_app", "", inbox)):
        assert not [each for each in found if each.code.startswith("notify.T09")]


def test_all_values_of_a_sensitive_type_are_sensitive_and_its_text_is_never_sent():
    found = sms("{{ recipient_name }}, see {{ doctor }}", Secret)

    assert [each.message.split()[0] for each in of("notify.T090", found)] == ["'doctor'"]
    assert only("notify.T092", found).level == "warning"
