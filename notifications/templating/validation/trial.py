"""Whether a text works with the examples of its values, and with the longest that they may be."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.exceptions import TemplateError
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.source import Spot

FAILS = Code("notify.T010", "error", "it cannot be rendered with the examples of its values")
EMPTY = Code("notify.T011", "warning", "a part comes out empty with the examples of its values")


def failing_values(text: Candidate) -> Iterator[Finding]:
    """Filters and formats that cannot take the value, in any branch of the text."""
    for part, uses in text.uses.items():
        for use in uses:
            if use.failure:
                yield text.found(
                    FAILS, f"With its example this cannot be written: {_ended(use.failure)}", part, use.place
                )


def failing_text(text: Candidate) -> Iterator[Finding]:
    """The text as a whole, where the values by themselves are right."""
    for part in text.compiled:
        if any(use.failure or use.problem for use in text.uses[part]) or _is_guesswork(text, part):
            continue
        for longest in (False, True):
            error = text.failures(longest=longest).get(part)
            if error is not None:
                yield _failure(text, part, error, "longest" if longest else "example")
                break


def empty_text(text: Candidate) -> Iterator[Finding]:
    """Readers would get a part with nothing in it."""
    for part in text.parts:
        name = part.name
        fine = name in text.compiled and not text.failures(longest=False).get(name) and not _is_guesswork(text, name)
        if fine and text.written[name].strip() and not text.rendered(name).strip():
            yield EMPTY.found(
                "With the example values nothing is left of it. Say something in each case: add an {% else %}.", name
            )


def _is_guesswork(text: Candidate, part: str) -> bool:
    """Whether it uses values of which nobody knows an example."""
    known = {name for name, each in text.variables.items() if each.example is not None}
    return any(use.root and use.root not in known for use in text.uses[part])


def _failure(text: Candidate, part: str, error: TemplateError, which: str) -> Finding:
    message = f"With the {which} values it cannot be written: {_ended(error.explained)}"
    if error.template == text.name(part) and error.line is not None:
        return FAILS.found(message, part, Spot(error.line, error.column or 1))
    return FAILS.found(f"In the layout {error.template}, line {error.line}: {message}" if error.line else message, part)


def _ended(text: str) -> str:
    return text if text.endswith((".", "?", "!", ")")) else f"{text}."
