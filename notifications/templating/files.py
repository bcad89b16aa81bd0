"""Texts from files: `templates/notifications/<key>/[<language>/]<part>`, found by Django's own loaders."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.signals import setting_changed
from django.template import Engine, TemplateDoesNotExist

from notifications.templating.nodes import Parsed
from notifications.templating.parser import LAYOUTS, parse

ROOT = "notifications"
_T = TypeVar("_T")


def language_chain(language: str) -> list[str]:
    """Where to look, in order: "zh-hant-hk" → ["zh-hant-hk", "zh-hant", "zh", ""]. The last is the default folder."""
    subtags = language.lower().split("-")
    return list(dict.fromkeys([*("-".join(subtags[:end]) for end in range(len(subtags), 0, -1)), ""]))


def name_of(key: str, part: str, language: str) -> str:
    """The name of a file, as Django's loaders know it."""
    return "/".join(filter(None, (ROOT, key, language, part)))


def candidates(key: str, part: str, language: str) -> list[str]:
    """The names to try, in order."""
    return [name_of(key, part, code) for code in language_chain(language)]


def _remembered(function: Callable[[str], _T]) -> Callable[[str], _T]:
    """Once in each process; while one develops, each time."""
    cached = lru_cache(maxsize=8192)(function)
    _caches.append(cached)
    return lambda name: function(name) if settings.DEBUG else cached(name)


_caches: list[Any] = []


@_remembered
def source(name: str) -> str | None:
    """The contents of a file, or None where there is none."""
    loaders: list[Any] = Engine.get_default().template_loaders
    for loader in loaders:
        for origin in loader.get_template_sources(name):
            try:
                contents: str = loader.get_contents(origin)
            except TemplateDoesNotExist:
                continue
            return contents
    return None


@_remembered
def parsed(name: str) -> Parsed | None:
    """A file's tree, or None where there is none. Raises `TemplateSyntaxError`."""
    contents = source(name)
    return None if contents is None else parse(contents, name, html=name.endswith(".html"))


def layout(name: str, language: str) -> Parsed | None:
    """A layout, `notifications/layouts/…`, in the nearest language: `notifications/layouts/<language>/…`."""
    rest = name.removeprefix(LAYOUTS)
    for code in language_chain(language):
        found = parsed("/".join(filter(None, (LAYOUTS.rstrip("/"), code, rest))))
        if found is not None:
            return found
    return None


def parts(key: str, names: tuple[str, ...], language: str) -> dict[str, str]:
    """The files of one folder that there are: part → source."""
    found = {each: source(name_of(key, each, language)) for each in names}
    return {name: contents for name, contents in found.items() if contents is not None}


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("TEMPLATES", "DEBUG", "INSTALLED_APPS"):
        for each in _caches:
            each.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.templating.files")
