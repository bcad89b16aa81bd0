"""What is wrong with a text, before anybody gets it: for who writes it, and for `manage.py check_templates`."""

from __future__ import annotations

from collections.abc import Mapping

from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Finding
from notifications.templating.validation.rules import RULES
from notifications.types import NotificationType

__all__ = ["Finding", "validate"]

_GRAVEST_FIRST = ("error", "warning", "note")


def validate(type_: type[NotificationType], channel: str, language: str, parts: Mapping[str, str]) -> list[Finding]:
    """All that there is to say of a type's text on a channel in a language ("": the default): the gravest first.

    `parts` is part → source. Raises `UnknownChannelError`.
    """
    text = Candidate(type_, channel, language, parts)
    order = {each.name: number for number, each in enumerate(text.channel.parts)}
    found = dict.fromkeys(each for rule in RULES for each in rule(text))
    return sorted(
        found,
        key=lambda each: (
            _GRAVEST_FIRST.index(each.level),
            order.get(each.part, -1),
            each.line or 0,
            each.column or 0,
        ),
    )
