"""`manage.py import_templates`: texts from files, as drafts or published."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model

from notifications.exceptions import RecipientError
from notifications.management.command import NOTHING, OK, NotifyCommand, Result, wrong
from notifications.services.templates.bundles import read_folder, read_zip
from notifications.services.templates.exchange import ImportedText, Report, import_files


class Command(NotifyCommand):
    """Read texts from files."""

    help = (
        "Make a draft of each text in a folder or a zip archive that differs from what staff or files have there. "
        "A text is taken whole or not at all, and one that is refused keeps no other back: then the exit code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where from, and how far to go."""
        super().add_arguments(parser)
        parser.add_argument(
            "source", type=Path, help="a folder with notifications/<type>/[<language>/]<part>, or a zip archive of it"
        )
        parser.add_argument("--publish", action="store_true", help="have readers get them at once; needs --by")
        parser.add_argument("--by", metavar="USERNAME", help="who is written down as having done it")
        parser.add_argument("--dry-run", action="store_true", help="show what would change; store nothing")

    def run(self, **options: Any) -> Result:
        """Read, judge, store."""
        source: Path = options["source"]
        if options["publish"] and not options["by"]:
            raise wrong("--publish needs --by USERNAME: it is written down who has published a text.")
        by = _user(options["by"]) if options["by"] else None
        files = read_folder(source) if source.is_dir() else read_zip(source)
        dry_run = options["dry_run"]
        report = import_files(files, by=by, publish=options["publish"], dry_run=dry_run)
        return Result(
            data=_data(report, dry_run),
            text=_text(report, dry_run, source),
            code=NOTHING if report.is_refused or not report.texts else OK,
        )


def _user(name: str) -> Any:
    model = get_user_model()
    found = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
    if found is None:
        raise RecipientError(f"There is no user '{name}'. Name one by {model.USERNAME_FIELD}.")
    return found


def _text(report: Report, dry_run: bool, source: Path) -> str:
    lines = [f"{each.outcome:9} {each.name}{_about(each)}" for each in report.texts if each.outcome != "unchanged"]
    for each in report.texts:
        lines += [
            f"  {found.level}: {found.part}{f', line {found.line}' if found.line else ''}: {found.message}"
            for found in each.findings
            if each.outcome == "refused"
        ]
    lines += [f"refused   {path}: {why}" for path, why in report.refused.items()]
    lines += [
        f"gone      {name}: in the manifest and not among the files; still published until it is archived"
        for name in report.gone
    ]
    if not report.texts:
        return "\n".join([*lines, f"No texts in {source}. They lie in notifications/<type>/[<language>/]<part>."])
    counts = [f"{len(report.of(outcome))} {outcome}" for outcome in ("new", "changed", "unchanged", "refused")]
    return "\n".join([*lines, f"{', '.join(counts)}.{' Nothing was stored.' if dry_run else ''}"])


def _about(text: ImportedText) -> str:
    version = f": version {text.version.number}, {text.version.get_state_display()}" if text.version else ""
    return (": " + text.reason) if text.reason and not version else version


def _data(report: Report, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "texts": [
            {
                "type": each.standing.place.type.key,
                "channel": each.standing.place.channel,
                "language": each.standing.language,
                "outcome": each.outcome,
                "version": each.version.number if each.version else None,
                "state": each.version.state if each.version else None,
                "reason": each.reason,
                "findings": [
                    {
                        "level": found.level,
                        "code": found.code,
                        "part": found.part,
                        "line": found.line,
                        "column": found.column,
                        "message": found.message,
                    }
                    for found in each.findings
                ],
            }
            for each in report.texts
        ],
        "refused": dict(report.refused),
        "ignored": list(report.ignored),
        "gone": list(report.gone),
    }
