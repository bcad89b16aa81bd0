"""What the views of templates share: who may, where a text is, and how what is refused is told.

Every error is {"detail", "code"}, but for a body or a query that is written wrongly: 400 and {field: [why, …]}.

- 403 "permission_denied": `detail` names the permission.
- 404 "not_found": no such type, channel, language, version.
- 409: not as things stand. "state": a version or a text is in another state; "changed": somebody changed it meanwhile,
  and `version` is the open one as it is now, `published` the number of the published one; "reviewer": somebody else
  has to publish it; "invalid": it has mistakes, which `findings` lists; "running": an A/B test is in the way;
  "recipient": nobody can be reached.
- 413 "too_large", 429 "throttled" with Retry-After.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.utils.decorators import method_decorator
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, UserRateThrottle

from notifications.api.parsers import SmallJSONParser
from notifications.api.staff.shapes import finding, full_version
from notifications.api.views import PersonalView
from notifications.exceptions import RecipientError, TemplateInvalid, TemplateStateError, UnknownTypeError, known
from notifications.models import Template, TemplateVersion
from notifications.services import templates
from notifications.services.templates import Standing

VIEW, CHANGE, PUBLISH, WITH_RECIPIENT = (
    f"notify.{name}"
    for name in ("view_template", "change_template", "publish_template", "preview_with_recipient")
)  # fmt: skip
DEFAULT = "default"
"""stands in addresses for the language that serves all others"""


class TemplateJSONParser(SmallJSONParser):
    """Bodies with all parts of a text, each as long as a part may be."""

    max_bytes = 2_000_000  # below what Django takes, DATA_UPLOAD_MAX_MEMORY_SIZE


class WriteThrottle(UserRateThrottle):
    """So many changes, checks and previews a person; reading costs nothing."""

    scope = "staff_templates"
    rate = "120/min"

    def allow_request(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or super().allow_request(request, view)


# A publication is in force once its own transaction has ended: it is never inside one of the request.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class TemplateView(PersonalView):
    """For staff, by permission."""

    permission_classes: tuple[type[BasePermission], ...] = (IsAdminUser,)  # type: ignore[assignment]
    parser_classes = (TemplateJSONParser,)
    throttle_classes: tuple[type[BaseThrottle], ...] = (WriteThrottle,)
    needs: ClassVar[Mapping[str, str]] = {}
    """method → the permission that it takes; those that are not named take the one to read"""

    def check_permissions(self, request: Request) -> None:
        """Staff who have the permission of the method."""
        super().check_permissions(request)
        self.require(request, self.needs.get(request.method or "", VIEW))

    def require(self, request: Request, permission: str) -> None:
        """Raises `PermissionDenied`. Who may change texts may read them, as in the admin."""
        enough = (VIEW, CHANGE) if permission == VIEW else (permission,)
        if not any(request.user.has_perm(each) for each in enough):
            raise PermissionDenied(f"It takes the permission {permission}.")

    def handle_exception(self, exc: Exception) -> Response:
        """What services refuse, told as the module's docstring says."""
        if isinstance(exc, TemplateInvalid):
            return self._conflict("invalid", exc, findings=[finding(each) for each in exc.findings])
        if isinstance(exc, RecipientError):
            return self._conflict("recipient", exc)
        if isinstance(exc, TemplateStateError) and exc.code not in ("missing", "invalid"):
            return self._conflict(exc.code, exc, **self._as_it_is_now(exc))
        if isinstance(exc, UnknownTypeError | TemplateStateError):
            is_body = isinstance(exc, TemplateStateError) and exc.code == "invalid"
            exc = ValidationError({"parts": [str(exc)]}) if is_body else NotFound(str(exc))
        response = super().handle_exception(exc)
        if isinstance(exc, APIException) and isinstance(response.data, dict) and list(response.data) == ["detail"]:
            response.data["code"] = exc.get_codes()
        return response

    def _conflict(self, code: str, error: Exception, **more: Any) -> Response:
        return Response({"detail": str(error), "code": code, **more}, status=409)

    def _as_it_is_now(self, error: TemplateStateError) -> dict[str, Any]:
        if error.code != "changed":
            return {}
        now = self.standing()
        return {
            "version": full_version(self.version(now.open.number)) if now.open else None,
            "published": now.published.number if now.published else None,
        }

    # The text of the address.

    @property
    def language(self) -> str:
        """Of the address, as it is stored."""
        given: str = self.kwargs["language"]
        return "" if given == DEFAULT else given

    @property
    def where(self) -> tuple[str, str, str]:
        """Type, channel and language of the address. Raises `UnknownTypeError` and `TemplateStateError`."""
        key, channel = self.kwargs["type_key"], self.kwargs["channel"]
        codes = [code or DEFAULT for code, _ in templates.languages()]
        if self.kwargs["language"] not in codes:
            raise NotFound(f"Unknown language '{self.kwargs['language'][:40]}'. {known(codes)}")
        templates.place(key, channel, self.language)
        return key, channel, self.language

    def standing(self) -> Standing:
        """How the text stands."""
        return templates.standing(*self.where)

    def template(self) -> Template:
        """Its row. Raises `TemplateStateError` where staff never touched it."""
        key, channel, language = self.where
        row = Template.objects.filter(type=key, channel=channel, language=language).first()
        if row is None:
            raise TemplateStateError("Nobody has written a version of this text: readers get the files.", code="state")
        return row

    def open_version(self) -> TemplateVersion:
        """The draft, or what is in review. Raises `NotFound`."""
        version = self.standing().open
        if version is None:
            raise NotFound("There is no draft. POST begins one.")
        return version

    def version(self, number: int) -> TemplateVersion:
        """A version of the text. Raises `NotFound`."""
        key, channel, language = self.where
        versions = TemplateVersion.objects.filter(
            template__type=key, template__channel=channel, template__language=language
        )
        found = versions.select_related("template", "created_by", "changed_by").filter(number=number).first()
        if found is None:
            numbers = versions.order_by("-number").values_list("number", flat=True)[:50]
            raise NotFound(f"There is no version {number}. {known(map(str, numbers))}")
        return found
