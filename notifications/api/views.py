"""A person's own inbox. Whose it is, the session alone says; what is another's is not found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from notifications import services
from notifications.api import filters
from notifications.api.pagination import page
from notifications.api.parsers import BodyTooLarge, SmallJSONParser
from notifications.api.serializers import (
    IdsSerializer,
    ItemSerializer,
    OptionalIdsSerializer,
    StrictSerializer,
)
from notifications.models import Notification
from notifications.realtime.client_messages import MAX_IDS
from notifications.services.read_state import with_marks


@method_decorator(never_cache, name="dispatch")
class PersonalView(APIView):
    """For the signed-in person. How one signs in is the project's choice: DEFAULT_AUTHENTICATION_CLASSES."""

    permission_classes = (IsAuthenticated,)
    parser_classes = (SmallJSONParser,)

    def body(self, request: Request, shape: type[Serializer[Any]] = StrictSerializer) -> dict[str, Any]:
        """The checked body; one that is empty counts as {}."""
        try:
            data = request.data
        except RequestDataTooBig as error:  # larger than what the project takes at all: Django's own answer is a page
            raise BodyTooLarge(f"The body is too large. {error}") from error
        serializer = shape(data=data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def item(self, request: Request, pk: UUID) -> Response:
        """One notification of the person's inbox, or 404."""
        found = Notification.objects.inbox(request.user).filter(pk=pk).first()
        if found is None:
            raise NotFound(f"No notification {pk} in your inbox.")
        return Response(ItemSerializer(with_marks(request.user, [found])[0]).data)


class InboxView(PersonalView):
    """GET: {"results": […], "next": address or null}, newest first."""

    def get(self, request: Request) -> Response:
        """`?unread=`, `?category=`, `?type=`, `?cursor=`, `?limit=`."""
        found, following = page(filters.rows(request.user, request), request)
        items = ItemSerializer(with_marks(request.user, found), many=True)
        return Response({"results": items.data, "next": following})


class CountsView(PersonalView):
    """GET: {"unread": n, "unseen": n}; 100 means "99+"."""

    def get(self, request: Request) -> Response:
        """The counts."""
        return Response(Notification.objects.counts(request.user))


class ReadView(PersonalView):
    """POST {"ids": […]}: {"marked": n}. Ids of others, and unknown ones, count as nothing."""

    def post(self, request: Request) -> Response:
        """The person opened these."""
        ids = self.body(request, IdsSerializer)["ids"]
        return Response({"marked": services.mark_read(request.user, ids)})


class SeenView(PersonalView):
    """POST {"ids": […]}: {"marked": n}. Without ids: the newest MAX_IDS that are unseen."""

    def post(self, request: Request) -> Response:
        """These were shown to the person."""
        ids = self.body(request, OptionalIdsSerializer).get("ids")
        if ids is None:
            ids = list(Notification.objects.unseen(request.user).values_list("pk", flat=True)[:MAX_IDS])
        return Response({"marked": services.mark_seen(request.user, ids)})


class ReadAllView(PersonalView):
    """POST: {"read_through": position or null}. All that is in the inbox now counts as read."""

    def post(self, request: Request) -> Response:
        """Set the mark."""
        self.body(request)
        return Response({"read_through": services.mark_all_read(request.user)})


class ItemView(PersonalView):
    """GET: one notification."""

    def get(self, request: Request, pk: UUID) -> Response:
        """The notification."""
        return self.item(request, pk)


class ItemReadView(PersonalView):
    """POST: the notification, now read."""

    def post(self, request: Request, pk: UUID) -> Response:
        """The person opened it."""
        self.body(request)
        services.mark_read(request.user, [pk])
        return self.item(request, pk)
