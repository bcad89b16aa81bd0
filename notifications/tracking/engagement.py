"""The picture and the links of a tracked email. They keep no cookie and lead only where the message led."""

from __future__ import annotations

import base64
import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from notifications import links
from notifications.models import Kind
from notifications.services import record_engagement

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_MACHINE = re.compile(
    r"bot\b|crawl|spider|preview|scan|proofpoint|mimecast|barracuda|safelinks|urldefense|headless|"
    r"googleimageproxy|yahoomailproxy|curl/|wget/|python|go-http-client|okhttp|java/",
    re.IGNORECASE,
)


def is_machine(request: HttpRequest) -> bool:
    """Whether a mail scanner, an image proxy or a browser that looks ahead asks, as far as its headers tell."""
    headers = request.headers
    ahead = f"{headers.get('Purpose', '')} {headers.get('Sec-Purpose', '')} {headers.get('X-Moz', '')}".lower()
    agent = headers.get("User-Agent", "")
    return "prefetch" in ahead or "preview" in ahead or not agent or bool(_MACHINE.search(agent))


@method_decorator(never_cache, name="dispatch")
class OpenView(View):
    """The invisible picture."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Always the picture, so that a forged address learns nothing."""
        delivery_id = links.read_open(token)
        if delivery_id is not None:
            record_engagement(delivery_id, Kind.OPENED, machine=is_machine(request))
        return HttpResponse(PIXEL, content_type="image/gif")


@method_decorator(never_cache, name="dispatch")
class ClickView(View):
    """A link."""

    def get(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """On to where the message's link led; a forged one leads nowhere."""
        named = links.read_click(token)
        if named is None:
            raise Http404("This link is not one of ours.")
        delivery_id, target = named
        record_engagement(delivery_id, Kind.CLICKED, machine=is_machine(request), target=target)
        response = HttpResponse(status=302, headers={"Location": target})
        response["Referrer-Policy"] = "no-referrer"
        return response

    def head(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """A look ahead: where it leads, and nothing is recorded."""
        named = links.read_click(token)
        if named is None:
            raise Http404("This link is not one of ours.")
        return HttpResponse(status=302, headers={"Location": named[1]})
