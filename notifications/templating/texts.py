"""The texts of a type on a channel, compiled: in the nearest language, from what staff published or from files.

They are kept in the process under a stamp, which is another after each publication: `refresh` reads it, and drops what
is out of date. Threads share them, but each words by the stamp that it has read itself: one that still sees the
database of before, in a long transaction perhaps, does not take the others back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signals import setting_changed
from django.utils import translation

from notifications import conf
from notifications.channels.base import Part
from notifications.channels.registry import get_channel
from notifications.exceptions import HeldOut, TemplateError
from notifications.models import TemplateStamp, TemplateVersion
from notifications.models.template import NEVER
from notifications.templating import files, measures
from notifications.templating.assignment import Share, assign
from notifications.templating.engine import Compiled, compile_text
from notifications.templating.versions import Overrides, Running, Version, overrides

NEUTRAL = "neutral"
"""the folder of the texts that a sensitive type has on channels that are not secure; a project may have its own"""


@dataclass(frozen=True, slots=True)
class Wording:
    """All parts of a channel's text in one language."""

    parts: Mapping[str, Compiled]
    language: str
    """as Django names it: values are written in it"""
    version: int | None = None
    """the primary key of the version that it comes from; None: files"""

    def render(self, values: Mapping[str, Any], *, counted: bool = True) -> dict[str, str]:
        """Part → text. What it took is counted for its version. Raises `TemplateError`."""
        if self.version is None or not counted:
            return {name: part.render(values) for name, part in self.parts.items()}
        begun = time.perf_counter()
        try:
            rendered = {name: part.render(values) for name, part in self.parts.items()}
        except TemplateError as error:
            measures.failed(self.version, str(error))
            raise
        measures.rendered(self.version, time.perf_counter() - begun)
        return rendered


@dataclass(frozen=True, slots=True)
class Choice:
    """What a recipient gets, and which arm of a test that makes them part of."""

    wording: Wording
    variant: int | None = None


@dataclass(frozen=True, slots=True)
class _Test:
    salt: str
    shares: tuple[Share, ...]
    arms: Mapping[str, tuple[int, bool, Wording]]


_Found = tuple[Wording, _Test | None]
"""a wording, and the test that runs on it"""
MOST_KEPT = 4096
"""texts that a process keeps: languages come from readers' accounts, and nobody knows what stands there"""


@dataclass(slots=True)
class _Known:
    """What is compiled under one stamp. `by_place`: once for all readers who get the same words."""

    stamp: UUID | None
    by_reader: dict[tuple[str, str, str], _Found] = field(default_factory=dict)
    """(key, channel, language of the reader) → what they get"""
    by_place: dict[tuple[str, str, str, str], _Found] = field(default_factory=dict)
    """(key, channel, language code of the text, language of its dates and numbers) → what is there"""


_known = _Known(None)
_of_thread = threading.local()


def refresh() -> UUID:
    """Have this thread find what is published now. Returns the stamp of the texts that it finds until the next call."""
    return _refreshed().stamp or NEVER


def _refreshed() -> _Known:
    global _known
    stamp, known = TemplateStamp.now(), _known
    if known.stamp != stamp:
        known = _known = _Known(stamp)
    _of_thread.known = known
    return known


def choose(key: str, channel: str, language: str, recipient: Any) -> Choice:
    """The text of a type for a recipient, by their primary key, who reads `language`.

    Raises `TemplateError` where no language has it, and `HeldOut` for whom a test gives nothing.
    """
    wording, test = _found(key, channel, language)
    if test is None:
        return Choice(wording)
    variant, sends, chosen = test.arms[assign(test.salt, recipient, test.shares)]
    if not sends:
        raise HeldOut(variant)
    return Choice(chosen, variant)


def of_version(pk: int, channel: str) -> Wording:
    """The text of a version in any state. Raises `TemplateError` for one that is of another channel, or incomplete."""
    row = TemplateVersion.objects.select_related("template").filter(pk=pk, template__channel=channel).first()
    if row is None:
        raise TemplateError(f"There is no version {pk} for channel '{channel}'.")
    place, code = row.template, row.template.language
    wording = _at(place.type, channel, code, code or default_language(), Version(pk, row.number, row.parts))
    if wording is None:
        missing = [each.name for each in parts_of(channel) if each.required and each.name not in row.parts]
        raise TemplateError(f"{row} lacks {', '.join(missing)}.")
    return wording


def neutral(channel: str, language: str) -> Wording:
    """The text that says only that there is a message."""
    return _of_files(NEUTRAL, channel, language)


def _found(key: str, channel: str, language: str) -> _Found:
    known: _Known = getattr(_of_thread, "known", None) or _refreshed()
    place = (key, channel, language)
    found = known.by_reader.get(place)
    if found is None or settings.DEBUG:
        staff = overrides(key, channel, known.stamp or NEVER)
        found = _look_up(key, channel, language, staff, {} if settings.DEBUG else known.by_place)
        _keep(known.by_reader, place, found)
    return found


