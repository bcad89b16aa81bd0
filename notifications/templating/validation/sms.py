"""What a text costs as SMS, and whether it is sent at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from notifications.channels import sms_segments
from notifications.channels.base import Content, text_of
from notifications.channels.sms import SmsChannel
from notifications.exceptions import TextTooLongError
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.source import prose_of

PARTS = Code("notify.T020", "note", "how many parts an SMS has at most")
TOO_LONG = Code("notify.T021", "error", "an SMS has more parts than its channel sends")
SHORTENED = Code("notify.T022", "warning", "an SMS is shortened")
DEAR_CHARACTERS = Code("notify.T023", "note", "characters that make an SMS dearer")
NO_REPLY_CODE = Code("notify.T024", "warning", "an SMS that can be answered does not say how")
SMS = "sms.txt"
NAMED_MAX = 8
"""distinct characters; with more of them it is the script that needs them, and nothing can be saved"""


def sms_length(text: Candidate) -> Iterator[Finding]:
    """The parts of the longest example, as they are sent; and why they are so many."""
    rendered = text.rendered(SMS, longest=True)
    channel = text.channel
    if not rendered or not isinstance(channel, SmsChannel):
        return
    content = Content(
        parts={SMS: rendered},
        language=text.spoken,
        sms_smart=text.type.sms_smart,
        sms_parts=text.type.sms_parts,
    )
    whole = text_of(content, SMS)
    try:
        sent, _ = channel.fitted(whole, content)
    except TextTooLongError as error:
        yield TOO_LONG.found(f"With the longest values it is too long to be sent. {error} Write less.", SMS)
        return
    replaced = sms_segments.economise(whole).text if channel.smart and text.type.sms_smart else whole
    if sent not in (whole, replaced):
        parts = sms_segments.count(sent).parts
        yield SHORTENED.found(
            f"With the longest values its end is cut off, so that it fits into {_parts(parts)}. "
            "Write less, or put what matters first.",
            SMS,
        )
    segments = sms_segments.count(sent)
    if segments.parts > 1:
        yield PARTS.found(f"{_parts(segments.parts)} ({segments.encoding}) for the longest example; each costs.", SMS)
        yield from _dear_characters(text, sent)


def _dear_characters(text: Candidate, sent: str) -> Iterator[Finding]:
    """Those without which it would be in GSM-7, with fewer parts."""
    odd = list(dict.fromkeys(each for each in sent if sms_segments.encoding_of(each) == "UCS-2"))
    if not 1 <= len(odd) <= NAMED_MAX:
        return
    cheaper = sms_segments.count("".join("?" if each in odd else each for each in sent)).parts
    named = ", ".join(f"{each} ({unicodedata.name(each, 'no name').lower()}, U+{ord(each):04X})" for each in odd)
    source = prose_of(text.written[SMS], html=False)[0]
    first = re.search("|".join(map(re.escape, odd)), source.text)
    yield DEAR_CHARACTERS.found(
        f"Without {named} it would have {_parts(cheaper)}: one such character makes each part hold 70 "
        "characters instead of 160. Write others if you can.",
        SMS,
        source.at(first.start()) if first else None,
    )


def _parts(number: int) -> str:
    return f"{number} part{'s' if number > 1 else ''}"


def reply_code(text: Candidate) -> Iterator[Finding]:
    """People who have several questions open answer with a code."""
    if not text.type.answers or SMS not in text.compiled or not text.channel.takes_answers:
        return
    if not any(use.root == "reply_code" and use.written for use in text.uses[SMS]):
        word = next(iter(text.type.answers.values()))[0]
        yield NO_REPLY_CODE.found(
            f"It can be answered, and does not say how. Add, say: Reply {word} {{{{ reply_code }}}}.", SMS
        )
