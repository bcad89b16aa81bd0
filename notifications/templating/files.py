"""Templates from files: `templates/notifications/<key>/[<language>/]<part>`, found by Django's own loaders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.template import Context, Engine, Template, TemplateDoesNotExist, TemplateSyntaxError

from notifications.exceptions import TemplateError


def language_chain(language: str) -> list[str]:
    """Where to look, in order: "pt-br" → ["pt-br", "pt", ""]. The last one is the default folder."""
    code = language.lower()
    return list(dict.fromkeys([code, code.split("-", maxsplit=1)[0], ""]))


def candidates(key: str, part: str, language: str) -> list[str]:
    """The template names to try, in order."""
    return ["/".join(filter(None, ("notifications", key, code, part))) for code in language_chain(language)]


def find(key: str, part: str, language: str) -> Template | None:
    """The template of a part in the nearest language, or None."""
    return (_find_now if settings.DEBUG else _find)(key, part, language)


def _find_now(key: str, part: str, language: str) -> Template | None:
    engine = Engine.get_default()
    for name in candidates(key, part, language):
        try:
            return engine.get_template(name)
        except TemplateDoesNotExist as missing:
            if missing.args and missing.args[0] != name:  # it exists, and extends or includes one that does not
                raise TemplateError(f"Template {name} needs {missing}, which does not exist.", template=name) from None
        except TemplateSyntaxError as error:
            line = getattr(getattr(error, "token", None), "lineno", None)
            raise TemplateError(f"Template {name}: {error}", template=name, line=line) from error
    return None


_find = lru_cache(maxsize=4096)(_find_now)


def render(template: Template, context: Mapping[str, Any], *, escape: bool) -> str:
    """The text. Raises `TemplateError` with the template's name, and the line where Django knows it."""
    try:
        return template.render(Context(dict(context), autoescape=escape))
    except Exception as error:
        token = getattr(error, "token", None)
        line = getattr(token, "lineno", None)
        where = f"{template.name}, line {line}" if line else f"{template.name}"
        raise TemplateError(
            f"{where}: {type(error).__name__}: {error}", template=str(template.name), line=line
        ) from error


def render_parts(
    key: str, parts: Iterable[tuple[str, bool, bool]], language: str, context: Mapping[str, Any]
) -> dict[str, str]:
    """Part name → text, for parts given as (name, required, is_html). Raises `TemplateError`."""
    content = {}
    for name, required, is_html in parts:
        template = find(key, name, language)
        if template is not None:
            content[name] = render(template, context, escape=is_html)
        elif required:
            tried = ", ".join(candidates(key, name, language))
            raise TemplateError(f"Template missing. Looked for: {tried}.", template=candidates(key, name, "")[-1])
    return content


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("TEMPLATES", "DEBUG", "INSTALLED_APPS"):
        _find.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.templating.files")
