"""Search by what an index serves: an id, an idempotency key, a subject, the beginning of a person's name or address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from notifications.models import Delivery, Notification

LIMIT = 1001
"""rows that a search finds at most: one more than can be paged through"""
PEOPLE = 50
"""people whose name or address begins with what was typed"""
HELP = format_lazy(
    _(
        "An id, an idempotency key, a subject such as appointment:12, "
        "or the beginning of the recipient's username or email address (the first {people} people)."
    ),
    people=PEOPLE,
)


def notifications(rows: QuerySet[Notification], term: str) -> QuerySet[Notification]:
    """The newest of the rows that match."""
    return rows.filter(pk__in=_notification_ids(rows, term.strip()))


def deliveries(rows: QuerySet[Delivery], term: str) -> QuerySet[Delivery]:
    """The newest of the rows that match, or whose notification does."""
    id_ = _uuid(term.strip())
    if id_ and (own := list(rows.filter(pk=id_).values_list("pk", flat=True))):
        return rows.filter(pk__in=own)
    found = _notification_ids(Notification.objects.all(), term.strip())
    # Gathered first, so that no plan walks the whole table in order of time to find them.
    return rows.filter(pk__in=list(rows.filter(notification__in=found).values_list("pk", flat=True)[:LIMIT]))


def people(term: str) -> list[Any]:
    """The primary keys of those whose username or email address begins so; an exact one comes first."""
    model = get_user_model()
    found: list[Any] = []
    for field in dict.fromkeys((model.USERNAME_FIELD, model.get_email_field_name())):
        begin_so = model._default_manager.filter(**{f"{field}__startswith": term}).order_by(field)
        found += begin_so.values_list("pk", flat=True)[:PEOPLE]
    return list(dict.fromkeys(found))[:PEOPLE]


def _notification_ids(rows: QuerySet[Notification], term: str) -> list[UUID]:
    rows = rows.order_by()
    if id_ := _uuid(term):
        of_delivery = Delivery.objects.filter(pk=id_).values_list("notification_id", flat=True)
        return list(rows.filter(pk__in=[id_, *of_delivery]).values_list("pk", flat=True))
    ids = list(rows.filter(key=term).values_list("pk", flat=True)[:LIMIT])
    model, _, subject_id = term.rpartition(":")
    if model and (types := _content_types(model)):
        about = rows.filter(subject_type__in=types, subject_id=subject_id).exclude(subject_id="")
        ids += about.values_list("pk", flat=True)[:LIMIT]
    if users := people(term):
        theirs = rows.filter(recipient__in=users).order_by("-position")
        ids += theirs.values_list("pk", flat=True)[:LIMIT]
    return ids


def _content_types(name: str) -> list[ContentType]:
    """`appointment`, or `clinic.appointment`."""
    app, _, model = name.lower().rpartition(".")
    return list(ContentType.objects.filter(model=model, **({"app_label": app} if app else {})))


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
