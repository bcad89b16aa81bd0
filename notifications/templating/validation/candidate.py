"""The texts that are validated, with all that the rules ask about them: compiled, and with their values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.conf import settings

from notifications.channels.base import Channel, Part
from notifications.channels.registry import get_channel
from notifications.exceptions import TemplateSyntaxError
from notifications.templating import texts
from notifications.templating.engine import Compiled
from notifications.types import NotificationType


class Candidate:
    """All parts of a type's text on a channel in one language, as somebody has written them."""

    def __init__(self, type_: type[NotificationType], channel: str, language: str, parts: Mapping[str, str]) -> None:
        self.type = type_
        self.channel: Channel = get_channel(channel)
        self.language = language
        self.written = parts
        self.spoken = texts.spoken_language(language, language or settings.LANGUAGE_CODE)
        """in which dates and numbers are written"""
        self.compiled: dict[str, Compiled] = {}
        self.refused: dict[str, TemplateSyntaxError] = {}
        for part in self.parts:
            self._compile(part)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the channel that are written."""
        return tuple(each for each in self.channel.parts if each.name in self.written)

    def name(self, part: str) -> str:
        """What errors call a part."""
        return texts.name_of(self.type.key, part, self.language)

    def is_own(self, part: str, place: Any) -> bool:
        """Whether a place is in the part's own source, and not in a layout."""
        return bool(place.template == self.name(part))

    def _compile(self, part: Part) -> None:
        try:
            self.compiled[part.name] = texts.compile_part(
                self.written[part.name], part, self.spoken, name=self.name(part.name)
            )
        except TemplateSyntaxError as error:
            self.refused[part.name] = error
