"""Which parts a text must have, and in which language there must be one."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.exceptions import known
from notifications.templating import texts
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding

MISSING = Code("notify.T012", "error", "a part is missing")
BLANK = Code("notify.T013", "error", "a part that must say something is blank")
UNKNOWN = Code("notify.T014", "error", "the channel has no such part")
LEFT_OUT = Code("notify.T015", "note", "a part that may be left out is blank")
NO_FALLBACK = Code("notify.T016", "error", "there is no text in the default language")


def missing_parts(text: Candidate) -> Iterator[Finding]:
    """Parts that the channel cannot do without."""
    for part in text.channel.parts:
        if part.required and part.name not in text.written:
            yield MISSING.found(
                f"{part.name} is missing, and without it nothing can be sent on {text.channel.name}. Write it.",
                part.name,
            )


def blank_parts(text: Candidate) -> Iterator[Finding]:
    """Parts with nothing in them."""
    for part in text.parts:
        if text.written[part.name].strip():
            continue
        if part.required:
            yield BLANK.found(f"{part.name} is empty. Readers would get nothing: write it.", part.name)
        else:
            yield LEFT_OUT.found(f"{part.name} is empty, which is the same as leaving it out.", part.name)


def unknown_parts(text: Candidate) -> Iterator[Finding]:
    """Parts that nobody would ever read."""
    names = [each.name for each in text.channel.parts]
    for name in text.written:
        if name not in names:
            yield UNKNOWN.found(f"{text.channel.name} has no part {name}. Take it out. {known(names)}", name)


def fallback_language(text: Candidate) -> Iterator[Finding]:
    """A text in another language needs one for all who read neither."""
    if not text.language:
        return
    lacking = [each.name for each in text.channel.parts if each.required and each.name not in text.default_parts]
    if lacking:
        yield NO_FALLBACK.found(
            f"There is no text for readers of other languages: the default ({texts.default_language()}) lacks "
            f"{', '.join(lacking)}. Publish the default text first."
        )
