"""A text before its readers get it: checked, previewed, and sent to who writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle

from notifications.api.staff import shapes
from notifications.api.staff.base import CHANGE, WITH_RECIPIENT, TemplateView, WriteThrottle
from notifications.api.staff.serializers import PreviewSerializer, TestSerializer, ValidateSerializer
from notifications.exceptions import TemplateInvalid, TemplateStateError
from notifications.models import Notification, TemplateVersion
from notifications.services import templates
from notifications.services.templates.editing import check_parts
from notifications.templating.validation import validate
from notifications.types import get_type


class SendThrottle(UserRateThrottle):
    """So many test sends a person: each may cost an SMS."""

    scope = "staff_template_tests"
    rate = "20/hour"


class ValidateView(TemplateView):
    """POST {"parts"}: {"findings": […], "is_valid"}. Errors alone forbid publishing, not warnings and notes."""

    def post(self, request: Request, **where: str) -> Response:
        """Check a text that need not be stored."""
        parts = self.body(request, ValidateSerializer)["parts"]
        key, channel, language = self.where
        check_parts(channel, parts)
        found = validate(get_type(key), channel, language, parts)
        valid = not any(each.level == "error" for each in found)
        return Response({"findings": [shapes.finding(each) for each in found], "is_valid": valid})


class PreviewView(TemplateView):
    """POST {"parts" or "version", "values" or "notification"}: what a reader sees.

    {"message": {"subject", "html", "text", …}, "segments" of an SMS, "language", "is_bidi", "findings", "error"}.
    Without `parts` and `version`, of what readers get. `values`: "example" or "longest". With a `notification`, by its
    id, with the data of its recipient: that takes the permission notify.preview_with_recipient, and is written down.
    """

    def post(self, request: Request, **where: str) -> Response:
        """Render it, in the caller's time zone or the recipient's."""
        given = self.body(request, PreviewSerializer)
        if "notification" in given:
            self.require(request, WITH_RECIPIENT)
        shown = templates.preview_text(
            *self.where,
            self._parts(given),
            shown=given.get("values", "example"),
            reader=request.user,
            notification=self._notification(given.get("notification")),
            by=request.user,
        )
        return Response(shapes.preview(shown))

    def _parts(self, given: Mapping[str, Any]) -> Mapping[str, str]:
        if "parts" in given:
            parts: Mapping[str, str] = given["parts"]
            return parts
        return self.version(given["version"]).parts if "version" in given else templates.present_parts(*self.where)

    def _notification(self, pk: UUID | None) -> Notification | None:
        if pk is None:
            return None
        key, _, _ = self.where
        found = Notification.objects.select_related("recipient").filter(pk=pk, type=key).first()
        if found is None:
            raise ValidationError({"notification": [f"There is no notification {pk} of the type {key}."]})
        return found


class TestView(TemplateView):
    """POST {"version", "longest"}: 202 and {"notification"}: the text is on its way to the caller, with example values.

    Without `version`, the open one, or else what is published. 409 "invalid" for a text with mistakes, "recipient"
    where the caller has no address on the channel. 20 an hour.
    """

    __test__ = False  # pytest: no test class

    needs = {"POST": CHANGE}
    throttle_classes = (WriteThrottle, SendThrottle)

    def post(self, request: Request, **where: str) -> Response:
        """Send it to oneself."""
        given = self.body(request, TestSerializer)
        version = self._version(given.get("version"))
        found = validate(get_type(version.template.type), *self.where[1:], version.parts)
        if errors := [each for each in found if each.level == "error"]:
            raise TemplateInvalid(errors)
        sent = templates.send_test(version, to=request.user, by=request.user, longest=given["longest"])
        return Response({"notification": sent.pk, "version": version.number}, status=202)

    def _version(self, number: int | None) -> TemplateVersion:
        if number is not None:
            return self.version(number)
        standing = self.standing()
        version = standing.open or standing.published
        if version is None:
            raise TemplateStateError("There is no version to send: begin a draft.", code="state")
        return version
