"""`manage.py check_templates`: what is wrong with the texts of all notifications, and in which languages they lack."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q
from django.template import Engine, TemplateDoesNotExist

from notifications import conf
from notifications.exceptions import UnknownChannelError, known
from notifications.management.command import NOTHING, OK, NotifyCommand, Result, wrong
from notifications.management.table import table
from notifications.models import Experiment, TemplateVersion, VersionState
from notifications.services.templates import Place, file_parts, languages, places, standings
from notifications.templating import files
from notifications.templating.validation import Finding, validate
from notifications.templating.validation.completeness import Completeness, completeness
from notifications.types import NotificationType, get_type

DEFAULT = "default"
LEVELS = ("error", "warning")
EPILOG = "Exit codes: 0 nothing is wrong, 1 there are findings of the fail level, or no texts at all, 2 wrong usage."


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One text: of files, or of a version that staff have written."""

    type: type[NotificationType]
    channel: str
    language: str
    version: TemplateVersion | None
    parts: Mapping[str, str]
    findings: Sequence[Finding]

    def where(self, finding: Finding) -> str:
        """file:line:column, or which version, and its part:line:column."""
        spot = "".join(f":{each}" for each in (finding.line, finding.column) if each is not None)
        if self.version is None and finding.part in self.parts:
            return f"{_path(files.name_of(self.type.key, finding.part, self.language))}{spot}"
        named = " ".join(filter(None, (self.type.key, self.channel, self.language)))
        if self.version is not None:
            named += f", version {self.version.number} ({self.version.get_state_display()})"
        return f"{named}, {finding.part}{spot}" if finding.part else named


