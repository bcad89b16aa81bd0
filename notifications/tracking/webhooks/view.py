"""The address that providers post to. A post is stored at once and applied by a worker."""

from __future__ import annotations

import logging
from urllib.parse import urljoin

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from notifications import clock, conf
from notifications.tracking.inbox import store, take
from notifications.tracking.webhooks.base import Post, WebhookError
from notifications.tracking.webhooks.registry import get_webhook

logger = logging.getLogger(__name__)

BODY_MAX_BYTES = 4 * 1024 * 1024
"""SendGrid posts batches of about a megabyte, SNS a quarter of that"""


@csrf_exempt
def receive(request: HttpRequest, alias: str) -> HttpResponse:
    """Take what a provider posts. 200 says that it is stored; until then the provider posts it again."""
    webhook = get_webhook(alias)
    if webhook is None:
        raise Http404("There is no webhook here.")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if request.content_type not in webhook.content_types:
        return _refusal(415, f"Unknown content type. Known: {', '.join(webhook.content_types)}.")
    body = request.read(BODY_MAX_BYTES + 1)
    if len(body) > BODY_MAX_BYTES:
        return _refusal(413, f"The body is larger than {BODY_MAX_BYTES:,} bytes.")
    # The provider signs the address that it was given. Behind a proxy the request names another host and scheme.
    url = urljoin(conf.get().BASE_URL, request.get_full_path())
    post = Post(headers=request.headers, url=url, body=body, received_at=clock.now())
    try:
        events = webhook.receive(post)
        inbound = webhook.inbound(post)
    except WebhookError as error:
        logger.warning("Refused a post for %s: %s", alias, error)
        return _refusal(error.status, str(error))
    store(alias, events, post.received_at)
    return webhook.answer(take(alias, inbound, post.received_at, webhook.confirmation))


def _refusal(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")
