"""Lists whose cost does not grow with the table: no COUNT(*), no order without an index, no endless scan."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from notifications.admin import created
from notifications.admin.base import ReadOnlyAdmin

CAP = 1000
"""rows that can be paged through; further ones are found by date or search"""
WINDOW = 50_000
"""rows that a filter without an index looks at: the newest of the dates that are chosen"""


class CappedPaginator(Paginator):  # type: ignore[type-arg] # generic in the stubs alone
    """Counts up to CAP."""

    @cached_property
    def _seen(self) -> int:
        rows: Any = self.object_list  # a queryset
        return len(rows.values_list("pk")[: CAP + 1])

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most CAP."""
        return min(self._seen, CAP)

    @property
    def capped(self) -> bool:
        """Whether there are more."""
        return self._seen > CAP


class BoundedChangeList(ChangeList):
    """Newest first by primary key, which is a time; filters look at a window of it."""

    indexed: frozenset[str] = created.PARAMETERS
    """query parameters that the primary key serves: they need no window"""
    few: frozenset[str] = frozenset()
    """query parameters that leave a few rows by themselves: with one of them no window is needed"""
    floor: UUID | None = None
    """the oldest row of the window; None: all rows are looked at"""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """One order, whatever the address asks for: any other one would sort the table."""
        return ["-pk"]

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        """The rows, from the window if there is one."""
        rows = super().get_queryset(request, exclude_parameters)
        self.floor = None
        asked = set(self.get_filters_params())
        if not self.query and asked - self.indexed and not asked & self.few:
            newest = self.indexed_rows(request).order_by("-pk").values_list("pk", flat=True)
            self.floor = newest[WINDOW : WINDOW + 1].first()
        return rows.filter(pk__gte=self.floor) if self.floor else rows

    def indexed_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """What an index alone finds of the rows that are asked for; the window is the newest of them."""
        return created.within(self.model._default_manager.all(), request)

    @property
    def note(self) -> str:
        """What the reader must know of the list."""
        if not self.floor:
            return ""
        said = gettext("The filters looked at the newest %(number)s %(things)s. Choose dates to look at older ones.")
        return said % {"number": f"{WINDOW:,}", "things": self.opts.verbose_name_plural}


class BoundedAdmin(ReadOnlyAdmin):
    """For tables of millions of rows."""

    paginator = CappedPaginator
    change_list_template = "admin/notify/bounded_change_list.html"
    ordering = ("-pk",)
    change_list: type[BoundedChangeList] = BoundedChangeList

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Ours."""
        return self.change_list
