"""What all commands have in common: `--json`, and exit codes that a script can rely on."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from notifications.exceptions import NotificationError

OK, NOTHING, USAGE = 0, 1, 2
EPILOG = "Exit codes: 0 done, 1 nothing to do or refused, 2 wrong usage."


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command found: for scripts, for people, and its exit code."""

    data: Any
    text: str
    code: int = OK


class NotifyCommand(BaseCommand):
    """A thin command over the services. A subclass defines `run`; what a caller did wrong exits with 2."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Say in --help what the exit codes mean."""
        return super().create_parser(prog_name, subcommand, **{"epilog": EPILOG, **kwargs})

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--json`; a subclass adds its own and calls this."""
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON, for scripts")

    def run(self, **options: Any) -> Result:
        """Do it. Raises `NotificationError` or `CommandError`."""
        raise NotImplementedError

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        """Run, print, exit."""
        try:
            result = self.run(as_json=as_json, **options)
        except (NotificationError, CommandError) as error:
            if as_json:
                self.stdout.write(json.dumps({"error": str(error)}))
            if isinstance(error, CommandError):
                raise
            raise CommandError(str(error), returncode=USAGE) from error
        text = json.dumps(result.data, cls=DjangoJSONEncoder, indent=2) if as_json else result.text
        self.stdout.write(text)
        if result.code:
            sys.exit(result.code)


def wrong(text: str) -> CommandError:
    """Wrong usage, in words."""
    return CommandError(text, returncode=USAGE)


def refused(text: str) -> CommandError:
    """Understood, and refused."""
    return CommandError(text, returncode=NOTHING)
