"""Retry and cancel, each after a page that says what will happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from notifications import services
from notifications.admin import words
from notifications.models import Delivery, Notification

LIMIT = 1000
"""notifications or deliveries of one action"""
SHOWN = 100
"""deliveries listed on the page that asks"""


class SendingPermission:
    """Who may retry and cancel."""

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Asked by the actions below."""
        return bool(request.user.has_perm("notify.send_notification"))


@admin.action(description=_("Retry what failed"), permissions=["send"])
def retry(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Send failed deliveries again: of the chosen notifications, or the chosen deliveries."""
    ids = _chosen(model_admin, request, queryset)
    if not ids:
        return None
    deliveries = _deliveries(queryset.model, ids)
    delivery_ids = [each.pk for each in deliveries]
    if "confirmed" in request.POST:
        replay = services.replay(delivery_ids, by=request.user)
        level = messages.SUCCESS if replay.replayed else messages.WARNING
        _tell(model_admin, request, queryset, lambda: words.of_replay(replay), level)
        return _back(request, queryset.model, ids)
    replay = services.replay(delivery_ids, dry_run=True)
    question = {
        "title": gettext("Retry what failed?"),
        "explanation": words.of_replay(replay, asking=True),
        "button": gettext("Send again") if replay.replayed else "",
    }
    return _ask(model_admin, request, "retry", ids, deliveries, question)


@admin.action(description=_("Cancel what is still to be sent"), permissions=["send"])
def cancel(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Cancel the chosen notifications."""
    ids = _chosen(model_admin, request, queryset)
    if not ids:
        return None
    if "confirmed" in request.POST:
        cancellation = services.cancel(ids=ids, by=request.user)
        level = messages.SUCCESS if cancellation.cancelled else messages.WARNING
        _tell(model_admin, request, queryset, lambda: words.of_cancellation(cancellation), level)
        return _back(request, queryset.model, ids)
    question = {
        "title": gettext("Cancel what is still to be sent?"),
        "explanation": gettext(
            "What no worker has begun to send is cancelled. "
            "What is in flight may still arrive, and is not sent again. What was sent stays sent."
        ),
        "button": gettext("Cancel the sending"),
    }
    return _ask(model_admin, request, "cancel", ids, _deliveries(queryset.model, ids), question)


def _chosen(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> list[UUID]:
    ids = list(queryset.values_list("pk", flat=True)[: LIMIT + 1])
    if len(ids) > LIMIT:
        said = gettext("At most %(number)s at a time. Nothing was changed. Choose fewer, by filters or dates.")
        text = said % {"number": f"{LIMIT:,}"}
        model_admin.message_user(request, text, messages.ERROR)
        return []
    return ids


def _deliveries(model: type[Any], ids: Sequence[UUID]) -> list[Delivery]:
    chosen = {"notification__in": ids} if model is Notification else {"pk__in": ids}
    rows = Delivery.objects.filter(**chosen).select_related("notification__recipient")
    return list(rows.order_by("-notification_id", "step", "pk"))


def _tell(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], said: Callable[[], str], level: int) -> None:
    """Say what was done, and keep in English who did it."""
    model_admin.message_user(request, said(), level)
    who: Any = request.user
    with override("en"):
        text = said()
    LogEntry.objects.log_actions(who.pk, queryset, CHANGE, text)


def _ask(
    model_admin: Any,
    request: HttpRequest,
    action: str,
    ids: Sequence[UUID],
    deliveries: Sequence[Delivery],
    question: dict[str, str],
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        **question,
        "opts": model_admin.opts,
        "media": model_admin.media,
        "action": action,
        "ids": ids,
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "deliveries": deliveries[:SHOWN],
        "further": max(0, len(deliveries) - SHOWN),
        "from_page": "from_page" in request.POST,
    }
    return TemplateResponse(request, "admin/notify/confirm_action.html", context)


def _back(request: HttpRequest, model: type[Any], ids: Sequence[UUID]) -> HttpResponse | None:
    """To the page of the one row where the action was asked for; None: to the list."""
    if "from_page" not in request.POST or len(ids) != 1:
        return None
    return HttpResponseRedirect(reverse(f"admin:notify_{model._meta.model_name}_change", args=[ids[0]]))