class Command(NotifyCommand):
    """Validate every text."""

    help = (
        "Check the texts of all notifications: the files, and what staff have drafted, asked to review and published. "
        "With --languages, tell how complete each language is instead."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """With exit codes of its own."""
        return super().create_parser(prog_name, subcommand, **{"epilog": EPILOG, **kwargs})

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to check, and what counts."""
        super().add_arguments(parser)
        parser.add_argument(
            "--type", action="append", metavar="KEY", help="a notification type; may be repeated. Default: all"
        )
        parser.add_argument("--channel", help="one channel only")
        parser.add_argument(
            "--language", metavar="CODE", help=f"one language only; '{DEFAULT}' is the text for all others"
        )
        parser.add_argument(
            "--fail-level", choices=LEVELS, default="error", help="what makes it exit with 1; default: error"
        )
        parser.add_argument(
            "--languages",
            action="store_true",
            help="tell which language lacks which texts; with --fail-level warning, "
            "a text that is missing makes it exit with 1",
        )

    def run(self, **options: Any) -> Result:
        """Check."""
        chosen = _chosen(options["type"], options["channel"])
        codes = _codes(options["language"])
        if not chosen:
            return Result(data={"findings": [], "texts": 0}, text="There are no such texts.", code=NOTHING)
        if options["languages"]:
            return _of_languages(chosen, codes, options["fail_level"])
        return _of_findings(list(_checked(chosen, codes)), options["fail_level"], options["verbosity"])


def _chosen(keys: list[str] | None, channel: str | None) -> list[Place]:
    wanted = {get_type(each).key for each in keys or ()}  # raises for an unknown one
    if channel is not None and channel not in conf.get().CHANNELS:
        raise UnknownChannelError(f"Unknown channel '{channel}'. {known(conf.get().CHANNELS)}")
    return [each for each in places() if (not wanted or each.type.key in wanted) and channel in (None, each.channel)]


def _codes(language: str | None) -> list[str]:
    codes = [code for code, _ in languages()]
    if language is None:
        return codes
    code = "" if language == DEFAULT else language
    if code not in codes:
        raise wrong(f"Unknown language '{language}'. {known([DEFAULT, *filter(None, codes)])}")
    return [code]


def _checked(chosen: Sequence[Place], codes: Sequence[str]) -> Iterator[Checked]:
    """Each text with what is found in it, type by type."""
    versions = _versions()
    for place in chosen:
        for code in codes:
            of_staff = versions.get((place.type.key, place.channel, code), [])
            of_files = file_parts(place.type.key, place.channel, code)
            published = any(each.state == VersionState.PUBLISHED for each in of_staff)
            if of_files or not (code or published):  # without a default text there is something to be said
                yield _validated(place, code, None, of_files)
            for version in of_staff:
                yield _validated(place, code, version, version.parts)


def _validated(place: Place, code: str, version: TemplateVersion | None, parts: Mapping[str, str]) -> Checked:
    return Checked(
        type=place.type,
        channel=place.channel,
        language=code,
        version=version,
        parts=parts,
        findings=validate(place.type, place.channel, code, parts),
    )


def _versions() -> dict[tuple[str, str, str], list[TemplateVersion]]:
    """What readers get, or may get one day: archived versions only where an A/B test sends them."""
    tested = Q(variants__experiment__state=Experiment.State.RUNNING)
    found = TemplateVersion.objects.filter(~Q(state=VersionState.ARCHIVED) | tested).distinct()
    by_place: dict[tuple[str, str, str], list[TemplateVersion]] = {}
    for each in found.select_related("template").order_by("number"):
        where = each.template.type, each.template.channel, each.template.language
        by_place.setdefault(where, []).append(each)
    return by_place


def _of_findings(checked: Sequence[Checked], fail_level: str, verbosity: int) -> Result:
    counts = Counter(finding.level for each in checked for finding in each.findings)
    failing = counts["error"] + (counts["warning"] if fail_level == "warning" else 0)
    shown = ("error", "warning", "note") if verbosity > 1 else LEVELS
    lines = []
    for key, of_type in groupby(checked, key=lambda each: each.type.key):
        found = [
            f"  {each.where(finding)}: {finding.level} {finding.code}: {finding.message}"
            for each in of_type
            for finding in each.findings
            if finding.level in shown
        ]
        if found:
            lines += [key, *found, ""]
    hint = "" if verbosity > 1 or not counts["note"] else " (-v 2 shows the notes)"
    lines.append(
        f"{_many(counts['error'], 'error')}, {_many(counts['warning'], 'warning')} and "
        f"{_many(counts['note'], 'note')} in {_many(len(checked), 'text')}.{hint}"
    )
    data = {
        "findings": [_data(each, finding) for each in checked for finding in each.findings],
        "texts": len(checked),
        **{f"{level}s": counts[level] for level in ("error", "warning", "note")},
    }
    return Result(data=data, text="\n".join(lines), code=NOTHING if failing else OK)


def _data(checked: Checked, finding: Finding) -> dict[str, Any]:
    return {
        "type": checked.type.key,
        "channel": checked.channel,
        "language": checked.language,
        "version": checked.version.number if checked.version else None,
        "state": checked.version.state if checked.version else None,
        "where": checked.where(finding),
        **asdict(finding),
    }


def _of_languages(chosen: Sequence[Place], codes: Sequence[str], fail_level: str) -> Result:
    found = standings(chosen)
    written = [where for where, each in found.items() if each.source in ("published", "file")]
    channels: dict[str, list[str]] = {}
    for place in chosen:
        channels.setdefault(place.type.key, []).append(place.channel)
    report = completeness(written, channels, codes)
    incomplete = any(each.missing for each in report)
    return Result(
        data=[{**asdict(each), "written": each.written, "percent": each.percent} for each in report],
        text="\n\n".join(
            [table(("language", "texts", "complete"), [_row(each) for each in report]), *_lacking(report)]
        ),
        code=NOTHING if incomplete and fail_level == "warning" else OK,
    )


def _row(each: Completeness) -> tuple[str, str, str]:
    return _named(each.language), f"{each.written} of {each.total}", f"{each.percent} %"


def _lacking(report: Sequence[Completeness]) -> Iterator[str]:
    for each in report:
        if each.missing:
            by_type = groupby(each.missing, key=lambda missing: missing[0])
            lines = [f"  {key}: {', '.join(channel for _, channel in missing)}" for key, missing in by_type]
            yield "\n".join([f"{_named(each.language)} lacks:", *lines])


def _named(language: str) -> str:
    name = dict(languages()).get(language, language)
    return f"{name} ({language or DEFAULT})"


def _path(name: str) -> str:
    """Where a file lies, from here if it is below."""
    loaders: list[Any] = Engine.get_default().template_loaders
    for loader in loaders:
        for origin in loader.get_template_sources(name):
            try:
                loader.get_contents(origin)
            except TemplateDoesNotExist:
                continue
            path = Path(origin.name)
            return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    return name


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
