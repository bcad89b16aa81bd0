"""What is done to a text beside writing it: publish, roll back, take the file, return, discard. All are posted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from notifications.admin.templates import page, told
from notifications.admin.templates.text import Text
from notifications.exceptions import TemplateInvalid, TemplateStateError
from notifications.models import Template, TemplateChange, TemplateVersion, VersionState
from notifications.services import templates as services
from notifications.templating.validation import validate

DIGITS_TOO_MANY = 10
"""for the number of a version; `int` refuses thousands of them"""


def publish(admin: Any, request: HttpRequest, text: Text) -> HttpResponse:
    """Show what will change for readers, and what forbids it; posted, publish the open version."""
    page.require(request, "publish_template")
    version = text.standing.open
    if request.method == "POST":
        version = _named(text, request.POST.get("version", ""))
        if request.POST.get("changed_at", read := version.changed_at.isoformat()) != read:
            messages.warning(request, _read_again(version))
            return HttpResponseRedirect(text.publish_address)
        return _done(request, text, lambda: _publish(request, version))
    if version is None:
        messages.info(request, gettext("There is no draft to publish."))
        return HttpResponseRedirect(text.edit_address)
    findings = validate(text.type, text.channel, text.language, version.parts)
    errors = [each for each in findings if each.level == "error"]
    not_yet = told.not_yet(version, request.user)
    context = {
        **page.context(admin, request, text, gettext("Publish?")),
        "version": version,
        "differences": services.diff(services.present_parts(*text.where), version.parts),
        "errors": errors,
        "doubts": [each for each in findings if each.level != "error"],
        "not_yet": not_yet,
        "in_review": version.state == VersionState.REVIEW,
        "possible": not errors and not not_yet,
    }
    return TemplateResponse(request, "admin/notify/template/publish.html", context)


def step(admin: Any, request: HttpRequest, text: Text) -> HttpResponse:
    """Do what was posted. Raises `Http404` for what cannot be done to a text."""
    name = request.POST.get("step", "")
    if name not in STEPS:
        raise Http404(f"There is no step '{name[:40]}'. Known: {', '.join(STEPS)}.")
    permission, does = STEPS[name]
    page.require(request, permission)
    return _done(request, text, lambda: does(request, text))


def _done(request: HttpRequest, text: Text, does: Callable[[], str]) -> HttpResponse:
    """Back to where it was asked for, with what became of it."""
    try:
        messages.success(request, does())
    except TemplateInvalid as error:
        messages.error(request, gettext("Nothing was changed: it has mistakes now. %(error)s") % {"error": error})
    except TemplateStateError as error:
        messages.error(request, gettext("Nothing was changed. %(error)s") % {"error": error})
    back = text.history_address if request.POST.get("from") == "history" else text.edit_address
    return HttpResponseRedirect(back)


def _publish(request: HttpRequest, version: TemplateVersion) -> str:
    note = page.note(request)
    return told.of_publication(services.publish(version, by=request.user, note=note, changed_at=version.changed_at))


def _read_again(version: TemplateVersion) -> str:
    said = gettext("Version %(number)s was changed after you had read it. Read it again, then publish it.")
    return said % {"number": version.number}


def _replaced(request: HttpRequest, text: Text) -> TemplateVersion | None:
    """What was published when the page was made: who clicks twice goes back one step."""
    number = request.POST.get("replaces", "")
    return _named(text, number) if number else None


def _roll_back(request: HttpRequest, text: Text) -> str:
    to = request.POST.get("version", "")
    target = _named(text, to) if to else None
    if target is not None and target.published_at is None:
        said = gettext("Version %(number)s was never published: open it as a draft.") % {"number": target.number}
        raise TemplateStateError(said, code="state")
    note = page.note(request)
    return _rolled_back(
        services.roll_back(_row(text), by=request.user, to=target, note=note, replaces=_replaced(request, text))
    )


def _rolled_back(publication: services.Publication) -> str:
    return f"{gettext('Rolled back.')} {told.of_publication(publication)}"


def _to_files(request: HttpRequest, text: Text) -> str:
    rolled_back = TemplateChange.Action.ROLLED_BACK
    return _rolled_back(
        services.archive(_row(text), by=request.user, replaces=_replaced(request, text), action=rolled_back)
    )


def _take_file(request: HttpRequest, text: Text) -> str:
    return told.of_publication(
        services.archive(_row(text), by=request.user, replaces=_replaced(request, text), note="The file was taken.")
    )


def _keep_override(request: HttpRequest, text: Text) -> str:
    version = _named(text, request.POST.get("version", ""))
    services.accept_file(version, by=request.user)
    return gettext("Version %(number)s is kept over the file as it is now.") % {"number": version.number}


def _return(request: HttpRequest, text: Text) -> str:
    version = _named(text, request.POST.get("version", ""))
    services.send_back(version, by=request.user, note=page.note(request))
    return gettext("Version %(number)s is a draft again: its author can change it.") % {"number": version.number}


def _discard(request: HttpRequest, text: Text) -> str:
    version = _named(text, request.POST.get("version", ""))
    services.discard(version, by=request.user)
    said = gettext("Version %(number)s is discarded. It stays in the history, where it can be opened again.")
    return said % {"number": version.number}


def _open_again(request: HttpRequest, text: Text) -> str:
    version = _named(text, request.POST.get("version", ""))
    draft = services.begin(
        *text.where, by=request.user, parts=version.parts, note=f"Begun from version {version.number}."
    )
    said = gettext("Version %(number)s is a draft with the text of version %(source)s.")
    return said % {"number": draft.number, "source": version.number}


STEPS: dict[str, tuple[str, Callable[[HttpRequest, Text], str]]] = {
    "roll-back": ("publish_template", _roll_back),
    "to-files": ("publish_template", _to_files),
    "take-file": ("publish_template", _take_file),
    "keep-override": ("publish_template", _keep_override),
    "return": ("publish_template", _return),
    "discard": ("change_template", _discard),
    "open-again": ("change_template", _open_again),
}
"""what is posted as `step` → who may, and what does it and says what was done"""


def _row(text: Text) -> Template:
    template = text.template
    if template is None:
        raise TemplateStateError(gettext("Nothing was ever published here: readers get the files."), code="state")
    return template


def _named(text: Text, number: str) -> TemplateVersion:
    """A version of the text by its number. Raises `Http404`."""
    template = text.template
    is_number = number.isdecimal() and len(number) < DIGITS_TOO_MANY
    found = template.versions.filter(number=int(number)).first() if template and is_number else None
    if found is None:
        raise Http404(f"There is no version '{number[:20]}' of {' '.join(filter(None, text.where))}.")
    return found
