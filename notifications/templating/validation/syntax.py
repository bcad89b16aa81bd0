"""Whether the parts are written as the language of templates asks."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding

SYNTAX = Code("notify.T001", "error", "the text is not written as the language of templates asks")


def syntax(text: Candidate) -> Iterator[Finding]:
    """One finding for each part: its first mistake, where it is."""
    for part, error in text.refused.items():
        if error.template == text.name(part):
            yield Finding(SYNTAX.level, SYNTAX.id, error.hint, part, error.line, error.column)
        else:  # in a layout, which developers write
            yield SYNTAX.found(str(error), part)
