"""Where a person is reached: the page of their phone numbers, email addresses and devices."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language_info, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from notifications.exceptions import ContactPointError
from notifications.models import ContactPoint
from notifications.models.contact_point import PUSH
from notifications.preferences.locale import language_of, zone_of
from notifications.services import contact_points, verification
from notifications.services.contact_points import EMAIL, SMS
from notifications.services.verification import Answer
from project.accounts.addresses import groups, zone_hint
from project.accounts.forms import AddForm, LabelForm, LanguageForm, TimeZoneForm, add_form
from project.accounts.middleware import use_locale_of
from project.content_policy import content_policy

ANSWERS = {
    Answer.WRONG: gettext_lazy("This is not the code. Look at the newest message."),
    Answer.USED_UP: gettext_lazy("Too many wrong codes were entered. Ask for a new one."),
    Answer.NONE: gettext_lazy("There is no code that still counts. Ask for a new one."),
}
REFUSALS = {
    "limit": gettext_lazy("You have as many as there can be. Remove one first."),
    "unverified": gettext_lazy("Verify it first."),
    "disabled": gettext_lazy("It is switched off."),
    "verified": gettext_lazy("It is verified already."),
    "device": gettext_lazy("This device can no longer be reached. Switch messages on there again."),
}


def change(view: Callable[..., None]) -> Callable[..., HttpResponse]:
    """Decorate a view that changes one address of the signed-in person: back to the page, which says what happened."""

    @content_policy()
    @never_cache
    @require_POST
    @login_required
    @wraps(view)
    def with_point(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        point = get_object_or_404(ContactPoint, pk=pk, user=request.user.pk)
        try:
            view(request, point, **kwargs)
        except ContactPointError as error:
            messages.error(request, _refusal(error))
        return _back(point.pk)

    return with_point


@content_policy()
@never_cache
@require_safe
@login_required
def addresses(request: HttpRequest) -> HttpResponse:
    """All of them."""
    return _page(request)


@content_policy()
@never_cache
@require_POST
@login_required
def add(request: HttpRequest, channel: str) -> HttpResponse:
    """Enter an address, and send a code to it at once."""
    if channel not in (SMS, EMAIL):
        raise Http404
    form = add_form(channel, request.POST)
    if not form.is_valid():
        return _page(request, form, channel)
    register = contact_points.register_phone if channel == SMS else contact_points.register_email
    try:
        point = register(request.user, form.cleaned_data["address"], form.cleaned_data["label"])
        if point.is_unverified:
            _send_code(request, point)
    except ContactPointError as error:
        form.add_error("address", _refusal(error))
        return _page(request, form, channel)
    return _back(point.pk)


@content_policy()
@never_cache
@require_POST
@login_required
def set_language(request: HttpRequest) -> HttpResponse:
    """The language of the person's messages and pages."""
    form = LanguageForm(request.POST)
    if form.is_valid():
        person: Any = request.user
        person.language = form.cleaned_data["language"]
        person.save(update_fields=["language"])
        use_locale_of(request, person)
        said = _("From now on our messages and these pages are in %(language)s.")
        messages.success(request, said % {"language": get_language_info(person.language)["name_local"]})
    else:
        messages.error(request, str(form.errors["language"][0]))
    return HttpResponseRedirect(f"{reverse('accounts:addresses')}#language")


@content_policy()
@never_cache
@require_POST
@login_required
def set_time_zone(request: HttpRequest) -> HttpResponse:
    """The zone that the times in the person's messages are worded in."""
    form = TimeZoneForm(request.POST)
    if form.is_valid():
        person: Any = request.user
        person.time_zone = form.cleaned_data["time_zone"]
        person.save(update_fields=["time_zone"])
        said = _("Times in our messages are those of %(zone)s from now on.") % {"zone": person.time_zone}
        messages.success(request, said)
    else:
        messages.error(request, str(form.errors["time_zone"][0]))
    return HttpResponseRedirect(f"{reverse('accounts:addresses')}#time-zone")


@change
def send_code(request: HttpRequest, point: ContactPoint) -> None:
    """Another code."""
    _send_code(request, point)


@change
def verify(request: HttpRequest, point: ContactPoint) -> None:
    """Compare what was entered."""
    answer = verification.verify(point, request.POST.get("code", ""))
    if answer == Answer.VERIFIED:
        messages.success(request, _("Verified: %(address)s.") % {"address": point.address})
    else:
        messages.error(request, str(ANSWERS[answer]))


@change
def rename(request: HttpRequest, point: ContactPoint) -> None:
    """Give it another name."""
    form = LabelForm(request.POST)
    if form.is_valid():
        contact_points.set_label(point, form.cleaned_data["label"])
        messages.success(request, _("The name is saved."))


@change
def act(request: HttpRequest, point: ContactPoint, action: str) -> None:
    """Make it primary, switch it off or on, or remove it."""
    actions: dict[str, tuple[Callable[[ContactPoint], Any], str]] = {
        "primary": (contact_points.make_primary, _("Your messages go there from now on.")),
        "off": (contact_points.switch_off, _("Switched off: no messages go there.")),
        "on": (contact_points.switch_on, _("Switched on.")),
        "remove": (contact_points.remove, _("Removed.")),
    }
    if action not in actions:
        raise Http404
    perform, said = actions[action]
    perform(point)
    messages.success(request, said)


def _send_code(request: HttpRequest, point: ContactPoint) -> None:
    verification.request_code(point)
    text = _("A code is on its way to %(address)s. It counts for ten minutes.") % {"address": point.address}
    messages.success(request, text)


def _refusal(error: ContactPointError) -> str:
    if error.retry_after is not None:
        minutes = max(1, round(error.retry_after.total_seconds() / 60))
        return ngettext(
            "You have asked for many codes. Ask again in %(minutes)d minute.",
            "You have asked for many codes. Ask again in %(minutes)d minutes.",
            minutes,
        ) % {"minutes": minutes}
    return str(REFUSALS.get(error.code, error))


def _page(request: HttpRequest, form: AddForm | None = None, channel: str = "") -> HttpResponse:
    forms = {each: add_form(each) for each in (SMS, EMAIL)} | ({channel: form} if form is not None else {})
    shown, person = groups(request.user, forms), request.user
    context = {
        "groups": shown,
        "push": PUSH,
        "zone": zone_of(person).key,
        "zone_hint": zone_hint(person, shown),
        "language_form": LanguageForm(initial={"language": language_of(person)}),
        "zone_form": TimeZoneForm(initial={"time_zone": zone_of(person).key}),
    }
    return render(request, "accounts/addresses.html", context, status=400 if form is not None else 200)


def _back(pk: int) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('accounts:addresses')}#point-{pk}")