def _look_up(
    key: str, channel: str, language: str, staff: Overrides, by_place: dict[tuple[str, str, str, str], _Found]
) -> _Found:
    for code in files.language_chain(language):
        place = (key, channel, code, spoken_language(code, language))
        if there := by_place.get(place):  # asked once: another thread may clear it
            return there
        wording = _at(key, channel, code, language, staff.published.get(code))
        if wording is not None:
            running = staff.running.get(code)
            found = wording, _test(key, channel, code, language, running, wording) if running else None
            _keep(by_place, place, found)
            return found
    return _of_files(key, channel, language), None  # raises


def _keep(kept: dict[Any, _Found], place: tuple[str, ...], found: _Found) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[place] = found


def _of_files(key: str, channel: str, language: str) -> Wording:
    for code in files.language_chain(language):
        wording = _at(key, channel, code, language, None)
        if wording is not None:
            return wording
    names = [part.name for part in parts_of(channel) if part.required]
    found = set().union(*(files.parts(key, tuple(names), code) for code in files.language_chain(language)))
    if nowhere := [each for each in names if each not in found]:
        tried = files.candidates(key, nowhere[0], language)
        raise TemplateError(f"Template missing. Looked for: {', '.join(tried)}.", template=tried[-1])
    folders = ", ".join(files.name_of(key, "", code) for code in files.language_chain(language))
    raise TemplateError(
        f"Template incomplete: a message is all of one language, and none of {folders} has all of {', '.join(names)}.",
        template=files.name_of(key, names[0], ""),
    )


def parts_of(channel: str) -> Sequence[Part]:
    """The parts of a configured channel's text."""
    return get_channel(channel).parts


def _at(key: str, channel: str, code: str, language: str, version: Version | None) -> Wording | None:
    """The wording under one language code, if it is complete there."""
    parts = parts_of(channel)
    written = version.parts if version else files.parts(key, tuple(each.name for each in parts), code)
    if any(each.required and each.name not in written for each in parts):
        return None
    spoken = spoken_language(code, language)
    compiled = {
        each.name: compile_part(
            written[each.name], each, spoken, name=name_of(key, each.name, code, version.number if version else None)
        )
        for each in parts
        if each.name in written
    }
    return Wording(compiled, spoken, version.pk if version else None)


def _test(key: str, channel: str, code: str, language: str, running: Running, published: Wording) -> _Test:
    arms = {}
    for arm in running.arms:
        wording = _at(key, channel, code, language, arm.version) if arm.version else published
        arms[str(arm.pk)] = (arm.pk, arm.sends, wording or published)
    return _Test(running.salt, tuple(Share(str(each.pk), each.weight) for each in running.arms), arms)


def name_of(key: str, part: str, code: str, number: int | None = None) -> str:
    """What errors call a part: the file, or which version of staff's."""
    name = files.name_of(key, part, code)
    return f"{name.removeprefix(f'{files.ROOT}/')} of version {number}" if number else name


def default_language() -> str:
    """The language of the texts that serve all who have none of their own."""
    return conf.get().TEXT_LANGUAGE or settings.LANGUAGE_CODE


def spoken_language(code: str, wanted: str) -> str:
    """In which language dates and numbers are written in a text under `code` for somebody who reads `wanted`.

    That of the text: a text in English has its dates in English. A regional form of it stays as the reader has it.
    """
    of_text = code or default_language()
    same = wanted.split("-", maxsplit=1)[0].lower() == of_text.split("-", maxsplit=1)[0].lower()
    return wanted if same else of_text


def is_bidi(language: str) -> bool:
    """Whether a language is written from right to left."""
    return language.split("-", maxsplit=1)[0].lower() in settings.LANGUAGES_BIDI


def compile_part(source: str, part: Part, language: str, *, name: str) -> Compiled:
    """Compile one part for readers of a language. Raises `TemplateSyntaxError`."""
    return compile_text(
        source,
        name=name,
        html=part.is_html,
        load=partial(files.layout, language=language),
        constants={
            "LANGUAGE_CODE": translation.to_locale(language).replace("_", "-"),
            "LANGUAGE_BIDI": is_bidi(language),
        },
        styled=part.styled,
    )


def _forget(*, setting: str, **kwargs: Any) -> None:
    global _known, _of_thread
    if setting in ("TEMPLATES", "DEBUG", "INSTALLED_APPS", "NOTIFICATIONS", "LANGUAGE_CODE"):
        _known, _of_thread = _Known(None), threading.local()


setting_changed.connect(_forget, dispatch_uid="notifications.templating.texts")
