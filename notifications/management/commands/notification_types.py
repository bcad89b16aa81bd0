"""`manage.py notification_types`: all that can be sent."""

from __future__ import annotations

import dataclasses
from typing import Any

from notifications.management.command import NOTHING, OK, NotifyCommand, Result
from notifications.management.table import table
from notifications.types import NotificationType, all_types

HEADERS = ("key", "category", "priority", "channels", "fallback", "payload")


class Command(NotifyCommand):
    """List the registered notification types."""

    help = "List the notification types that the installed apps declare."

    def run(self, **options: Any) -> Result:
        """List them."""
        found = [_data(each) for each in all_types()]
        rows = [
            (
                each["key"],
                each["category"],
                each["priority"],
                ", ".join(each["channels"]),
                ", ".join(each["fallback"]),
                ", ".join(f"{name}: {kind}" for name, kind in each["payload"].items()),
            )
            for each in found
        ]
        nothing = "No types are registered. Declare one in the notifications.py of an installed app."
        return Result(data=found, text=table(HEADERS, rows) if rows else nothing, code=OK if rows else NOTHING)


def _data(type_: type[NotificationType]) -> dict[str, Any]:
    doc = (type_.__doc__ or "").strip().partition("\n")[0]
    return {
        "key": type_.key,
        "class": f"{type_.__module__}.{type_.__qualname__}",
        "description": "" if doc.startswith(f"{type_.__name__}(") else doc,  # what dataclass writes by itself
        "category": type_.category,
        "priority": type_.priority.label,
        "channels": type_.channels,
        "fallback": type_.fallback,
        "payload": {each.name: _kind(each.type) for each in dataclasses.fields(type_)},  # type: ignore[arg-type] # it is one
        "example": dict(type_.example),
    }


def _kind(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
