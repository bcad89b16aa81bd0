"""Validation of texts (T3): what is wrong with a text is said before anybody gets it."""

from notifications.templating.validation import validate
from notifications.types import NotificationType
from notifications.variables import Variable


class Visit(NotificationType):
    key = "tests.visit"
    variables = {"doctor": Variable(example="Dr. Nair")}


def codes(found):
    return [each.code for each in found]


def test_a_mistake_in_the_syntax_is_named_with_its_line_and_column():
    found = validate(Visit, "sms", "", {"sms.txt": "Hello\n  {% if doctor %}{{ doctor }}"})

    assert (found[0].level, found[0].code, found[0].part) == ("error", "notify.T001", "sms.txt")
    assert (found[0].line, found[0].column) == (2, 3)
    assert "{% endif %}" in found[0].message


def test_each_part_with_a_mistake_is_told_of():
    found = validate(Visit, "in_app", "", {"in_app.title.txt": "{{ }}", "in_app.txt": "{% endif %}"})

    assert [each.part for each in found if each.code == "notify.T001"] == ["in_app.title.txt", "in_app.txt"]
