"""What the editor says of the language of texts: its values, its tags and its filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.admin.templates.text import Text
from notifications.templating.filters import FILTERS
from notifications.templating.format_tags import FORMATS
from notifications.variables import COMMON, Variable

EXAMPLE_MAX = 80


@dataclass(frozen=True, slots=True)
class Line:
    """Something that can be written, what it is for, and how it looks."""

    example: str
    about: str | Promise
    styles: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that the text can name. `insert` is what a click writes."""

    name: str
    about: str
    example: str
    sensitive: bool

    @property
    def insert(self) -> str:
        """As it is written in a text."""
        return "{{ " + self.name + " }}"


TAGS: Sequence[Line] = (
    Line("{% if place %} … {% else %} … {% endif %}", _("Says something only where there is something to say.")),
    Line("{% for each in items %} … {% empty %} … {% endfor %}", _("Goes through a list.")),
    Line(
        "{% plural count %}{% one %}1 day{% other %}{{ count }} days{% endplural %}",
        _("The form of the language for a number: zero, one, two, few, many, other."),
    ),
    *(Line(each.example, each.about, ", ".join(each.styles)) for each in FORMATS.values()),
)
HTML_TAGS: Sequence[Line] = (
    Line('{% link link "See it" %}', _("A link, written so that every mail program shows it.")),
    Line('{% button link "See it" %}', _("A button.")),
    Line('{% extends "notifications/layouts/email.html" %}', _("First of all: the layout that the email stands in.")),
    Line("{% block content %} … {% endblock %}", _("What stands in a place of the layout.")),
)
FILTER_LINES: Sequence[Line] = tuple(Line(each.example, each.about) for each in FILTERS.values())


def tags(text: Text) -> list[Line]:
    """The tags that the parts of a text may have."""
    return [*TAGS, *(HTML_TAGS if text.standing.place.channel == "email" else ())]


def values(text: Text) -> tuple[list[Value], list[Value]]:
    """The values of the type, and those that every text has."""
    own = text.type.declared_variables() or {}
    return (
        [_value(name, each) for name, each in own.items()],
        [_value(name, each) for name, each in COMMON.items() if name not in own],
    )


def _value(name: str, variable: Variable) -> Value:
    return Value(name, variable.about, _example(variable.example), variable.sensitive)


def _example(example: Any) -> str:
    if isinstance(example, datetime):
        said = f"{example:%Y-%m-%d %H:%M}"
    elif isinstance(example, date | time):
        said = example.isoformat()
    elif isinstance(example, list | tuple | dict):
        said = json.dumps(example, ensure_ascii=False, default=str)
    else:
        said = str(example)
    return said if len(said) <= EXAMPLE_MAX else said[: EXAMPLE_MAX - 1] + "…"
