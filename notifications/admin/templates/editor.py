"""The editor: the parts of a text as fields, its values and its language beside them, and a live preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from notifications.admin.templates import page, readers, reference, showing, told
from notifications.admin.templates.fields import Field, as_file, fields, written
from notifications.admin.templates.text import Text
from notifications.channels.base import Channel
from notifications.channels.email import EmailChannel
from notifications.channels.in_app import InAppChannel
from notifications.channels.push import PushChannel
from notifications.channels.registry import get_channel
from notifications.channels.sms import SmsChannel
from notifications.exceptions import NotificationError, TemplateInvalid, TemplateStateError
from notifications.models import TemplateVersion, VersionState
from notifications.services import templates as services
from notifications.services.templates import PartDiff

KINDS: dict[type[Channel], str] = {
    SmsChannel: "sms",
    PushChannel: "push",
    EmailChannel: "email",
    InAppChannel: "in_app",
}
FROM_NOTHING = ""
"""stands in the form where no version was open when the page was made"""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody else wrote meanwhile, beside what was posted."""

    message: str
    theirs: list[Field]
    differences: list[PartDiff]


def edit(admin: Any, request: HttpRequest, text: Text) -> HttpResponse:
    """Show the text; or, posted, save it and do what was asked."""
    if request.method != "POST":
        return _show(admin, request, text, _stored(text))
    page.require(request, "change_template")
    parts, note = written(text, request.POST), page.note(request)
    try:
        version, changed = _save(request, text, parts, note)
    except TemplateStateError as error:
        now = page.found(*text.where)
        return _show(admin, request, now, parts, note=note, conflict=_conflict(now, parts, error), status=409)
    try:
        return _do(admin, request, text, version, changed)
    except (TemplateInvalid, TemplateStateError) as error:
        messages.error(request, str(error))
    except NotificationError as error:  # nobody to send a test to
        messages.error(request, gettext("No test was sent. %(error)s") % {"error": error})
    return HttpResponseRedirect(text.edit_address)


def _save(request: HttpRequest, text: Text, parts: Mapping[str, str], note: str) -> tuple[TemplateVersion | None, bool]:
    """The open version, if there is one now, and whether it was written into. Raises `TemplateStateError`."""
    base, open_now = request.POST.get("base", FROM_NOTHING), text.standing.open
    if open_now is None:
        if base != FROM_NOTHING:
            raise TemplateStateError(
                gettext(
                    "The draft that you were writing into was published or discarded meanwhile. "
                    "Your text is below: save it as a new draft, or leave it."
                ),
                code="changed",
            )
        if _same(parts, services.present_parts(*text.where)):
            return None, False
        return services.begin(*text.where, by=request.user, parts=parts, note=note), True
    if _same(parts, open_now.parts) and (note == open_now.note or open_now.state != VersionState.DRAFT):
        return open_now, False
    pk, _, seen = base.partition("@")
    who = open_now.changed_by or gettext("Somebody")
    if pk != str(open_now.pk):
        said = gettext("%(who)s began version %(number)s while you were writing.")
        raise TemplateStateError(said % {"who": who, "number": open_now.number}, code="changed")
    try:
        return services.save(open_now, parts, by=request.user, changed_at=_moment(seen), note=note), True
    except TemplateStateError as error:
        if error.code != "changed":
            raise
        said = gettext("%(who)s changed version %(number)s while you were writing.")
        raise TemplateStateError(said % {"who": who, "number": open_now.number}, code="changed") from None


