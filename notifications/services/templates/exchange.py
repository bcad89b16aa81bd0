"""Texts out as files and in again, so that a team can keep them in git or carry them to another installation."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from notifications import conf
from notifications.exceptions import ExchangeError, TemplateInvalid, TemplateStateError
from notifications.models import TemplateChange, TemplateVersion, VersionState
from notifications.services.templates.catalogue import Place, Standing, file_parts, place, places, standings
from notifications.services.templates.editing import begin, check_parts, discard
from notifications.services.templates.manifest import MANIFEST, digest, manifest_of
from notifications.services.templates.publishing import WAIT_SECONDS, publish
from notifications.services.templates.sorting import Incoming, normal, sort_out
from notifications.templating import files, texts
from notifications.templating.validation import Finding, validate

Outcome = Literal["unchanged", "new", "changed", "refused"]
IMPORT_NOTE = "Imported from files."


def export(chosen: Iterable[Place] | None = None, *, drafts: bool = False, everything: bool = False) -> dict[str, str]:
    """What staff have published, as files: path → text, with a manifest. The same texts give the same files.

    `chosen`: of these types and channels alone. `drafts`: an open version instead of the published one. `everything`:
    also the texts that are files already. Raises `ExchangeError` where two channels would need the same file.
    """
    exported: dict[str, str] = {}
    listed = []
    for each in standings(places() if chosen is None else chosen).values():
        version = (each.open if drafts else None) or each.published
        parts = version.parts if version else own_files(each) if everything else {}
        written = {
            files.name_of(each.place.type.key, name, each.language): source
            for name, source in _kept(each.place.channel, parts).items()
        }
        for path, source in written.items():
            if exported.setdefault(path, source) != source:
                raise ExchangeError(f"Two channels of {each.place.type.key} have different texts for the file {path}.")
        if written:
            listed.append(_listing(each, version, written))
    return {**dict(sorted(exported.items())), MANIFEST: manifest_of(listed)}


def own_files(standing: Standing) -> dict[str, str]:
    """The files under a text: part → source."""
    return file_parts(standing.place.type.key, standing.place.channel, standing.language)


def _listing(standing: Standing, version: TemplateVersion | None, written: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": standing.place.type.key,
        "channel": standing.place.channel,
        "language": standing.language,
        "state": version.state if version else "file",
        "version": version.number if version else None,
        "published_at": version.published_at.isoformat() if version and version.published_at else None,
        "files": {path: digest(source) for path, source in written.items()},
    }


def _kept(channel: str, parts: Mapping[str, str]) -> dict[str, str]:
    """The parts as files hold them. An optional part that is blank is as one that is not there."""
    return {
        part.name: normal(parts[part.name])
        for part in texts.parts_of(channel)
        if part.name in parts and (part.required or parts[part.name].strip())
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedText:
    """What became of one text, or, in a dry run, would."""

    standing: Standing
    outcome: Outcome
    parts: Mapping[str, str]
    before: Mapping[str, str]
    """its own text until now: staff's, or else the files"""
    version: TemplateVersion | None = None
    """the version that has the text now; None in a dry run, and where nothing was made"""
    reason: str = ""
    """why it was refused, or what else there is to say"""
    findings: Sequence[Finding] = ()

    @property
    def name(self) -> str:
        """Such as "clinic.appointment_reminder_day sms hi"."""
        where = self.standing.place
        return " ".join(filter(None, (where.type.key, where.channel, self.standing.language)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What an import did, or, in a dry run, would do."""

    texts: Sequence[ImportedText]
    refused: Mapping[str, str]
    """files that belong to no text: path → why"""
    ignored: Sequence[str]
    """files that are no texts of notifications: layouts, what is hidden or outside of the folder"""
    gone: Sequence[str]
    """texts that the manifest lists and no file brings, though they are published: nothing was done about them"""

    def of(self, outcome: Outcome) -> list[ImportedText]:
        """The texts with that outcome."""
        return [each for each in self.texts if each.outcome == outcome]

    @property
    def is_refused(self) -> bool:
        """Whether anything was."""
        return bool(self.refused or self.of("refused"))


def import_files(
    given: Mapping[str, str | bytes],
    *,
    by: Any,
    publish: bool = False,
    dry_run: bool = False,
    note: str = IMPORT_NOTE,
    wait: float = WAIT_SECONDS,
) -> Report:
    """Make a draft, or with `publish` a publication, of each text that differs from what staff or files have there.

    `given`: path → content. A text is taken whole or not at all; one that is refused does not keep others back.
    `wait`: as `publish` has it, in seconds, for all together. `dry_run`: look, and change nothing.
    Raises `TemplateStateError` where the project wants a review of each text that is to be published.
    """
    if publish and conf.get().TEMPLATES_NEED_REVIEW:
        raise TemplateStateError(
            "Here each text is read by two people: import drafts, and ask for their review.", code="reviewer"
        )
    incoming = sort_out(given)
    known = standings({place(key, channel): None for key, channel, _ in incoming.texts})
    give_up = time.monotonic() + wait
    done = []
    for where, parts in sorted(incoming.texts.items()):
        judged = _judge(known[where], parts, incoming.broken.get(where, ""))
        if judged.outcome in ("new", "changed") and not dry_run:
            judged = _bring_in(judged, by, publish, note, give_up)
        done.append(judged)
    return Report(texts=done, refused=incoming.refused, ignored=incoming.ignored, gone=_gone(incoming))


def _judge(standing: Standing, parts: Mapping[str, str], broken: str) -> ImportedText:
    """What is to be done with a text."""
    channel = standing.place.channel
    own = _kept(channel, standing.published.parts if standing.published else own_files(standing))
    parts = _kept(channel, parts)
    text = ImportedText(standing=standing, outcome="changed" if own else "new", parts=parts, before=own)
    lacking = [each.name for each in texts.parts_of(channel) if each.required and each.name not in parts]
    if broken or lacking:
        return replace(text, outcome="refused", reason=broken or f"It lacks {', '.join(lacking)}.")
    if own == parts:
        return replace(text, outcome="unchanged", version=standing.published)
    open_now = standing.open
    if open_now and _kept(channel, open_now.parts) != parts:
        return replace(
            text,
            outcome="refused",
            reason=f"Version {open_now.number} is open ({open_now.get_state_display()}) with another text. "
            "Publish or discard it first.",
        )
    try:
        check_parts(channel, parts)
    except TemplateStateError as error:
        return replace(text, outcome="refused", reason=str(error))
    findings = validate(standing.place.type, channel, standing.language, parts)
    text = replace(text, findings=findings, version=open_now)
    if any(each.level == "error" for each in findings):
        return replace(text, outcome="refused", reason="It has mistakes.", version=None)
    if open_now:
        return replace(text, reason=f"Version {open_now.number} ({open_now.get_state_display()}) has this text.")
    return text


def _bring_in(text: ImportedText, by: Any, is_published: bool, note: str, give_up: float) -> ImportedText:
    place, language = text.standing.place, text.standing.language
    version = text.version
    try:
        if version is None:
            version = begin(
                place.type.key,
                place.channel,
                language,
                by=by,
                parts=text.parts,
                note=note,
                action=TemplateChange.Action.IMPORTED,
            )
        if is_published:
            version = publish(version, by=by, wait=max(0.0, give_up - time.monotonic())).version
    except (TemplateStateError, TemplateInvalid) as error:  # somebody was quicker
        if version is not None and text.version is None:
            _take_back(version, by)
        return replace(text, outcome="refused", reason=str(error), version=None)
    return replace(text, version=version)


def _take_back(version: TemplateVersion, by: Any) -> None:
    """A text is taken whole or not at all."""
    try:
        discard(version, by=by)
    except TemplateStateError:  # published or discarded by somebody else: theirs
        return


def _gone(incoming: Incoming) -> list[str]:
    listed = incoming.listed - set(incoming.texts)
    if not listed:
        return []
    published = TemplateVersion.objects.filter(state=VersionState.PUBLISHED).values_list(
        "template__type", "template__channel", "template__language"
    )
    return [" ".join(filter(None, each)) for each in sorted(listed & set(published))]
