"""The configured channels, one instance for each name and process."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from notifications import conf
from notifications.channels.base import Channel
from notifications.exceptions import ConfigurationError, UnknownChannelError, known


@cache
def get_channel(name: str) -> Channel:
    """The channel of that name. Raises `UnknownChannelError` or `ConfigurationError`."""
    configured = conf.get().CHANNELS
    if name not in configured:
        raise UnknownChannelError(f"Unknown channel '{name}'. {known(configured)}")
    backend: type[Channel] = import_string(configured[name]["BACKEND"])
    options: dict[str, Any] = configured[name].get("OPTIONS", {})
    valid = {each.name for each in fields(backend)} - {"name", "providers"}
    if unknown := sorted(set(options) - valid):
        raise ConfigurationError(f"Unknown option of channel '{name}': {', '.join(unknown)}. {known(valid)}")
    return backend(name=name, providers=tuple(configured[name].get("PROVIDERS", ())), **options)


def leaves_app(name: str) -> bool:
    """Whether a stored delivery on this channel goes beyond the inbox; one that is no longer configured did."""
    try:
        return get_channel(name).leaves_app
    except UnknownChannelError:
        return True


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "NOTIFICATIONS":
        get_channel.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.channels")
