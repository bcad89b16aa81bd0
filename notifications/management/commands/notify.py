"""`manage.py notify`: send a notification from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db.models import Count

from notifications import services
from notifications.exceptions import RecipientError
from notifications.management import arguments, previews
from notifications.management.command import NOTHING, NotifyCommand, Result, refused
from notifications.management.table import table
from notifications.models import Delivery, Notification, Reason


class Command(NotifyCommand):
    """Notify people."""

    help = "Notify people. The workers send it; without them, `deliver` does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What `services.notify` takes."""
        super().add_arguments(parser)
        parser.add_argument("type", help="a notification type, such as clinic.appointment_confirmed; "
                            "`notification_types` lists them")  # fmt: skip
        parser.add_argument(
            "--to",
            action="append",
            metavar="WHOM",
            help="a username, an email address, a primary key, or group:<name>; may be repeated. "
            "Default: whom the type itself names",
        )
        parser.add_argument("--payload", default="{}", help="a JSON object, such as '{\"appointment_id\": 1}'")
        parser.add_argument("--at", help="when, in ISO 8601 with a time zone: 2030-01-31T09:00:00+01:00")
        parser.add_argument("--key", help="a second call with the same key does nothing")
        parser.add_argument("--dry-run", action="store_true", help="show what would be sent; store nothing")

    def run(self, **options: Any) -> Result:
        """Send it, or show what would be sent."""
        instance = arguments.instance(options["type"], options["payload"])
        to = arguments.recipients(options["to"])
        at = arguments.moment(options["at"])
        if options["dry_run"]:
            return previews.result(services.preview(instance, to=to, at=at))
        try:
            created = services.notify(instance, to=to, at=at, key=options["key"])
        except RecipientError as error:
            if to is None:
                raise
            raise refused(str(error)) from error  # they exist, and cannot be reached
        if not created:
            done = f"it was sent before with the key {options['key']}" if options["key"] else "there is no recipient"
            return Result(data=_data([], []), text=f"Nothing was created: {done}.", code=NOTHING)
        counts = _counts(created)
        rows = [(each["channel"], each["status"], Reason(each["reason"]).label, each["n"]) for each in counts]
        number = f"{len(created)} notification{'s' if len(created) > 1 else ''} created."
        return Result(
            data=_data(created, counts),
            text=f"{number}\n{table(('channel', 'status', 'reason', 'deliveries'), rows)}",
        )


def _counts(created: list[Notification]) -> list[dict[str, Any]]:
    rows = Delivery.objects.filter(notification__in=[each.pk for each in created])
    grouped = rows.values("channel", "status", "reason").annotate(n=Count("pk"))
    return [dict(each) for each in grouped.order_by("channel", "status", "reason")]


def _data(created: list[Notification], counts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "created": [{"id": each.pk, "recipient_id": each.recipient_id} for each in created],
        "deliveries": counts,
    }
