"""The classes behind CHANNELS and PROVIDERS, their options, and how they fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from notifications import conf
from notifications.channels.base import Channel
from notifications.channels.registry import get_channel
from notifications.exceptions import known
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider


def check_backends() -> list[CheckMessage]:
    """E005 to E013, and the checks that the providers bring along."""
    settings = conf.get()
    found = [
        *_classes("CHANNELS", settings.CHANNELS, Channel, {"name", "providers"}, get_channel),
        *_classes("PROVIDERS", settings.PROVIDERS, Provider, {"alias"}, get_provider),
    ]
    if found:
        return found
    return [
        *(each for alias in settings.PROVIDERS for each in get_provider(alias).check()),
        *(each for alias in settings.PROVIDERS for each in _webhook(get_provider(alias))),
        *(each for name in settings.CHANNELS for each in _providers(get_channel(name))),
    ]


def _classes(
    setting: str, entries: Mapping[str, Any], base: type[Any], own: set[str], make: Callable[[str], object]
) -> Iterator[CheckMessage]:
    for name, entry in entries.items():
        where = f"NOTIFICATIONS['{setting}']['{name}']"
        path = entry["BACKEND"]
        try:
            backend = import_string(path)
        except Exception as error:  # whatever the module's own code raises
            reason = f"{type(error).__name__}: {error}"
            yield _error("E005", f"{where}: '{path}' cannot be imported: {reason}.", _form(base))
            continue
        if not isinstance(backend, type) or not issubclass(backend, base):
            yield _error("E006", f"{where}: '{path}' is not a {base.__name__}.", _form(base))
            continue
        wrong = list(_options(where, backend, entry.get("OPTIONS", {}), own))
        yield from wrong
        if not wrong:
            try:
                make(name)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                yield _error("E009", f"{where} cannot be made: {reason}.", f"See {path}.")


def _options(where: str, backend: type[Any], given: Mapping[str, Any], own: set[str]) -> Iterator[CheckMessage]:
    options = [each for each in fields(backend) if each.init and each.name not in own]
    names = [each.name for each in options]
    for each in sorted(set(given) - set(names)):
        yield _error("E007", f"{where}: unknown option '{each}'.", known(names))
    for option in options:
        required = option.default is MISSING and option.default_factory is MISSING
        if required and option.name not in given:
            yield _error("E008", f"{where}: the option '{option.name}' is missing.", known(names))


def _providers(channel: Channel) -> Iterator[CheckMessage]:
    configured = conf.get().PROVIDERS
    where = f"NOTIFICATIONS['CHANNELS']['{channel.name}']"
    serving = [alias for alias in configured if channel.name in get_provider(alias).channels]
    if channel.leaves_app and not channel.providers:
        yield _error("E010", f"{where} leaves the app and has no provider.", f"Serve it: {_names(serving)}")
    for alias in channel.providers:
        if alias not in configured:
            yield _error("E011", f"{where}: unknown provider '{alias}'.", known(configured))
        elif alias not in serving:
            serves = ", ".join(get_provider(alias).channels) or "nothing"
            yield _error(
                "E012",
                f"{where}: the provider '{alias}' does not serve this channel.",
                f"It serves {serves}. Serve '{channel.name}': {_names(serving)}",
            )


def _webhook(provider: Provider) -> Iterator[CheckMessage]:
    if provider.webhook:
        try:
            import_string(provider.webhook)(provider)
        except Exception as error:  # whatever the webhook's own code raises
            where = f"The webhook of NOTIFICATIONS['PROVIDERS']['{provider.alias}']"
            text = f"{where} cannot be made: {type(error).__name__}: {error}"
            yield _error("E013", text, f"See {provider.webhook}.")


def _names(aliases: list[str]) -> str:
    return (", ".join(sorted(aliases)) or "none") + "."


def _form(base: type[Any]) -> str:
    return f"It is the dotted path of a subclass of {base.__module__}.{base.__qualname__}."


def _error(number: str, text: str, hint: str) -> CheckMessage:
    return Error(text, hint=hint, id=f"notify.{number}")
