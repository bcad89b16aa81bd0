"""What must not be said where others read along: by SMS, which phone companies read, and on lock screens."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.uses import Use
from notifications.variables import COMMON

SAID = Code("notify.T090", "error", "a sensitive value is said on a channel that is not secure")
DECIDES = Code("notify.T091", "note", "a sensitive value decides what is said on a channel that is not secure")
NEVER_SENT = Code("notify.T092", "warning", "the text of a sensitive type is never sent on this channel")


def sensitive_values(text: Candidate) -> Iterator[Finding]:
    """Values that are sensitive, in a text for a channel that is not secure."""
    if text.channel.secure:
        return
    for part, uses in text.uses.items():
        for use in uses:
            if not _is_sensitive(text, use):
                continue
            if use.written:
                yield text.found(
                    SAID,
                    f"'{use.name}' is sensitive and must not be said by {text.channel.name}, where others may read "
                    "along. Take it out, and let people sign in to read it: {{ link }}.",
                    part,
                    use.place,
                )
            else:
                yield text.found(
                    DECIDES,
                    f"'{use.name}' is sensitive, and decides here what is said by {text.channel.name}. Make sure that "
                    "nobody can tell it from the wording.",
                    part,
                    use.place,
                )


def sensitive_type(text: Candidate) -> Iterator[Finding]:
    """People get the neutral text instead."""
    if text.type.sensitive and not text.channel.secure:
        yield NEVER_SENT.found(
            f"The type {text.type.key} is sensitive: by {text.channel.name} people are told only that there is a "
            "message, and this text is never sent. Nothing needs to be written here."
        )


def _is_sensitive(text: Candidate, use: Use) -> bool:
    if not use.root or use.failure:
        return False
    declared = text.declared or {}
    if use.root in declared:
        return text.type.sensitive or declared[use.root].sensitive
    return text.type.sensitive and use.root not in COMMON
