"""The words by which a person ends and resumes text messages, as US carriers and Twilio take them.

https://help.twilio.com/articles/223134027 and https://www.ctia.org/the-wireless-industry/industry-commitments/messaging-interoperability-sms-mms
"""

from __future__ import annotations

import re
import unicodedata

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
YES = "YES"
"""takes a STOP back like START; where nothing was stopped it is an ordinary word, and may answer a question"""
RESERVED = STOP_WORDS | START_WORDS | HELP_WORDS
"""no message may ask for one of these as its answer: they mean what the law says"""

_WORD_AND_CODE = re.compile(r"([^\W\d_]+)[\s#.:-]*([0-9]{1,4})?")


def keyword(text: str) -> str:
    """What a whole message says if it is one word, such as "stop." or "Opt-out": its letters and digits, in capitals.

    "" where it is longer than any keyword.
    """
    if len(text) > 50:
        return ""
    letters = "".join(each for each in unicodedata.normalize("NFKC", text) if each.isalnum())
    return letters.upper() if len(letters) <= max(map(len, RESERVED)) else ""


def word_and_code(text: str) -> tuple[str, str] | None:
    """An answer: "c 47!" → ("C", "47"), "Confirm" → ("CONFIRM", ""). None for what is no single word."""
    if len(text) > 50:
        return None
    written = unicodedata.normalize("NFKC", text).strip().strip(".,;:!?\"'“”‘’()[]<> ")
    found = _WORD_AND_CODE.fullmatch(written)
    return (found[1].upper(), found[2] or "") if found else None
