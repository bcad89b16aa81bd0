"""The draft of a text: begun, written into, discarded, given to review, and returned."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.staff import shapes
from notifications.api.staff.base import CHANGE, PUBLISH, TemplateView
from notifications.api.staff.serializers import BeginSerializer, ChangeSerializer, NoteSerializer, SaveSerializer
from notifications.models import TemplateVersion
from notifications.services import templates


class DraftView(TemplateView):
    """GET: the open version. POST {"parts", "note"}: 201 and a draft, or 200 and the version that is open already.

    PUT {"parts", "changed_at", "note"}: its text. PATCH: some parts of it. `changed_at` is that of the draft as it was
    read; where somebody has saved since, 409 "changed" with it as it is now. DELETE: 204, it is discarded.
    """

    needs = {"POST": CHANGE, "PUT": CHANGE, "PATCH": CHANGE, "DELETE": CHANGE}

    def get(self, request: Request, **where: str) -> Response:
        """The draft, or what is in review."""
        return Response(shapes.full_version(self._again(self.open_version())))

    def post(self, request: Request, **where: str) -> Response:
        """Begin one: of `parts`, or of what readers get now."""
        given = self.body(request, BeginSerializer)
        standing = self.standing()
        version = templates.begin(*self.where, by=request.user, parts=given.get("parts"), note=given["note"])
        was_there = standing.open is not None and standing.open.pk == version.pk
        return Response(shapes.full_version(self._again(version)), status=200 if was_there else 201)

    def put(self, request: Request, **where: str) -> Response:
        """Replace all its parts."""
        given = self.body(request, SaveSerializer)
        return self._save(request, self.open_version(), given, given["parts"])

    def patch(self, request: Request, **where: str) -> Response:
        """Replace some of its parts."""
        given = self.body(request, ChangeSerializer)
        version = self.open_version()  # who wrote into it since `changed_at` is not overwritten: `save` asks
        return self._save(request, version, given, {**version.parts, **given.get("parts", {})})

    def delete(self, request: Request, **where: str) -> Response:
        """It stays among the archived versions."""
        templates.discard(self.open_version(), by=request.user)
        return Response(status=204)

    def _save(
        self, request: Request, version: TemplateVersion, given: dict[str, Any], parts: dict[str, str]
    ) -> Response:
        saved = templates.save(version, parts, by=request.user, changed_at=given["changed_at"], note=given.get("note"))
        return Response(shapes.full_version(self._again(saved)))

    def _again(self, version: TemplateVersion) -> TemplateVersion:
        return self.version(version.number)


class SubmitView(TemplateView):
    """POST: the draft, now in review. 409 "invalid": it has mistakes."""

    needs = {"POST": CHANGE}

    def post(self, request: Request, **where: str) -> Response:
        """Ask for a review."""
        self.body(request)
        return Response(shapes.version(templates.submit(self.open_version(), by=request.user)))


class ReturnView(TemplateView):
    """POST {"note"}: the version in review, now a draft again."""

    needs = {"POST": PUBLISH}

    def post(self, request: Request, **where: str) -> Response:
        """Its author can change it."""
        note = self.body(request, NoteSerializer)["note"]
        return Response(shapes.version(templates.send_back(self.open_version(), by=request.user, note=note)))
