"""Templates: the list of all texts, one in its details, its versions, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from notifications.api.staff import shapes
from notifications.api.staff.base import DEFAULT, TemplateView
from notifications.api.staff.serializers import DRAFT, FILE, PUBLISHED, SIDES, chosen, whole_number
from notifications.exceptions import known
from notifications.models import TemplateVersion
from notifications.services import templates
from notifications.services.templates import Standing
from notifications.services.templates.exchange import own_files

SOURCES = {"published", "file", "fallback", "missing"}
OPEN_STATES = {"draft", "review", "none"}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
NEWEST = 20
"""versions in the details"""
LIMIT, LIMIT_MAX = 50, 200


class TemplatesView(TemplateView):
    """GET: {"results": […]}, how each text stands, also of those that are only files: by type, channel, language.

    `?type=`, `?channel=`, `?language=` (default: the one for all others), `?source=` published, file, fallback or
    missing: what readers of the language get; `?state=` draft, review or none: the version that is open;
    `?file_changed=true`: the files are others than when the published version was written.
    """

    def get(self, request: Request) -> Response:
        """All of them: as many as there are types, channels and languages."""
        places = templates.places()
        given = chosen(
            request.query_params,
            {
                "type": {each.type.key for each in places},
                "channel": {each.channel for each in places},
                "language": {code or DEFAULT for code, _ in templates.languages()},
                "source": SOURCES,
                "state": OPEN_STATES,
                "file_changed": set(BOOLEANS),
            },
        )
        of_these = [
            each
            for each in places
            if given.get("type", each.type.key) == each.type.key and given.get("channel", each.channel) == each.channel
        ]
        found = [each for each in templates.standings(of_these).values() if _is_meant(each, given)]
        return Response({"results": [{**shapes.standing(each), "url": _url(request, each)} for each in found]})


def _is_meant(standing: Standing, given: Mapping[str, str]) -> bool:
    state = standing.open.state if standing.open else "none"
    return (
        given.get("language", standing.language or DEFAULT) == (standing.language or DEFAULT)
        and given.get("source", standing.source) == standing.source
        and given.get("state", state) == state
        and ("file_changed" not in given or BOOLEANS[given["file_changed"]] == standing.file_changed)
    )


def _url(request: Request, standing: Standing) -> str | Promise:
    where = [standing.place.type.key, standing.place.channel, standing.language or DEFAULT]
    return reverse("notifications_api:staff-template", args=where, request=request)


class OneTemplateView(TemplateView):
    """GET: how it stands; what readers get and the files, part → source; its parts and variables; the open version
    with its text; the newest versions.
    """

    def get(self, request: Request, type_key: str, channel: str, language: str) -> Response:
        """The text of one type, channel and language."""
        where = self.where
        standing = self.standing()
        type_ = standing.place.type
        newest = self._versions()[:NEWEST]
        return Response(
            {
                **shapes.standing(standing),
                "url": _url(request, standing),
                "category": type_.category,
                "sensitive": type_.sensitive,
                "readers_get": templates.present_parts(*where),
                "files": own_files(standing),
                "parts": shapes.parts(channel),
                "variables": shapes.variables(type_),
                "draft": shapes.full_version(self.version(standing.open.number)) if standing.open else None,
                "versions": [shapes.version(each) for each in newest],
            }
        )

    def _versions(self) -> Any:
        key, channel, language = self.where
        return (
            TemplateVersion.objects.filter(template__type=key, template__channel=channel, template__language=language)
            .select_related("created_by", "changed_by")
            .defer("parts", "file_parts")
            .order_by("-number")
        )


class VersionsView(OneTemplateView):
    """GET: {"results": […], "next": address or null}, the newest first, without their texts. `?before=`, `?limit=`."""

    def get(self, request: Request, type_key: str, channel: str, language: str) -> Response:
        """One page of them."""
        given = request.query_params
        if unknown := sorted(set(given) - {"before", "limit", "format"}):
            raise ValidationError({name: [f"Unknown parameter. {known(('before', 'limit'))}"] for name in unknown})
        rows = self._versions()
        limit = whole_number("limit", given["limit"], LIMIT_MAX) if "limit" in given else LIMIT
        if "before" in given:
            rows = rows.filter(number__lt=whole_number("before", given["before"]))
        found = list(rows[: limit + 1])
        following = None
        if len(found) > limit:
            found = found[:limit]
            following = request.build_absolute_uri(f"{request.path}?before={found[-1].number}&limit={limit}")
        return Response({"results": [shapes.version(each) for each in found], "next": following})


class VersionView(TemplateView):
    """GET: one version with its text."""

    def get(self, request: Request, type_key: str, channel: str, language: str, number: int) -> Response:
        """By its number."""
        return Response(shapes.full_version(self.version(number)))


class DiffView(TemplateView):
    """GET `?from=&to=`: what differs; each the number of a version, or "file", "published" or "draft"."""

    def get(self, request: Request, type_key: str, channel: str, language: str) -> Response:
        """The parts that differ, line by line; none where the two say the same."""
        given = request.query_params
        if wrong := sorted(set(given) - {"from", "to", "format"}):
            raise ValidationError({name: [f"Unknown parameter. {known(('from', 'to'))}"] for name in wrong})
        sides = {name: self._side(name, given.get(name, "")) for name in ("from", "to")}
        (old, old_name), (new, new_name) = sides["from"], sides["to"]
        return Response({"from": old_name, "to": new_name, "parts": shapes.difference(templates.diff(old, new))})

    def _side(self, name: str, given: str) -> tuple[Mapping[str, str], int | str]:
        """Its parts, and what to call it: its number, or "file"."""
        if given == FILE:
            parts = templates.file_parts(*self.where)
            if not parts:
                raise NotFound("There are no files of this text.")
            return parts, FILE
        if given in (PUBLISHED, DRAFT):
            standing = self.standing()
            row = standing.published if given == PUBLISHED else standing.open
            if row is None:
                raise NotFound(f"There is no version of this text that is {given}.")
            return row.parts, row.number
        if not given.isdecimal():
            raise ValidationError({name: [f"'{given[:60]}' is no version. {known(SIDES)} Or a number."]})
        row = self.version(whole_number(name, given))
        return row.parts, row.number
