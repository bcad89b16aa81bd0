"""Unsubscribing by a signed link: a page for people, and one click for mail programs (RFC 8058).

GET changes nothing, for mail scanners follow every link. POST needs no cookie and no log-in: the link is the proof.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from notifications import links
from notifications.models import Delivery
from notifications.pipeline.render import as_person
from notifications.services import resubscribe, unsubscribe
from notifications.types import NotificationType

TEMPLATE = "notifications/unsubscribe.html"


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class UnsubscribeView(View):
    """The page behind the link in a message, and what its buttons do."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show what the link is for."""
        return self._page(request, self._delivery(token), done="")

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Unsubscribe from the category, from all (`scope=all`), or take it back (`scope=undo`)."""
        delivery = self._delivery(token)
        scope = request.POST.get("scope", "category")
        if delivery.notification.instance().mandatory:
            return self._page(request, delivery, done="refused")
        if scope == "undo":
            resubscribe(delivery)
        elif scope in ("category", "all"):
            unsubscribe(delivery, everything=scope == "all")
        else:
            return HttpResponse(f"Unknown scope '{scope:.40}'. Known: all, category, undo.", status=400)
        return self._page(request, delivery, done=scope)

    def _delivery(self, token: str) -> Delivery:
        found = links.read_unsubscribe(token)
        delivery = (
            Delivery.objects.filter(pk=found).select_related("notification__recipient").first() if found else None
        )
        if delivery is None:
            raise Http404("This link is not valid, or what it was for is gone.")
        return delivery

    def _page(self, request: HttpRequest, delivery: Delivery, *, done: str) -> HttpResponse:
        instance: NotificationType = delivery.notification.instance()
        values: dict[str, Any] = {"address": masked(delivery.address), "mandatory": instance.mandatory, "done": done}
        # Whoever opens the link reads what the message's recipient reads: a mailbox has no session to tell.
        with as_person(delivery.notification.recipient) as language:
            values["category"] = gettext(delivery.notification.category).replace("_", " ")
            response = render(request, TEMPLATE, values)
        response["Content-Language"] = language
        response["Referrer-Policy"] = "no-referrer"  # the address of this page is a key
        response["X-Robots-Tag"] = "noindex"
        return response


def masked(address: str) -> str:
    """An address that its owner recognises and nobody else learns: a•••@example.org, •••123."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}•••@{domain}" if at else f"•••{address[-3:]}"
