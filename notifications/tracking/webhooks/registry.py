"""The webhook of each configured provider, one instance for each alias and process."""

from __future__ import annotations

from functools import cache

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from notifications import conf
from notifications.providers.registry import get_provider
from notifications.tracking.webhooks.base import Webhook


def get_webhook(alias: str) -> Webhook | None:
    """The webhook of a provider; None if there is no such provider, or it posts nothing that we could verify."""
    # Asked before the cache, which names made up by strangers would fill.
    return _made(alias) if alias in conf.get().PROVIDERS else None


@cache
def _made(alias: str) -> Webhook | None:
    provider = get_provider(alias)
    if not provider.webhook:
        return None
    backend: type[Webhook] = import_string(provider.webhook)
    webhook = backend(provider)
    return webhook if webhook.is_configured else None


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "NOTIFICATIONS":
        _made.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.webhooks")
