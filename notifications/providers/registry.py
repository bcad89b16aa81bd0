"""The configured providers, one instance for each alias and process."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from notifications import conf
from notifications.exceptions import ConfigurationError, known
from notifications.providers.base import Provider


@cache
def get_provider(alias: str) -> Provider:
    """The provider of that alias. Raises `ConfigurationError`."""
    configured = conf.get().PROVIDERS
    if alias not in configured:
        raise ConfigurationError(f"Unknown provider '{alias}'. {known(configured)}")
    backend: type[Provider] = import_string(configured[alias]["BACKEND"])
    options: dict[str, Any] = configured[alias].get("OPTIONS", {})
    valid = {each.name for each in fields(backend)} - {"alias"}
    if unknown := sorted(set(options) - valid):
        raise ConfigurationError(f"Unknown option of provider '{alias}': {', '.join(unknown)}. {known(valid)}")
    try:
        return backend(alias=alias, **options)
    except TypeError as error:  # a required option is missing
        raise ConfigurationError(f"Provider '{alias}': {error}. {known(valid)}") from error


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "NOTIFICATIONS":
        get_provider.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.providers")
