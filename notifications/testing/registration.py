"""Types that only a test knows."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from django.conf import settings
from django.test import override_settings

from notifications.types import NotificationType, all_types, register, unregister

_T = TypeVar("_T", bound=type[NotificationType])


@contextmanager
def registered(type_: _T, templates: Mapping[str, str] | None = None) -> Iterator[_T]:
    """Make a type known within the block, with templates by part: `{"sms.txt": "Hello {{ recipient_name }}"}`.

    Other templates are found as ever; `{"es/sms.txt": …}` is for one language. Raises `RegistrationError`.
    """
    was_known = type_ in all_types()
    register(type_)
    try:
        with _with_templates(type_.key, templates) if templates else nullcontext():
            yield type_
    finally:
        if not was_known:
            unregister(type_.key)


def _with_templates(key: str, templates: Mapping[str, str]) -> override_settings:
    """The site's template engine, which looks here first."""
    engines: list[dict[str, Any]] = copy.deepcopy(settings.TEMPLATES)
    options = engines[0].setdefault("OPTIONS", {})
    others = options.get("loaders") or [
        "django.template.loaders.filesystem.Loader",
        *(["django.template.loaders.app_directories.Loader"] if engines[0].pop("APP_DIRS", False) else []),
    ]
    ours = {f"notifications/{key}/{part}": text for part, text in templates.items()}
    options["loaders"] = [("django.template.loaders.locmem.Loader", ours), *others]
    return override_settings(TEMPLATES=engines)
