"""`manage.py preview_notification`: what `notify` would send, word for word."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from notifications import services
from notifications.management import arguments, previews
from notifications.management.command import NotifyCommand, Result


class Command(NotifyCommand):
    """Show a notification as its recipients would get it."""

    help = "Show who would get a notification, on which channel, when, with which text, or why not. Stores nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What `services.preview` takes."""
        super().add_arguments(parser)
        parser.add_argument("type", help="a notification type; `notification_types` lists them")
        parser.add_argument(
            "--to",
            action="append",
            metavar="WHOM",
            help="a username, an email address, a primary key, or group:<name>; may be repeated. "
            "Default: whom the type itself names",
        )
        parser.add_argument("--payload", help="a JSON object; default: the type's example")
        parser.add_argument("--at", help="when, in ISO 8601 with a time zone")

    def run(self, **options: Any) -> Result:
        """Show it."""
        instance = arguments.instance(options["type"], options["payload"])
        to = arguments.recipients(options["to"])
        return previews.result(services.preview(instance, to=to, at=arguments.moment(options["at"])))
