"""System checks: every mistake in the settings, and in what the types declare, is named at start-up.

None of them asks the database. Ids are stable: `notify.E001` … are errors, `notify.W001` … are warnings.
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, register
from django.db import connections, router

from notifications.checks.backends import check_backends
from notifications.checks.database import check_database
from notifications.checks.declarations import check_types
from notifications.checks.queue import check_channel_layer, check_queue
from notifications.checks.shape import check_shape
from notifications.models import Delivery


@register("notifications")
def check_notifications(**kwargs: Any) -> list[CheckMessage]:
    """All of them. What stands on a setting that is wrong is checked once that is right."""
    found = check_database(connections[router.db_for_write(Delivery)])
    found += check_channel_layer()
    if wrong := check_shape():
        return [*wrong, *found]
    if wrong := check_backends():
        return [*wrong, *found]
    return [*check_queue(), *check_types(), *found]