def _moment(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return datetime.min  # of no version


def _same(parts: Mapping[str, str], stored: Mapping[str, str]) -> bool:
    return dict(parts) == {name: as_file(source) for name, source in stored.items()}


def _do(admin: Any, request: HttpRequest, text: Text, version: TemplateVersion | None, changed: bool) -> HttpResponse:
    do = request.POST.get("do", "save")
    if do == "test":
        return _test(request, text, version or text.standing.published)
    if version is None:
        messages.info(request, gettext("Nothing was changed: this is what readers get now."))
        return HttpResponseRedirect(text.edit_address)
    if do == "publish":
        return HttpResponseRedirect(text.publish_address)
    if do == "submit":
        services.submit(version, by=request.user)
        said = gettext("Version %(number)s waits for somebody to review and publish it.")
        messages.success(request, said % {"number": version.number})
    elif changed:
        said = gettext("Version %(number)s is saved. Nobody gets it before it is published.")
        messages.success(request, said % {"number": version.number})
    else:
        messages.info(request, gettext("Nothing was changed since it was saved."))
    return HttpResponseRedirect(text.edit_address)


def _test(request: HttpRequest, text: Text, version: TemplateVersion | None) -> HttpResponse:
    if version is None:  # what readers get are the files: a draft of them is what can be sent
        version = services.begin(*text.where, by=request.user)
    longest = request.POST.get("shown") == "longest"
    sent = services.send_test(version, to=request.user, by=request.user, longest=longest)
    return HttpResponseRedirect(text.address("trial", notification=sent.pk))


def _stored(text: Text) -> dict[str, str]:
    """What is to be written on: the open version, or else what readers get now."""
    if text.standing.open:
        return dict(text.standing.open.parts)
    return services.present_parts(*text.where)


def _conflict(text: Text, mine: Mapping[str, str], error: TemplateStateError) -> Conflict:
    stored = _stored(text)
    differences = services.diff(stored, mine)
    differing = {each.part for each in differences}
    return Conflict(str(error), [each for each in fields(text, stored) if each.name in differing], differences)


def _show(
    admin: Any,
    request: HttpRequest,
    text: Text,
    parts: Mapping[str, str],
    *,
    note: str | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    open_now = text.standing.open
    may = page.Permissions.of(request)
    in_review = open_now is not None and open_now.state == VersionState.REVIEW
    own, common = reference.values(text)
    context = {
        **page.context(admin, request, text, gettext("Text")),
        "fields": fields(text, parts),
        "note": (open_now.note if open_now else "") if note is None else note,
        "base": f"{open_now.pk}@{open_now.changed_at.isoformat()}" if open_now else FROM_NOTHING,
        "conflict": conflict,
        "in_review": in_review,
        "read_only": in_review or not may.change,
        "kind": _kind(text.channel),
        "own_values": own,
        "declared": text.type.declared_variables() is not None,
        "common_values": common,
        "tags": reference.tags(text),
        "filters": reference.FILTER_LINES,
        "destination": readers.destination(text, request.user) if may.change else None,
        "readers": readers.latest(text) if readers.may_see(request) else [],
        "may_see_readers": readers.may_see(request),
        "not_yet": told.not_yet(open_now, request.user),
    }
    return TemplateResponse(request, "admin/notify/template/edit.html", context, status=status)


def _kind(channel: str) -> str:
    found = get_channel(channel)
    return next((name for kind, name in KINDS.items() if isinstance(found, kind)), "other")


def preview(admin: Any, request: HttpRequest, text: Text) -> HttpResponse:
    """Answer the live preview: the text as posted, as its reader would see it. Nothing is stored."""
    values, notification = request.POST.get("shown", "example"), None
    if values not in ("example", "longest"):
        if not readers.may_see(request):
            refused = gettext("You may not see texts with the data of a real person.")
            return JsonResponse({"refused": refused}, status=403)
        notification = readers.chosen(text, values)
        if notification is None:
            refused = gettext("That notification is no longer there. Choose another one.")
            return JsonResponse({"refused": refused}, status=404)
    try:
        found = services.preview_text(
            *text.where,
            written(text, request.POST),
            shown="longest" if values == "longest" else "example",
            reader=request.user,
            notification=notification,
            by=request.user,
        )
    except TemplateStateError as error:
        return JsonResponse({"refused": str(error)}, status=400)
    return JsonResponse(showing.shown(found))
