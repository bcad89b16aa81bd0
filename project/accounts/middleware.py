"""Signed-in people see pages in their own language and time zone, whatever their browser asks for."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from notifications.preferences.locale import language_of, zone_of


class PersonLocaleMiddleware(MiddlewareMixin):
    """Stands after `LocaleMiddleware`, which knows cookie and browser alone, and after `AuthenticationMiddleware`.

    A request without a session costs no query.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Take up the person's language and zone."""
        if request.user.is_authenticated:
            use_locale_of(request, request.user)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say in which language it is, and leave the thread the site's own language and zone for what it does next."""
        response.headers.setdefault("Content-Language", translation.get_language() or "")
        translation.deactivate()
        timezone.deactivate()
        return response


def use_locale_of(request: HttpRequest, person: Any) -> None:
    """Go on in the language and zone of a person: of who has just signed in, or changed them."""
    translation.activate(language_of(person))
    timezone.activate(zone_of(person))
    request.LANGUAGE_CODE = translation.get_language()
