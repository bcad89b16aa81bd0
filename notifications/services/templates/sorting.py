"""Which text each file of an import belongs to: `[notifications/]<type>/[<language>/]<part>`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from notifications.exceptions import ExchangeError, TemplateStateError, UnknownTypeError, known
from notifications.services.templates.catalogue import channels_of, place
from notifications.services.templates.manifest import MANIFEST, manifest_texts
from notifications.templating import files, texts
from notifications.types import get_type

Where = tuple[str, str, str]
"""type, channel, language"""
LAYOUTS = "layouts"
BOM = "\ufeff"


@dataclass(slots=True)
class Incoming:
    """The files of an import, sorted."""

    texts: dict[Where, dict[str, str]] = field(default_factory=dict)
    """part → source"""
    broken: dict[Where, str] = field(default_factory=dict)
    """why a text cannot be read"""
    refused: dict[str, str] = field(default_factory=dict)
    """path → why it belongs to no text"""
    ignored: list[str] = field(default_factory=list)
    listed: set[Where] = field(default_factory=set)
    """what the manifest says that there is"""


def normal(text: str) -> str:
    """A text as Django's loaders read it from a file, and without a byte order mark."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix(BOM)


def sort_out(given: Mapping[str, str | bytes]) -> Incoming:
    """Give each file to its text. A folder or an archive may have one folder around all, as archives often do."""
    incoming = Incoming()
    root = _root(given)
    inner = f"{root}{files.ROOT}/"
    has_root = any(path.startswith(inner) for path in given)
    for path, content in sorted(given.items()):
        if path == root + MANIFEST:
            incoming.listed = _listed(content)
        elif has_root and not path.startswith(inner):
            incoming.ignored.append(path)
        else:
            _sort(incoming, path, path.removeprefix(inner if has_root else root).split("/"), content)
    return incoming


def _root(given: Iterable[str]) -> str:
    """The one folder that is around all files, if there is one that is no part of the layout."""
    tops = {path.split("/", maxsplit=1)[0] for path in given if not path.startswith("__MACOSX/")}
    if len(tops) != 1:
        return ""
    top = tops.pop()
    beneath = {PurePosixPath(path).parts[1] for path in given if path.startswith(f"{top}/")}
    return f"{top}/" if MANIFEST in beneath or files.ROOT in beneath else ""


def _listed(content: str | bytes) -> set[Where]:
    try:
        return {(each["type"], each["channel"], each["language"]) for each in manifest_texts(content)}
    except ExchangeError:  # of something else: it is not needed
        return set()


def _sort(incoming: Incoming, path: str, names: list[str], content: str | bytes) -> None:
    key, *languages, part = names if len(names) > 1 else ["", *names]
    if not key or key in (LAYOUTS, texts.NEUTRAL) or any(each.startswith(".") for each in names):
        incoming.ignored.append(path)  # layouts and the like are written by developers
        return
    language = languages[0] if languages else ""
    try:
        wheres = _wheres(key, language, part)
        if len(languages) > 1:
            raise TemplateStateError("It lies too deep. Valid: <type>/[<language>/]<part>.", code="invalid")
    except UnknownTypeError as error:
        folder = path[: len(path) - len("/".join(names[1:]))]
        incoming.refused[folder] = str(error)
        return
    except TemplateStateError as error:
        incoming.refused[path] = str(error)
        return
    for where in wheres:
        text = incoming.texts.setdefault(where, {})
        try:
            text[part] = normal(content.decode() if isinstance(content, bytes) else content)
        except UnicodeDecodeError as error:
            incoming.broken[where] = f"{path} is not UTF-8: byte {error.start + 1}. Save it as UTF-8."


def _wheres(key: str, language: str, part: str) -> list[Where]:
    """The texts that a file is of: mostly one."""
    type_ = get_type(key)
    parts = {channel: [each.name for each in texts.parts_of(channel)] for channel in channels_of(type_)}
    found = [channel for channel, names in parts.items() if part in names]
    if not found:
        valid = {name for names in parts.values() for name in names}
        raise TemplateStateError(f"{key} has no text '{part[:60]}'. {known(valid)}", code="missing")
    for channel in found:
        place(key, channel, language)
    return [(key, channel, language) for channel in found]
