"""Whom a notification goes to: a user, many users, a group, a queryset; in chunks, each person once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import QuerySet

from notifications.exceptions import RecipientError, known

logger = logging.getLogger(__name__)

CHUNK_SIZE = 1000
VALID = "Valid: a user, a group, a queryset of users, or an iterable of these."


def chunks(to: Any) -> Iterator[list[Any]]:
    """Lists of at most CHUNK_SIZE users, nobody twice. Raises `RecipientError` for anything else."""
    users = _unique(_users(to))
    while chunk := list(islice(users, CHUNK_SIZE)):
        yield chunk


def members_or_superusers(group: str, setting: str) -> QuerySet[Any]:
    """The active members of a group; where it is not named or has none, the active superusers, which is logged."""
    people = get_user_model()._default_manager.filter(is_active=True).order_by("pk")
    superusers = people.filter(is_superuser=True)
    if group:
        members = people.filter(groups__name=group)
        if members.exists():
            return members
        groups = known(Group.objects.values_list("name", flat=True))
        logger.error("Group '%s' of %s has no active member; superusers are told. %s", group, setting, groups)
    if not superusers.exists():
        logger.error("Nobody is told: there is no active superuser, and %s names no one else.", setting)
    return superusers


def _unique(users: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for user in users:
        if user.pk is None:
            raise RecipientError(f"Recipient {user!r} is not saved yet. {VALID}")
        if user.pk not in seen:
            seen.add(user.pk)
            yield user


def _users(to: Any) -> Iterator[Any]:
    model = get_user_model()
    if isinstance(to, model):
        yield to
    elif isinstance(to, Group):
        yield from model._default_manager.filter(groups=to).order_by("pk").iterator(chunk_size=CHUNK_SIZE)
    elif isinstance(to, QuerySet):
        if to.model is not model and not issubclass(to.model, model):
            raise RecipientError(f"A queryset of {to.model.__name__} is no recipient. {VALID}")
        yield from to.iterator(chunk_size=CHUNK_SIZE)
    elif isinstance(to, Iterable) and not isinstance(to, str | bytes | dict):
        for each in to:
            yield from _users(each)
    else:
        raise RecipientError(f"{to!r} ({type(to).__name__}) is no recipient. {VALID}")
