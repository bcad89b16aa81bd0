"""The texts that are validated, with all that the rules ask about them: compiled, named, and with their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.utils import translation

from notifications import conf
from notifications.channels.base import Channel, Part
from notifications.channels.registry import get_channel
from notifications.exceptions import TemplateError, TemplateSyntaxError
from notifications.models import TemplateVersion, VersionState
from notifications.templating import files, texts
from notifications.templating.engine import Compiled
from notifications.templating.validation.finding import Code, Finding
from notifications.templating.validation.source import Markup, Prose, prose_of
from notifications.templating.validation.uses import Use, uses_of
from notifications.types import NotificationType
from notifications.variables import COMMON, Variable


class Candidate:
    """All parts of a type's text on a channel in one language, as somebody has written them."""

    def __init__(self, type_: type[NotificationType], channel: str, language: str, parts: Mapping[str, str]) -> None:
        self.type = type_
        self.channel: Channel = get_channel(channel)
        self.language = language
        self.written = parts
        self.spoken = texts.spoken_language(language, language or texts.default_language())
        """in which dates and numbers are written"""
        self.compiled: dict[str, Compiled] = {}
        self.refused: dict[str, TemplateSyntaxError] = {}
        self._markup: dict[str, Markup] = {}
        self._rendered: dict[bool, dict[str, str | TemplateError]] = {}
        for part in self.parts:
            self._compile(part)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the channel that are written."""
        return tuple(each for each in self.channel.parts if each.name in self.written)

    @property
    def readable(self) -> Iterator[Part]:
        """Those that compile: only what is written as the language asks can be read further."""
        return (each for each in self.parts if each.name in self.compiled)

    def markup(self, part: str) -> Markup:
        """The elements and the text of a readable part in HTML, as it is written."""
        if part not in self._markup:
            self._markup[part] = Markup(self.written[part])
        return self._markup[part]

    def prose(self, part: Part) -> list[Prose]:
        """What people read of a readable part, as it is written."""
        return self.markup(part.name).prose if part.is_html else prose_of(self.written[part.name], html=False)

    @cached_property
    def declared(self) -> Mapping[str, Variable] | None:
        """The type's own values; None: nobody knows them."""
        return self.type.declared_variables()

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """All values that are known: the type's own, and those of all types."""
        return {**COMMON, **(self.declared or {})}

    @cached_property
    def uses(self) -> Mapping[str, list[Use]]:
        """Part → where it asks for a value. Parts that cannot be compiled are left out."""
        examples = self._values(longest=False)
        known = examples if self.declared is not None else None
        with translation.override(self.spoken):
            return {name: uses_of(compiled.body, examples, known) for name, compiled in self.compiled.items()}

    def rendered(self, part: str, *, longest: bool = False) -> str:
        """A part with its examples, or with the longest values; "" where it fails or there is no such part."""
        found = self._results(longest).get(part, "")
        return "" if isinstance(found, TemplateError) else found

    def failures(self, *, longest: bool) -> Mapping[str, TemplateError]:
        """The parts that fail with their examples, or with the longest values."""
        return {name: each for name, each in self._results(longest).items() if isinstance(each, TemplateError)}

    @cached_property
    def default_parts(self) -> Mapping[str, str]:
        """Part → source of the default language's text, as staff published it, or else of the files."""
        published = TemplateVersion.objects.filter(
            template__type=self.type.key,
            template__channel=self.channel.name,
            template__language="",
            state=VersionState.PUBLISHED,
        )
        found: Mapping[str, str] | None = published.values_list("parts", flat=True).first()
        names = tuple(each.name for each in self.channel.parts)
        return files.parts(self.type.key, names, "") if found is None else found

    @property
    def has_link(self) -> bool:
        """Whether the type says what a click opens."""
        return self.type.link is not NotificationType.link

    def name(self, part: str) -> str:
        """What errors call a part."""
        return texts.name_of(self.type.key, part, self.language)

    def found(self, code: Code, message: str, part: str, place: Any) -> Finding:
        """A finding at a place of a part's tree, which may be in a layout: those are for developers."""
        if place.template == self.name(part):
            return code.found(message, part, place)
        return code.found(f"In the layout {place.template}, line {place.line}: {message}", part)

    def _compile(self, part: Part) -> None:
        try:
            self.compiled[part.name] = texts.compile_part(
                self.written[part.name], part, self.spoken, name=self.name(part.name)
            )
        except TemplateSyntaxError as error:
            self.refused[part.name] = error

    def _results(self, longest: bool) -> dict[str, str | TemplateError]:
        if longest not in self._rendered:
            values = self._values(longest)
            with translation.override(self.spoken):
                self._rendered[longest] = {name: _render(each, values) for name, each in self.compiled.items()}
        return self._rendered[longest]

    def _values(self, longest: bool) -> dict[str, Any]:
        """As a delivery has them: what a type does not have is empty."""
        values = {name: each.worst if longest else each.example for name, each in self.variables.items()}
        site_url = conf.get().BASE_URL
        ours = {"site_url": site_url, "site": urlsplit(site_url).netloc, "link": ""}
        if self.has_link:
            ours["link"] = urljoin(site_url, urlsplit(str(COMMON["link"].example)).path)
        if self.type.mandatory or not self.channel.leaves_app:
            ours["unsubscribe_url"] = ""
        if not (self.type.answers and self.channel.takes_answers):
            ours["reply_code"] = ""
        own = self.declared or {}
        values.update((name, value) for name, value in ours.items() if name not in own)
        return values | {"LANGUAGE_CODE": self.spoken, "LANGUAGE_BIDI": texts.is_bidi(self.spoken)}


def _render(compiled: Compiled, values: Mapping[str, Any]) -> str | TemplateError:
    try:
        return compiled.render(values)
    except TemplateError as error:
        return error
