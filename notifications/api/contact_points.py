"""A person's own addresses: phones and email addresses that are verified by a code, and devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, NotFound, Throttled, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle

from notifications.api.contact_point_serializers import (
    ChangeSerializer,
    CodeSerializer,
    DeviceSerializer,
    GoneSerializer,
    NewSerializer,
    item,
)
from notifications.api.views import PersonalView
from notifications.devices import FCM
from notifications.exceptions import ContactPointError, DeviceError, PhoneNumberError
from notifications.models import ContactPoint
from notifications.services import contact_points, devices, verification
from notifications.services.contact_points import SMS
from notifications.services.verification import Answer

NOT_RIGHT = {
    Answer.WRONG: _("This is not the code. Look at the newest message."),
    Answer.USED_UP: _("Too many wrong codes were entered. Ask for a new one."),
    Answer.NONE: _("There is no code that still counts. Ask for a new one."),
}
_Result = TypeVar("_Result")


class WriteThrottle(UserRateThrottle):
    """So many changes a person; reading costs nothing."""

    scope = "contact_points"
    rate = "60/min"

    def allow_request(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or super().allow_request(request, view)


class ConflictError(APIException):
    """409: not as things stand."""

    status_code = 409
    default_code = "conflict"


class ContactPointView(PersonalView):
    """What the views below share."""

    throttle_classes = (WriteThrottle,)

    def point(self, request: Request, pk: int) -> ContactPoint:
        """One of the person's own, or 404."""
        found = ContactPoint.objects.filter(user=request.user.pk, pk=pk).first()
        if found is None:
            raise NotFound(f"No contact point {pk} of yours.")
        return found

    def done(self, act: Callable[[], _Result], field: str = "detail") -> _Result:
        """What `act` gives; what it raises as a 400 that names the field, a 409 or a 429."""
        try:
            return act()
        except (PhoneNumberError, DeviceError) as error:
            raise ValidationError({field: [str(error)]}) from error
        except ContactPointError as error:
            if error.code == "invalid":
                raise ValidationError({field: [str(error)]}) from error
            if error.retry_after is not None:
                raise _throttled(error) from error
            raise ConflictError(str(error), code=error.code) from error


def _throttled(error: ContactPointError) -> Throttled:
    refused = Throttled(wait=None if error.retry_after is None else error.retry_after.total_seconds())
    refused.detail = str(error)  # type: ignore[assignment]  # without DRF's own "expected available in"
    return refused


class ContactPointsView(ContactPointView):
    """GET: {"results": […]}, the oldest first. POST {"channel", "address", "label"}: 201, or 200 if it was there."""

    def get(self, request: Request) -> Response:
        """All of them: there are few."""
        own = ContactPoint.objects.filter(user=request.user.pk).order_by("channel", "pk")
        return Response({"results": [item(each, request.user) for each in own]})

    def post(self, request: Request) -> Response:
        """Enter an address. Ask for a code next."""
        given = self.body(request, NewSerializer)
        register = contact_points.register_phone if given["channel"] == SMS else contact_points.register_email
        own = ContactPoint.objects.filter(user=request.user.pk)
        before = set(own.values_list("pk", flat=True))
        point = self.done(lambda: register(request.user, given["address"], given["label"]), "address")
        return Response(item(point, request.user), status=200 if point.pk in before else 201)


class OneContactPointView(ContactPointView):
    """GET, PATCH {"label", "is_primary", "is_enabled"}, DELETE."""

    def get(self, request: Request, pk: int) -> Response:
        """It."""
        return Response(item(self.point(request, pk), request.user))

    def patch(self, request: Request, pk: int) -> Response:
        """Name it, switch it on or off, make it the one that is used: in this order."""
        point, given = self.point(request, pk), self.body(request, ChangeSerializer)
        with transaction.atomic():  # all of it or nothing
            if "label" in given:
                contact_points.set_label(point, given["label"])
            if "is_enabled" in given:
                switch = contact_points.switch_on if given["is_enabled"] else contact_points.switch_off
                self.done(lambda: switch(point))
            if "is_primary" in given:
                self.done(lambda: contact_points.make_primary(point))
        return Response(item(self.point(request, pk), request.user))

    def delete(self, request: Request, pk: int) -> Response:
        """Forget it."""
        contact_points.remove(self.point(request, pk))
        return Response(status=204)


class CodeView(ContactPointView):
    """POST: {"expires_at"}, and a code is on its way. 409: it needs none. 429: too many; Retry-After says when."""

    def post(self, request: Request, pk: int) -> Response:
        """Send a code. The answer is the same for a number that others have too."""
        self.body(request)
        point = self.point(request, pk)
        code = self.done(lambda: verification.request_code(point))
        return Response({"expires_at": code.expires_at}, status=202)


class VerifyView(ContactPointView):
    """POST {"code"}: the contact point, now verified, or 400."""

    def post(self, request: Request, pk: int) -> Response:
        """Compare. A wrong one is answered, not raised: an exception would undo that it was counted."""
        point, given = self.point(request, pk), self.body(request, CodeSerializer)
        answer = verification.verify(point, given["code"])
        if answer != Answer.VERIFIED:
            return Response({"code": [str(NOT_RIGHT[answer])]}, status=400)
        return Response(item(self.point(request, pk), request.user))


class DevicesView(ContactPointView):
    """POST {"kind", "token" or "subscription", "label", "replaces", "renew"}: the device.

    With "renew": true it is a sign of life, as at each start of an app: 404 if the person has removed it meanwhile.
    DELETE {"kind", "token" or "subscription"}: 204, also where there is none.
    """

    def post(self, request: Request) -> Response:
        """This device shows the person's messages from now on."""
        given = self.body(request, DeviceSerializer)
        device, replaces = given["device"], given["replaces"]

        def register() -> ContactPoint | None:
            if given["renew"]:
                return devices.renew_device(request.user, device, replaces)
            return devices.register_device(request.user, device, given["label"], replaces)

        point = self.done(register, "token" if given["kind"] == FCM else "subscription")
        if point is None:
            raise NotFound("You have no such device.")
        return Response(item(point, request.user))

    def delete(self, request: Request) -> Response:
        """It shows them no more."""
        devices.unregister_device(request.user, self.body(request, GoneSerializer)["device"])
        return Response(status=204)


class PushKeyView(PersonalView):
    """GET: {"key"}, which browsers subscribe with; "" where no messages go to browsers."""

    def get(self, request: Request) -> Response:
        """The public half of the VAPID key."""
        return Response({"key": devices.browser_key()})
