"""The page of the demonstration and what it asks the server. In development only: it lets visitors in as a patient."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import JavaScriptCatalog

from notifications import clock
from notifications.exceptions import UnknownTypeError
from notifications.models import SandboxMessage
from project.accounts.forms import LanguageForm, languages
from project.accounts.middleware import use_locale_of
from project.clinic.models import Doctor, Patient
from project.clinic.treatments import TREATMENTS
from project.content_policy import content_policy
from project.demo import desk, stage, texts
from project.demo.seed import CLINIC_ZONE, PASSWORD

MAX_BODY = 10_000
# An email brings its styles with it, and may do nothing but open a link in a new tab.
EMAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
SHORT = {"hi": "हि", "ar": "ع"}
"""names of languages for a small button, where the code in capitals will not do"""
ACTIONS = {"confirm": desk.confirm, "move": desk.move, "cancel": desk.cancel}


def development_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view: without DEBUG it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def for_patient(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view: it gets the signed-in patient; who is none gets 403. A `DeskError` becomes 400."""

    @development_only
    @never_cache
    @wraps(view)
    def with_patient(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        patient = _patient(request)
        if patient is None:
            return JsonResponse({"error": _("You are no longer signed in as a patient. Reload the page.")}, status=403)
        try:
            return view(request, patient, *args, **kwargs)
        except desk.DeskError as error:
            return JsonResponse({"error": str(error)}, status=400)

    return with_patient


@development_only
@content_policy()
@never_cache
@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """The three panes. Who is not signed in becomes the first patient."""
    patients = list(Patient.objects.select_related("user").order_by("pk"))
    if not patients:
        return render(request, "demo/empty.html")
    if not request.user.is_authenticated:
        _become(request, patients[0])
    patient = _patient(request)
    context = {"patients": patients, "patient": patient}
    if patient is None:
        return render(request, "demo/choose.html", context)
    return render(
        request,
        "demo/page.html",
        {
            **context,
            "doctors": Doctor.objects.select_related("user").order_by("pk"),
            "treatments": [{"name": each.name, "label": _(each.name), "minutes": each.minutes} for each in TREATMENTS],
            "languages": [(code, name, SHORT.get(code, code.upper())) for code, name in languages()],
            "suggested": f"{desk.in_days(2):%Y-%m-%dT%H:%M}",
            "clinic_zone": _zone(CLINIC_ZONE),
            "zone": _zone(patient.user.time_zone),
            "password": PASSWORD,
        },
    )


@development_only
@never_cache
@require_safe
def words(request: HttpRequest) -> HttpResponse:
    """The texts of the page's scripts."""
    return JavaScriptCatalog(packages=["project.demo"], request=request).get(request)


@development_only
@require_POST
def become(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign in as a patient."""
    patient = Patient.objects.select_related("user").filter(pk=pk).first()
    if patient is None:
        raise Http404
    _become(request, patient)
    return redirect("demo:page")


@for_patient
@require_POST
def set_language(request: HttpRequest, patient: Patient) -> HttpResponse:
    """Let the patient read another language: messages that come from now on, and the page."""
    form = LanguageForm(request.POST)
    if not form.is_valid():
        raise desk.DeskError(str(form.errors["language"][0]))
    patient.user.language = form.cleaned_data["language"]
    patient.user.save(update_fields=["language"])
    return redirect("demo:page")


@for_patient
@require_safe
def state(request: HttpRequest, patient: Patient) -> HttpResponse:
    """All that changes on the page."""
    return JsonResponse(stage.state(patient))


@for_patient
@require_POST
def book(request: HttpRequest, patient: Patient) -> HttpResponse:
    """Book an appointment."""
    desk.book(patient, _form(request))
    return JsonResponse(stage.state(patient), status=201)


@for_patient
@require_POST
def change(request: HttpRequest, patient: Patient, pk: int, action: str) -> HttpResponse:
    """Confirm, move or cancel an appointment."""
    appointment = patient.appointments.filter(pk=pk).first()
    if appointment is None or action not in ACTIONS:
        raise Http404
    ACTIONS[action](appointment, _form(request))
    return JsonResponse(stage.state(patient))


@for_patient
@require_POST
def send_now(request: HttpRequest, patient: Patient, pk: UUID) -> HttpResponse:
    """Send what waits."""
    desk.send_now(patient, pk)
    return JsonResponse(stage.state(patient))


@for_patient
@require_POST
def script_fault(request: HttpRequest, patient: Patient) -> HttpResponse:
    """Have the next message fail."""
    desk.script_fault(_form(request))
    return JsonResponse(stage.state(patient), status=201)


@for_patient
@require_POST
def write(request: HttpRequest, patient: Patient) -> HttpResponse:
    """Send a text message from the patient's phone."""
    texts.write(patient, stage.addresses(patient), _form(request))
    return JsonResponse(stage.state(patient), status=201)


@for_patient
@content_policy(EMAIL_POLICY)
@xframe_options_sameorigin
@require_safe
def email(request: HttpRequest, patient: Patient, pk: UUID) -> HttpResponse:
    """An email as its reader sees it, for a frame of the page."""
    html = _captured_email(patient, pk).content.get("html", "").replace("<head>", '<head><base target="_blank">', 1)
    return HttpResponse(html)


@for_patient
@require_safe
def attached(request: HttpRequest, patient: Patient, pk: UUID, name: str) -> HttpResponse:
    """A file that went along with an email, as it would be made now."""
    try:
        file = stage.attached(_captured_email(patient, pk), name)
    except (ObjectDoesNotExist, UnknownTypeError):
        file = None  # what it was about is gone
    if file is None:
        raise Http404
    disposition = content_disposition_header(as_attachment=False, filename=file.name) or ""
    return HttpResponse(file.content, content_type=file.content_type, headers={"Content-Disposition": disposition})


def _captured_email(patient: Patient, pk: UUID) -> SandboxMessage:
    for message in stage.captured(stage.addresses(patient)):
        if message.pk == pk and message.channel == "email":
            return message
    raise Http404


def _patient(request: HttpRequest) -> Patient | None:
    if not request.user.is_authenticated:
        return None
    return Patient.objects.select_related("user").filter(user=request.user.pk).first()


def _zone(name: str) -> str:
    values = {
        "place": name.rpartition("/")[2].replace("_", " "),
        "zone": f"{clock.now().astimezone(ZoneInfo(name)):%Z}",
    }
    return _("%(place)s time, %(zone)s") % values


def _become(request: HttpRequest, patient: Patient) -> None:
    login(request, patient.user, backend="django.contrib.auth.backends.ModelBackend")
    use_locale_of(request, patient.user)


def _form(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > MAX_BODY:
        raise desk.DeskError(_("That is too much."))
    try:
        form = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict):
        raise desk.DeskError("The request is no JSON object.")
    return form
