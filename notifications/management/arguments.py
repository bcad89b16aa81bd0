"""Words of a command line as the values that services take. Each error names the valid form."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from notifications.exceptions import PayloadError, RecipientError, ScheduleError, known
from notifications.types import NotificationType, get_type

GROUP = "group:"


def instance(type_key: str, payload: str | None) -> NotificationType:
    """The type with its payload, given as JSON; without one, the type's example. Raises `NotificationError`."""
    type_ = get_type(type_key)
    if payload is None:
        return type_.from_payload(type_.example)
    example = json.dumps(type_.example)
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"--payload is not JSON: {error}. Valid: an object, such as '{example}'.") from None
    if not isinstance(values, dict):
        raise PayloadError(f"--payload is a JSON {type(values).__name__}. Valid: an object, such as '{example}'.")
    return type_.from_payload(values)


def moment(text: str | None) -> datetime | None:
    """A time in ISO 8601. Raises `ScheduleError`; whether it is aware and to come, `notify` asks."""
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        raise ScheduleError(
            f"--at '{text:.60}' is no ISO 8601 time. Valid: such as 2030-01-31T09:00:00+01:00."
        ) from None


def recipients(words: list[str] | None) -> list[Any] | None:
    """The users and groups that are meant; None without words. Raises `RecipientError`."""
    return [_recipient(each) for each in words] if words else None


def _recipient(word: str) -> Any:
    if word.startswith(GROUP):
        return _group(word.removeprefix(GROUP))
    model = get_user_model()
    users = model._default_manager
    found = list(users.filter(**{model.USERNAME_FIELD: word})[:2])
    if not found and "@" in word:
        found = list(users.filter(**{f"{model.get_email_field_name()}__iexact": word})[:2])
    if not found and (pk := _primary_key(model, word)) is not None:
        found = list(users.filter(pk=pk))
    if len(found) > 1:
        raise RecipientError(f"More than one user has the email address {word}. Name one by username.")
    if not found:
        raise RecipientError(
            f"Unknown recipient '{word}'. Valid: a username, an email address, a primary key, or {GROUP}<name>."
        )
    return found[0]


def _group(name: str) -> Group:
    group = Group.objects.filter(name=name).first()
    if group is None:
        names = Group.objects.order_by("name").values_list("name", flat=True)[:50]
        raise RecipientError(f"Unknown group '{name}'. {known(names)}")
    return group


def _primary_key(model: Any, word: str) -> Any:
    field = model._meta.pk
    try:
        value = field.to_python(word)
        field.run_validators(value)
    except ValidationError:
        return None
    return value
