"""What reaches readers: publish, roll back, archive, keep an override over files that changed.

What is answered is in force: no message that starts after the answer has the old text. `in_flight` counts requests that
were still open when the wait of at most five seconds was over.
"""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.staff import shapes
from notifications.api.staff.base import PUBLISH, TemplateView
from notifications.api.staff.serializers import (
    FILE,
    ArchiveSerializer,
    PublishSerializer,
    RollBackSerializer,
)
from notifications.exceptions import TemplateStateError
from notifications.models import TemplateChange, TemplateVersion
from notifications.services import templates
from notifications.services.templates import Publication


class PublishingView(TemplateView):
    """What the views below share."""

    needs = {"POST": PUBLISH}

    def earlier(self, number: int) -> TemplateVersion:
        """A version that readers have had. Raises `TemplateStateError` for another one."""
        version = self.version(number)
        if version.published_at is None:
            raise TemplateStateError(f"Version {number} was never published: POST it as a draft.", code="state")
        return version

    def replaces(self, given: dict[str, Any]) -> TemplateVersion | None:
        """What the caller believes to be published."""
        return self.version(given["replaces"]) if "replaces" in given else None

    def answer(self, publication: Publication) -> Response:
        """What readers get from now on."""
        return Response(shapes.publication(publication))


class PublishView(PublishingView):
    """POST {"note", "version", "changed_at", "replaces"}: {"published", "replaced", "stopped", "in_flight"}.

    Without `version`, the open one. With `changed_at`, only if nobody has written into it since it was read; with
    `replaces`, only if that version is still published. 409 "state" for what is published already, "reviewer", and
    "invalid" with `findings` for a text with mistakes.
    """

    def post(self, request: Request, **where: str) -> Response:
        """Publish."""
        given = self.body(request, PublishSerializer)
        publication = templates.publish(
            self._named(given),
            by=request.user,
            note=given["note"],
            changed_at=given.get("changed_at"),
            replaces=self.replaces(given),
        )
        return self.answer(publication)

    def _named(self, given: dict[str, Any]) -> TemplateVersion:
        standing = self.standing()
        if "version" not in given:
            if standing.open is None:
                now = f" Version {standing.published.number} is published already." if standing.published else ""
                raise TemplateStateError(f"There is no draft to publish.{now}", code="state")
            return standing.open
        if standing.open and standing.open.number == given["version"]:
            return standing.open
        if standing.published and standing.published.number == given["version"]:
            raise TemplateStateError(f"Version {given['version']} is published already.", code="state")
        return self.earlier(given["version"])


class RollBackView(PublishingView):
    """POST {"to", "note", "replaces"}: as with publishing. `to`: a version that was published once, or "file".

    Without `to`, what was published before, or else the files. With `replaces`, a call that is repeated goes back one
    step only: the second one is a 409 "changed".
    """

    def post(self, request: Request, **where: str) -> Response:
        """Roll back."""
        given = self.body(request, RollBackSerializer)
        to = given.get("to")
        template, replaces, note = self.template(), self.replaces(given), given["note"]
        if to == FILE:
            action = TemplateChange.Action.ROLLED_BACK
            return self.answer(
                templates.archive(template, by=request.user, note=note, replaces=replaces, action=action)
            )
        target = self.earlier(to) if to is not None else None
        return self.answer(templates.roll_back(template, by=request.user, to=target, note=note, replaces=replaces))


class ArchiveView(PublishingView):
    """POST {"note", "replaces"}: what is published is taken away, and readers get the files."""

    def post(self, request: Request, **where: str) -> Response:
        """Archive."""
        given = self.body(request, ArchiveSerializer)
        return self.answer(
            templates.archive(self.template(), by=request.user, note=given["note"], replaces=self.replaces(given))
        )


class AcceptFileView(PublishingView):
    """POST: the published version is kept over files that changed since, and `file_changed` is false again."""

    def post(self, request: Request, **where: str) -> Response:
        """Keep it."""
        self.body(request)
        published = self.standing().published
        if published is None:
            raise TemplateStateError("Nothing is published here: readers get the files.", code="state")
        templates.accept_file(published, by=request.user)
        return Response(shapes.standing(self.standing()))
