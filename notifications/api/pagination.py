"""Pages by position, newest first: each costs the same, and nothing moves when something new comes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from notifications.models import Notification
from notifications.models.notification import NotificationQuerySet

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


def page(rows: NotificationQuerySet, request: Request) -> tuple[Sequence[Notification], str | None]:
    """One page of rows that are ordered by position, and the address of the next one. Raises `ValidationError`.

    `?cursor=` is the position of the last notification of the page before; `?limit=` is capped at MAX_LIMIT.
    """
    limit = _limit(request.query_params.get("limit"))
    cursor = _cursor(request.query_params.get("cursor"))
    if cursor is not None:
        rows = rows.filter(position__lt=cursor)
    found = list(rows[: limit + 1])
    if len(found) <= limit:
        return found, None
    found = found[:limit]
    return found, replace_query_param(request.build_absolute_uri(), "cursor", str(found[-1].position))


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    # Digits alone are not enough: int() refuses thousands of them.
    if not given.isascii() or not given.isdigit() or not int(given[:10]):
        raise _bad("limit", f"'{given:.60}' is no page size. Valid: a whole number from 1 to {MAX_LIMIT}.")
    return min(int(given[:10]), MAX_LIMIT)


def _cursor(given: str | None) -> UUID | None:
    if given is None:
        return None
    try:
        cursor = UUID(given)
    except ValueError:
        cursor = None
    if cursor is None or cursor.version != 7:
        raise _bad("cursor", f"'{given:.60}' is no cursor. Valid: one of “next”, or the “position” of a notification.")
    return cursor


def _bad(name: str, text: str) -> Any:
    return ValidationError({name: [text]})
