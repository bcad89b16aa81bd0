"""`manage.py providers`: how each provider stands, and an operator's word."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from notifications.exceptions import ControlError
from notifications.management.command import NOTHING, OK, NotifyCommand, Result, refused, wrong
from notifications.management.table import table
from notifications.models import Control
from notifications.pipeline import failover
from notifications.services.providers import ProviderState, provider_states

WORDS = {
    "pin": Control.PINNED,
    "drain": Control.DRAINING,
    "disable": Control.DISABLED,
    "automatic": Control.AUTOMATIC,
}
HEADERS = ("alias", "channels", "breaker", "control", "since", "reason")


class Command(NotifyCommand):
    """List the providers, or pin, drain or disable one, or hand it back to its breaker."""

    help = "Say how each provider stands; or pin, drain or disable one, or set it to automatic again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, which, and why."""
        super().add_arguments(parser)
        parser.add_argument("word", nargs="?", choices=list(WORDS), help="default: list them")
        parser.add_argument("alias", nargs="?", help="the provider")
        parser.add_argument("--reason", default="", help="why; kept in the history")

    def run(self, **options: Any) -> Result:
        """List, or do it."""
        word, alias, reason = options["word"], options["alias"], options["reason"].strip()
        if word is None:
            found = provider_states()
            rows = [_row(each) for each in found]
            return Result(data=[_data(each) for each in found], text=table(HEADERS, rows), code=OK if rows else NOTHING)
        if not alias:
            raise wrong(f'Which provider? Valid: providers {word} <alias> --reason "…".')
        if not reason:
            raise wrong(f'Why? Valid: providers {word} {alias} --reason "…".')
        try:
            failover.control(alias, WORDS[word], reason=reason, by=f"{_user()} (manage.py)")
        except ControlError as error:
            raise refused(str(error)) from error
        (state,) = (each for each in provider_states() if each.alias == alias)
        return Result(data=_data(state), text=f"{alias} is {state.control.label}: {reason}")


def _user() -> str:
    try:
        return getpass.getuser()[:100]
    except (KeyError, OSError):  # in a container there may be no such user
        return "somebody"


def _row(state: ProviderState) -> tuple[object, ...]:
    channels = ", ".join(state.shares) if state.configured else "not configured"
    since = f"{state.since:%Y-%m-%d %H:%M:%S} UTC" if state.since else "–"
    return state.alias, channels, state.breaker.label, state.control.label, since, state.reason


def _data(state: ProviderState) -> dict[str, Any]:
    return {
        "alias": state.alias,
        "configured": state.configured,
        "channels": state.shares,
        "breaker": state.breaker.value,
        "control": state.control.value or "automatic",
        "since": state.since,
        "reason": state.reason,
        "succeeded": state.succeeded,
        "failed": state.failed,
    }
