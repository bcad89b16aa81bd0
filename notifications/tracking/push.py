"""What browsers need of this site for push messages: the service worker, and a word when a subscription has changed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from notifications import devices as addresses
from notifications.exceptions import DeviceError
from notifications.services import devices

MAX_BYTES = 16_384


@cache
def _script() -> str:
    return (Path(__file__).parents[1] / "static" / "notifications" / "push-worker.js").read_text()


@require_safe
@never_cache
def worker(request: HttpRequest) -> HttpResponseBase:
    """The service worker. A static file has no say in its scope, and would be cached."""
    site = {
        "key": devices.browser_key(),
        "moved": reverse("notify:push-subscription"),
        "title": gettext("You have a new message"),
        "body": gettext("Sign in to read it."),
        "icon": "",
    }
    response = HttpResponse(f"const SITE = {json.dumps(site)};\n{_script()}", content_type="text/javascript")
    response["Service-Worker-Allowed"] = "/"
    return response


@csrf_exempt
@require_POST
def subscription_changed(request: HttpRequest) -> HttpResponse:
    """POST {"old", "new"}: a browser has another subscription. 204, whether the old one was known or not.

    The service worker posts it, perhaps long after the person's session has ended, so the old subscription is the
    proof: its endpoint and keys are known to that browser, its push service and this site alone.
    """
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return HttpResponse(f"At most {MAX_BYTES} bytes are allowed.", status=413)
    try:
        given: Any = json.loads(body)
        if not isinstance(given, dict) or set(given) != {"old", "new"}:
            raise ValueError('It is {"old": …, "new": …}.')
        devices.move_device(addresses.webpush(given["old"]), addresses.webpush(given["new"]))
    except (DeviceError, ValueError, RecursionError) as error:
        return HttpResponse(f"No change of a subscription: {error}"[:300], status=400, content_type="text/plain")
    return HttpResponse(status=204)
