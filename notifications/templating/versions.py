"""What staff have published: looked up once after each change, in Django's cache first, and then in the database."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import cache

from notifications.models import Experiment, TemplateVersion, Variant, VersionState

logger = logging.getLogger(__name__)

CACHE_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Version:
    """A version that readers may get: part → source."""

    pk: int
    number: int
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant of a running test. Without a version it is a hold-out: of what is published, or of everything."""

    pk: int
    weight: int
    sends: bool
    version: Version | None


@dataclass(frozen=True, slots=True)
class Running:
    """A test that runs."""

    salt: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Overrides:
    """Of one type and channel: language → what is published, and language → the test that runs."""

    published: Mapping[str, Version]
    running: Mapping[str, Running]


def overrides(key: str, channel: str, stamp: UUID) -> Overrides:
    """What staff have put in place of the files, as it was when the stamp was taken, or later."""
    name = f"notify:templates:{stamp.hex}:{key}:{channel}"
    found = _cached(name)
    if found is None:
        found = _from_database(key, channel)
        _cache(name, found)
    return _read(found)


def _cached(name: str) -> Any:
    """None, too, where the cache is away: then the database is asked."""
    try:
        return cache.get(name)
    except Exception:
        logger.warning("The cache of templates is away; the database is asked", exc_info=True)
        return None


def _cache(name: str, found: Any) -> None:
    try:
        cache.set(name, found, CACHE_SECONDS)
    except Exception:
        logger.warning("The cache of templates is away", exc_info=True)


def _from_database(key: str, channel: str) -> dict[str, Any]:
    """As plain data, for any cache."""
    of_here = {"template__type": key, "template__channel": channel}
    published = TemplateVersion.objects.filter(**of_here, state=VersionState.PUBLISHED)
    running = Variant.objects.filter(
        experiment__template__type=key,
        experiment__template__channel=channel,
        experiment__state=Experiment.State.RUNNING,
    )
    fields = ("experiment__template__language", "experiment__salt", "pk", "weight", "kind")
    of_version = ("version_id", "version__number", "version__parts")
    return {
        "published": list(published.values_list("template__language", "pk", "number", "parts")),
        "running": list(running.order_by("pk").values_list(*fields, *of_version)),
    }


def _read(found: Mapping[str, Any]) -> Overrides:
    # In small letters, as readers' languages are looked up: LANGUAGES may have "pt-BR".
    published = {language.lower(): Version(*row) for language, *row in found["published"]}
    running: dict[str, Running] = {}
    for code, salt, pk, weight, kind, *version in found["running"]:
        language = code.lower()
        arms = running[language].arms if language in running else ()
        sends = kind != Variant.Kind.NOTHING
        arm = Arm(pk, weight, sends, Version(*version) if kind == Variant.Kind.VERSION else None)
        running[language] = Running(salt, (*arms, arm))
    return Overrides(published, running)
