"""`manage.py export_templates`: what staff have published, as files for git or for another installation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from notifications.exceptions import ExchangeError
from notifications.management.command import NOTHING, OK, NotifyCommand, Result, wrong
from notifications.services.templates import places
from notifications.services.templates.bundles import as_zip, write_folder
from notifications.services.templates.exchange import export
from notifications.services.templates.manifest import MANIFEST
from notifications.types import get_type


class Command(NotifyCommand):
    """Write texts as files."""

    help = (
        "Write the texts that staff have published as files, in the layout of templates: "
        "notifications/<type>/[<language>/]<part>. The same texts give the same files. In a folder, what an earlier "
        "export wrote and this one has not is removed, unless it was changed since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and what."""
        super().add_arguments(parser)
        parser.add_argument("folder", nargs="?", type=Path, help="where to write them; it is made if it is not there")
        parser.add_argument("--zip", type=Path, metavar="FILE", help="write an archive instead")
        parser.add_argument(
            "--type", action="append", metavar="TYPE", help="only texts of this type; may be repeated. Default: all"
        )
        parser.add_argument("--all", action="store_true", dest="everything", help="also the texts that are files")
        parser.add_argument("--drafts", action="store_true", help="open drafts in place of what is published")
        parser.add_argument("--dry-run", action="store_true", help="list the files; write nothing")

    def run(self, **options: Any) -> Result:
        """Write them."""
        folder, archive = options["folder"], options["zip"]
        if (folder is None) == (archive is None):
            raise wrong("Name a folder, or an archive with --zip FILE, and not both.")
        types = {get_type(each).key for each in options["type"]} if options["type"] else None
        chosen = [each for each in places() if types is None or each.type.key in types]
        files = export(chosen, drafts=options["drafts"], everything=options["everything"])
        texts = [path for path in files if path != MANIFEST]
        code = OK if texts else NOTHING
        if options["dry_run"]:
            return Result(data={"files": texts}, text="\n".join([*texts, _told(texts, "would be written")]), code=code)
        if archive:
            try:
                archive.write_bytes(as_zip(files))
            except OSError as error:
                raise ExchangeError(f"{archive} cannot be written: {error}.") from error
            return Result(data={"files": texts}, text=_told(texts, f"written to {archive}"), code=code)
        done = write_folder(folder, files, types=types)
        lines = [f"{word:9} {path}" for word in ("written", "removed") for path in getattr(done, word)]
        lines += [f"kept      {path}: no longer exported, but changed since it was written" for path in done.kept]
        return Result(
            data={
                "files": texts,
                "written": done.written,
                "unchanged": done.unchanged,
                "removed": done.removed,
                "kept": done.kept,
            },
            text="\n".join([*lines, _told(texts, f"in {folder}")]),
            code=code,
        )


def _told(texts: list[str], what: str) -> str:
    if not texts:
        return "Staff have published no such text."
    return f"{len(texts)} file{'s' if len(texts) > 1 else ''} {what}."
