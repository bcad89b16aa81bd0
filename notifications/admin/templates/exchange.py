"""Texts as files in the admin: an archive to keep, and one that is looked at before anything is taken from it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from notifications import conf
from notifications.admin.base import in_local_time
from notifications.admin.templates import page
from notifications.admin.templates.text import address, language_name, title_of
from notifications.exceptions import ExchangeError, TemplateStateError
from notifications.services import templates as services
from notifications.services.templates import PartDiff
from notifications.services.templates.bundles import ARCHIVE_MAX_BYTES, as_zip, read_zip
from notifications.services.templates.exchange import ImportedText, Report, export, import_files
from notifications.services.templates.manifest import MANIFEST
from notifications.templating import files

LIST = "admin:notify_template_changelist"
FORM_BYTES = 10_000
"""of a form, for all but the archive"""
REFUSALS = 10
"""that are told one by one after an import"""
View = Callable[[Any, HttpRequest], HttpResponse]


def urls(admin: Any) -> list[URLPattern]:
    """The pages, for the admin of templates: before its own, one of which takes any path."""
    return [
        path("export/", admin.admin_site.admin_view(_page(admin, _export)), name="notify_template_export"),
        path("import/", admin.admin_site.admin_view(_page(admin, _import)), name="notify_template_import"),
    ]


def _page(admin: Any, view: View) -> Callable[[HttpRequest], HttpResponse]:
    @transaction.non_atomic_requests  # a publication is in force once its own transaction has ended
    def shown(request: HttpRequest) -> HttpResponse:
        if not admin.has_view_permission(request):
            raise PermissionDenied
        return in_local_time(request, lambda: view(admin, request))

    return shown


def _export(admin: Any, request: HttpRequest) -> HttpResponse:
    """An archive of what staff have published; with `?all=1` also of the texts that are files."""
    try:
        exported = export(everything=request.GET.get("all") == "1")
    except ExchangeError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse(LIST))
    if list(exported) == [MANIFEST]:
        messages.info(request, gettext("Nothing is published, so there is nothing to download: all texts are files."))
        return HttpResponseRedirect(reverse(LIST))
    answer = HttpResponse(as_zip(exported), content_type="application/zip")
    answer.headers["Content-Disposition"] = 'attachment; filename="templates.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _import(admin: Any, request: HttpRequest) -> HttpResponse:
    """Ask for an archive; show what would change; and, once that was seen, change it."""
    page.require(request, "change_template")
    try:
        if request.method == "POST" and "archive" in request.POST:
            return _take(request)
        if request.method == "POST":
            return _look(admin, request)
    except ExchangeError as error:
        messages.error(request, gettext("Nothing was changed. %(error)s") % {"error": error})
        return HttpResponseRedirect(reverse("admin:notify_template_import"))
    return _shown(admin, request)


@dataclass(frozen=True, slots=True)
class Change:
    """One text of an archive, as the page shows it."""

    text: ImportedText

    @property
    def title(self) -> str:
        """What its type does."""
        return title_of(self.text.standing.place.type)

    @property
    def where(self) -> tuple[str, str, str]:
        """Type, channel, language."""
        standing = self.text.standing
        return standing.place.type.key, standing.place.channel, standing.language

    @property
    def language(self) -> str:
        """In English, such as Hindi."""
        return language_name(self.text.standing.language)

    @property
    def address(self) -> str:
        """Of its editor."""
        return address(self.where)

    @property
    def differences(self) -> list[PartDiff]:
        """From what is there now."""
        return services.diff(self.text.before, self.text.parts)


def _look(admin: Any, request: HttpRequest) -> HttpResponse:
    upload = request.FILES.get("file")
    if upload is None:
        raise ExchangeError(gettext("Choose a zip archive first."))
    report = import_files(read_zip(upload.read(ARCHIVE_MAX_BYTES + 1)), by=request.user, dry_run=True)
    taken = [*report.of("new"), *report.of("changed")]
    return _shown(
        admin,
        request,
        name=upload.name,
        report=report,
        taken=[Change(each) for each in taken],
        refused=[Change(each) for each in report.of("refused")],
        unchanged=len(report.of("unchanged")),
        archive=_carried(taken),
    )


def _carried(taken: list[ImportedText]) -> str:
    """What is to be taken, for the form that asks whether it shall be: nothing is kept here meanwhile."""
    sources = {
        files.name_of(text.standing.place.type.key, part, text.standing.language): source
        for text in taken
        for part, source in text.parts.items()
    }
    carried = base64.b64encode(as_zip(sources)).decode() if sources else ""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if limit and len(carried) > limit - FORM_BYTES:
        raise ExchangeError(gettext("These are too many texts at once for a browser. Use manage.py import_templates."))
    return carried


def _take(request: HttpRequest) -> HttpResponse:
    is_published = "publish" in request.POST
    if is_published:
        page.require(request, "publish_template")
    try:
        archive = base64.b64decode(request.POST["archive"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ExchangeError(gettext("The archive did not arrive whole. Choose it again.")) from error
    try:
        report = import_files(read_zip(archive), by=request.user, publish=is_published)
    except TemplateStateError as error:
        raise ExchangeError(str(error)) from error
    _tell(request, report, is_published)
    return HttpResponseRedirect(reverse(LIST))


def _tell(request: HttpRequest, report: Report, is_published: bool) -> None:
    number = len(report.of("new")) + len(report.of("changed"))
    if number and is_published:
        said = ngettext("%(number)d text was published.", "%(number)d texts were published.", number)
        messages.success(request, said % {"number": number})
    elif number:
        said = ngettext(
            "%(number)d draft is there. Nobody gets it before it is published.",
            "%(number)d drafts are there. Nobody gets them before they are published.",
            number,
        )
        messages.success(request, said % {"number": number})
    else:
        messages.info(request, gettext("Nothing was changed."))
    refused = report.of("refused")
    for each in refused[:REFUSALS]:
        link = format_html('<a href="{}">{}</a>', Change(each).address, each.name)
        messages.error(request, format_html(gettext("{text} was not taken: {reason}"), text=link, reason=each.reason))
    if len(refused) > REFUSALS:
        more = len(refused) - REFUSALS
        said = ngettext("%(number)d more was not taken.", "%(number)d more were not taken.", more)
        messages.error(request, said % {"number": more})


def _shown(admin: Any, request: HttpRequest, **found: Any) -> HttpResponse:
    may = page.Permissions.of(request)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "media": admin.media,
        "title": gettext("Import texts"),
        "may": may,
        "may_publish": may.publish and not conf.get().TEMPLATES_NEED_REVIEW,
        **found,
    }
    return TemplateResponse(request, "admin/notify/template/import.html", context)
