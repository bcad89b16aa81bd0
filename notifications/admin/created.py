"""A filter by date, served by the primary key: a UUIDv7 begins with its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

FROM, UNTIL = "created_from", "created_until"
PARAMETERS = frozenset({FROM, UNTIL})
SPANS = {_("Today"): 0, _("Last 7 days"): 6, _("Last 30 days"): 29}
"""what it is called → how many days before today it begins"""

_M = TypeVar("_M", bound=Model)


def within(rows: QuerySet[_M], request: HttpRequest) -> QuerySet[_M]:
    """The rows of the dates that the address names, both included, in the current time zone."""
    first, last = _date(request, FROM), _date(request, UNTIL)
    if first:
        rows = rows.filter(pk__gte=_bound(first))
    if last:
        rows = rows.filter(pk__lt=_bound(last + timedelta(days=1)))
    return rows


def _date(request: HttpRequest, name: str) -> date | None:
    try:
        found = parse_date(request.GET.get(name, ""))
    except ValueError:  # well formed, and no such day
        return None
    return found if found and date(1971, 1, 1) < found < date(9999, 1, 1) else None


def _bound(day: date) -> UUID:
    """The lowest UUIDv7 of a day."""
    begins = timezone.make_aware(datetime.combine(day, time.min))
    return UUID(int=(int(begins.timestamp() * 1000)) << 80)


class CreatedFilter(admin.ListFilter):
    """Two dates, and links for the usual ones."""

    title = _("creation date")
    template = "admin/notify/created_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in PARAMETERS & set(params):
            self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        """Always."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """Those of the address that are ours."""
        return [FROM, UNTIL]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the dates."""
        return within(queryset, request)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Links first, then what the form needs."""
        today = timezone.localdate()
        yield {
            "display": _("Any date"),
            "selected": not self.used_parameters,
            "query_string": changelist.get_query_string(remove=[FROM, UNTIL]),
        }
        for name, days in SPANS.items():
            chosen = {FROM: str(today - timedelta(days=days))}
            yield {
                "display": name,
                "selected": self.used_parameters == chosen,
                "query_string": changelist.get_query_string(chosen, remove=[FROM, UNTIL]),
            }
        yield {
            "form": True,
            "first": self.used_parameters.get(FROM, ""),
            "last": self.used_parameters.get(UNTIL, ""),
            "others": [
                (name, value)
                for name, values in changelist.filter_params.items()
                if name not in PARAMETERS
                for value in values
            ],
        }
