"""The values that a text asks for, against those that its type declares."""

from __future__ import annotations

from collections.abc import Iterator

from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.variables import COMMON

UNKNOWN = Code("notify.T002", "error", "a value is asked for that there is not")
UNCHECKED = Code("notify.T003", "note", "the type does not declare its values, so names cannot be checked")
UNUSED = Code("notify.T004", "note", "values of the type are not used")
LINK_UNUSED = Code("notify.T005", "warning", "readers are not shown the link that the type has")
LINK_EMPTY = Code("notify.T006", "warning", "the text shows a link that the type does not have")
NO_EXAMPLE = Code("notify.T007", "note", "values without an example, so that nothing could be tried with them")
REQUIRED = Code("notify.T008", "error", "a value without which the text is of no use is not said")
CARRIES_NO_LINK = ("sms.txt", "email.html")
"""parts of messages whose only links are those in their text; push messages and the inbox open it by themselves"""


def unknown_names(text: Candidate) -> Iterator[Finding]:
    """Names that nobody declares. A layout may ask `{% if %}` there is a value."""
    for part, uses in text.uses.items():
        for use in uses:
            in_layout = use.place.template != text.name(part)
            if use.problem and not (in_layout and use.guarded):
                yield text.found(UNKNOWN, use.problem, part, use.place)


def unchecked_names(text: Candidate) -> Iterator[Finding]:
    """That no name can be checked."""
    if text.declared is None:
        yield UNCHECKED.found(
            f"The type {text.type.key} does not say which values its texts have, so names and examples could not be "
            "checked. Look at the preview, and ask a developer to declare its variables."
        )


def unused_values(text: Candidate) -> Iterator[Finding]:
    """Values of the type that no part of the channel uses. Not said while a part cannot be read."""
    if text.refused:
        return
    used = {use.root for uses in text.uses.values() for use in uses}
    unused = sorted(name for name in text.declared or {} if name not in used | set(COMMON))
    if unused:
        yield UNUSED.found(f"Not used here: {', '.join(unused)}. That is fine if readers do not need it.")
    shown = [part for part in CARRIES_NO_LINK if part in text.compiled]
    if shown and text.has_link and "link" not in used:
        yield LINK_UNUSED.found(
            'Readers are not shown where to go: add {% link link "See it" %}; in an email, {% button link "See it" %}.',
            shown[0],
        )


def empty_link(text: Candidate) -> Iterator[Finding]:
    """{{ link }} where the type has none."""
    if text.has_link or "link" in (text.declared or {}):
        return
    for part, uses in text.uses.items():
        of_link = [use for use in uses if use.root == "link"]
        for use in of_link if all(use.written for use in of_link) else ():  # {% if link %} is right
            if use.place.template == text.name(part):
                yield text.found(
                    LINK_EMPTY,
                    f"The type {text.type.key} has no link, so this is empty. Take it out, or use {{{{ site_url }}}}.",
                    part,
                    use.place,
                )


def without_example(text: Candidate) -> Iterator[Finding]:
    """Values that are used and have no example."""
    used = {use.root for uses in text.uses.values() for use in uses}
    bare = sorted(name for name, each in (text.declared or {}).items() if name in used and each.example is None)
    if bare:
        yield NO_EXAMPLE.found(
            f"The type gives no example of {', '.join(bare)}, so what the text does with it could not be tried. "
            "Look at the preview with a real recipient."
        )


def required_values(text: Candidate) -> Iterator[Finding]:
    """What the text is there for has to be said. Not asked while a part cannot be read."""
    if text.refused:
        return
    said = {use.root for uses in text.uses.values() for use in uses if use.written}
    for name, each in (text.declared or {}).items():
        if each.required and name not in said:
            about = f", {each.about}" if each.about else ""
            yield REQUIRED.found(f"Readers need {{{{ {name} }}}}{about}: write it somewhere.")
