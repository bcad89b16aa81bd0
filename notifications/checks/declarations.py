"""The registered types: their channels, examples and templates."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from notifications import conf
from notifications.channels.registry import get_channel
from notifications.exceptions import PayloadError, TemplateError, known
from notifications.templating import files, texts
from notifications.types import NotificationType, all_types


def check_types() -> list[CheckMessage]:
    """E020 to E022, W020 and W021. The object of each message is the type's dotted name."""
    return [each for type_ in all_types() for each in _type(type_)]


def _type(type_: type[NotificationType]) -> Iterator[CheckMessage]:
    where = f"{type_.__module__}.{type_.__qualname__}"
    channels = conf.get().CHANNELS
    used = (*type_.channels, *type_.fallback)
    for name in used:
        if name not in channels:
            yield Error(f"Unknown channel '{name}'.", hint=known(channels), obj=where, id="notify.E020")
    present = [name for name in used if name in channels]
    yield from _fallback(type_, where, present)
    yield from _example(type_, where)
    if type_.worded_by is not NotificationType.worded_by:
        return  # its text is that of others
    for name in present:
        yield from _templates(type_, where, name)


def _fallback(type_: type[NotificationType], where: str, present: list[str]) -> Iterator[CheckMessage]:
    leaving = [name for name in type_.channels if name not in present or get_channel(name).leaves_app]
    if type_.fallback and type_.fallback_after is None and not leaving:
        yield Error(
            "Its fallback is never sent: none of its channels leaves the app, so none can fail.",
            hint="Set fallback_after, or name the fallback in channels.",
            obj=where,
            id="notify.E021",
        )


def _example(type_: type[NotificationType], where: str) -> Iterator[CheckMessage]:
    try:
        type_.from_payload(type_.example)
    except (PayloadError, TypeError) as error:
        text = f"Its example does not fit its payload: {error}" if type_.example else "It has no example."
        hint = "Previews and tests use it. Write example = {…} with a value for each payload field."
        yield Warning(text, hint=hint, obj=where, id="notify.W020")


def _templates(type_: type[NotificationType], where: str, channel: str) -> Iterator[CheckMessage]:
    parts, chain = get_channel(channel).parts, files.language_chain(settings.LANGUAGE_CODE)
    required = {each.name for each in parts if each.required}
    written = {code: files.parts(type_.key, tuple(each.name for each in parts), code) for code in chain}
    code = next((code for code in chain if required <= set(written[code])), "")  # a message is all of one language
    for part in parts:
        tried = files.candidates(type_.key, part.name, settings.LANGUAGE_CODE)
        source = written[code].get(part.name)
        if not source and part.required:
            text = f"Its template {part.name} for channel '{channel}' is missing."
            yield Warning(text, hint=f"Write one of: {', '.join(tried)}.", obj=where, id="notify.W021")
        if not source:
            continue
        try:
            name = files.name_of(type_.key, part.name, code)
            texts.compile_part(source, part, settings.LANGUAGE_CODE, name=name)
        except TemplateError as error:
            text = f"Its template {part.name} cannot be loaded: {error}"
            yield Error(text, hint=f"It is one of: {', '.join(tried)}.", obj=where, id="notify.E022")
