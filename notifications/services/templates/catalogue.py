"""What there is to write: each type, channel and language, and how its text stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language_info

from notifications.channels.registry import get_channel
from notifications.exceptions import TemplateStateError, UnknownChannelError, known
from notifications.models import Experiment, Template, TemplateVersion, VersionState
from notifications.templating import files, texts
from notifications.types import NotificationType, all_types, get_type


@dataclass(frozen=True, slots=True)
class Place:
    """A type on a channel."""

    type: type[NotificationType]
    channel: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the text of one type, channel and language stands."""

    place: Place
    language: str
    """empty: the text for all that have none of their own"""
    has_files: bool
    published: TemplateVersion | None
    open: TemplateVersion | None
    """a draft, or one in review"""
    running: Experiment | None

    @property
    def source(self) -> str:
        """What readers of the language get: "published", "file", "fallback" (another language's text) or "missing"."""
        if self.published:
            return "published"
        if self.has_files:
            return "file"
        return "fallback" if self.language else "missing"

    @property
    def file_changed(self) -> bool:
        """Whether the files are others than when the published version was written."""
        if self.published is None:
            return False
        now = file_parts(self.place.type.key, self.place.channel, self.language)
        return bool(self.published.file_parts != now)


def languages() -> list[tuple[str, str]]:
    """Code and name of each language, in English; the site's own comes first, with the empty code: it serves all."""
    default = texts.default_language()
    others = [code for code, _ in settings.LANGUAGES if code != default]
    return [("", _name(default)), *((code, _name(code)) for code in others)]


def _name(code: str) -> str:
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return str(dict(settings.LANGUAGES).get(code, code))


def places() -> list[Place]:
    """Every type and channel that has a text of its own: a sensitive type has none where others may read along."""
    return [Place(each, channel) for each in all_types() for channel in channels_of(each)]


def channels_of(type_: type[NotificationType]) -> list[str]:
    """The channels for which a type has texts of its own."""
    if type_.worded_by is not NotificationType.worded_by:  # it has those of others
        return []
    found = []
    for name in (*type_.channels, *type_.fallback):
        try:
            channel = get_channel(name)
        except UnknownChannelError:  # the checks say so
            continue
        if channel.secure or not type_.sensitive:
            found.append(name)
    return found


def place(type_key: str, channel: str, language: str = "") -> Place:
    """The place of that name. Raises `UnknownTypeError`, or `TemplateStateError` for what has no text of its own."""
    type_ = get_type(type_key)
    channels = channels_of(type_)
    if channel not in channels:
        raise TemplateStateError(f"{type_key} has no text for channel '{channel}'. {known(channels)}", code="missing")
    codes = [code for code, _ in languages()]
    if language not in codes:
        raise TemplateStateError(
            f"Unknown language '{language}'. {known(filter(None, codes))} Empty: the text for all others.",
            code="missing",
        )
    return Place(type_, channel)


def file_parts(type_key: str, channel: str, language: str) -> dict[str, str]:
    """The files of a text: part → source. Empty where there are none."""
    return files.parts(type_key, tuple(each.name for each in texts.parts_of(channel)), language)


def standings(chosen: Iterable[Place]) -> dict[tuple[str, str, str], Standing]:
    """(type, channel, language) → how it stands, in two queries for all of them."""
    chosen = list(chosen)
    of_these = {"template__type__in": {each.type.key for each in chosen}}
    versions: dict[tuple[str, str, str], dict[str, TemplateVersion]] = {}
    current = TemplateVersion.objects.filter(**of_these).exclude(state=VersionState.ARCHIVED)
    for version in current.select_related("template", "changed_by").order_by("number"):
        where = _where(version.template)
        kind = "published" if version.state == VersionState.PUBLISHED else "open"
        versions.setdefault(where, {})[kind] = version
    tests = Experiment.objects.filter(**of_these, state=Experiment.State.RUNNING).select_related("template")
    running = {_where(each.template): each for each in tests}
    return {
        (each.type.key, each.channel, code): _standing(
            each, code, versions.get((each.type.key, each.channel, code), {}), running
        )
        for each in chosen
        for code, _ in languages()
    }


def _where(template: Template) -> tuple[str, str, str]:
    return template.type, template.channel, template.language


def _standing(
    place: Place,
    language: str,
    versions: Mapping[str, TemplateVersion],
    running: Mapping[tuple[str, str, str], Experiment],
) -> Standing:
    return Standing(
        place=place,
        language=language,
        has_files=has_files(place, language),
        published=versions.get("published"),
        open=versions.get("open"),
        running=running.get((place.type.key, place.channel, language)),
    )


def has_files(place: Place, language: str) -> bool:
    """Whether its files are complete in a language."""
    written = file_parts(place.type.key, place.channel, language)
    return {part.name for part in texts.parts_of(place.channel) if part.required} <= set(written)


def standing(type_key: str, channel: str, language: str) -> Standing:
    """How one text stands. Raises what `place` raises."""
    found = place(type_key, channel, language)
    return standings([found])[type_key, channel, language]
