"""`manage.py push_topics`: bring the topics of FCM in step with the groups, now."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from notifications.management.command import NOTHING, OK, NotifyCommand, Result
from notifications.management.table import table
from notifications.services import planned_changes, sync_topics

HEADERS = ("topic", "subscribed", "unsubscribed", "given up", "failed")


class Command(NotifyCommand):
    """Subscribe the phones of the groups' members to their topics, and unsubscribe others."""

    help = (
        "Subscribe the phones of the members of groups to their FCM topics (PUSH_TOPICS), and unsubscribe others; exit "
        "with 1 when there was nothing to do, or something failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether it asks FCM."""
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="only count what would be changed")

    def run(self, **options: Any) -> Result:
        """Change, or count."""
        found = planned_changes() if options["dry_run"] else sync_topics()
        rows = [tuple(asdict(each).values()) for each in found]
        right = any(each.done for each in found) and not any(each.failed for each in found)
        return Result(
            data=[asdict(each) for each in found],
            text=table(HEADERS, rows) if rows else "No topics.",
            code=OK if right else NOTHING,
        )
