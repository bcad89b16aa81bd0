"""Tests that staff sent to themselves: how each fares, and what the sandbox captured of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from notifications.admin.templates import page, showing
from notifications.admin.templates.text import Text
from notifications.admin.words import status_badge
from notifications.models import Delivery, Notification, SandboxMessage, Status, TemplateVersion
from notifications.services.templates.test_send import KEY

ON_ITS_WAY = (Status.STANDBY, Status.PENDING)


def trial(admin: Any, request: HttpRequest, text: Text) -> HttpResponse:
    """One's own test, and no other person's message."""
    sent = _sent(request, text)
    deliveries = list(Delivery.objects.filter(notification=sent).order_by("id"))
    captured = {
        each.delivery_id: each.content
        for each in SandboxMessage.objects.filter(delivery_id__in=[each.pk for each in deliveries])
    }
    context = {
        **page.context(admin, request, text, gettext("Your test")),
        "sent": sent,
        "version": TemplateVersion.objects.filter(pk=sent.payload["version"]).first(),
        "deliveries": [
            {"row": each, "badge": status_badge(each), "message": _message(captured.get(each.pk), sent, each)}
            for each in deliveries
        ],
        "waiting": any(each.status in ON_ITS_WAY for each in deliveries),
    }
    return TemplateResponse(request, "admin/notify/template/trial.html", context)


def _sent(request: HttpRequest, text: Text) -> Notification:
    try:
        pk = UUID(request.GET.get("notification", ""))
    except ValueError:
        raise Http404("There is no such test.") from None
    sent = Notification.objects.filter(pk=pk, type=KEY.format(text.channel), recipient=request.user.pk).first()
    if sent is None:
        raise Http404("There is no such test of yours.")
    return sent


def _message(content: Any, sent: Notification, delivery: Delivery) -> dict[str, Any] | None:
    if content is None:  # a real provider took it, or nobody has yet; what is in the inbox is ours
        in_app = delivery.channel == "in_app" and sent.title
        return {"title": sent.title, "text": sent.body} if in_app else None
    if "html" in content:
        return showing.email(
            subject=content.get("subject", ""),
            html=content["html"],
            text=content.get("text", ""),
            sender=content.get("from_email", ""),
        )
    return {"title": content.get("title", ""), "text": content.get("text", "")}
