"""The values that the templates of a type see, declared: for those who write texts, and for the checks of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One value. Its example is plain data and shows its kind; of a list, its first item shows what is in each."""

    example: Any
    about: str = ""
    """one line for who writes texts"""
    longest: Any = None
    """the longest that is to be reckoned with, for the parts of an SMS; None: the example"""
    sensitive: bool = False
    """it must not be said where others may read along: SMS, push"""
    required: bool = False
    """a text without it is of no use, such as a code: it is not published"""

    @property
    def worst(self) -> Any:
        """The longest, or else the example."""
        return self.example if self.longest is None else self.longest


COMMON: Mapping[str, Variable] = {
    "recipient_name": Variable(
        example="Asha Menon",
        longest="Venkatanarasimharajuvaripeta Subramanian",
        about="the reader's name; may be empty",
    ),
    "link": Variable(example="https://example.org/appointments/47/", about="what a click opens; may be empty"),
    "site": Variable(example="example.org", about="this site's name in addresses"),
    "site_url": Variable(example="https://example.org", about="this site's address"),
    "reply_code": Variable(example="47", longest="4747", about="stands behind the word of an answer; may be empty"),
    "unsubscribe_url": Variable(
        example="https://example.org/notifications/unsubscribe/x/", about="where one unsubscribes; may be empty"
    ),
    "LANGUAGE_CODE": Variable(example="en", about="the language of this text"),
    "LANGUAGE_BIDI": Variable(example=False, about="whether it runs from right to left"),
}
"""what every template sees"""
