"""Alerts of texts: operators are told once of each text that fails, however many messages it takes with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable
from hashlib import sha256
from math import inf
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from notifications import clock
from notifications.analytics.alerts import ChannelAlert, operators
from notifications.exceptions import TemplateError
from notifications.models import Delivery, Event, Kind, Reason
from notifications.services import notify
from notifications.signals import delivery_settled
from notifications.templating import files
from notifications.types import NotificationType, Priority, get_type, register
from notifications.variables import Variable

logger = logging.getLogger(__name__)

TOLD_SECONDS, TOLD_MAX = 60, 1000
_told: dict[Hashable, float] = {}


class TemplateFailed(NotificationType):
    """Tells operators that a text could not be made for somebody: that message waits for a retry by hand."""

    key = "notify.template_failed"
    category = "operations"
    channels = tuple(each for each in ChannelAlert.channels if each != "sms") or ChannelAlert.channels
    priority = Priority.HIGH
    mandatory = True
    example = {
        "type": "clinic.appointment_moved",
        "channel": "email",
        "template": "clinic.appointment_moved/hi/email.html of version 4",
        "line": 7,
        "error": "There is no value ward",
        "delivery": "01890a5d-ac96-774b-bcce-b302099a8057",
    }
    variables = {
        "type": Variable(example="clinic.appointment_moved", about="the key of the type"),
        "channel": Variable(example="email", about="the channel of the message that failed"),
        "template": Variable(
            example="clinic.appointment_moved/hi/email.html of version 4", about="which text it is; may be empty"
        ),
        "line": Variable(example=7, about="its line; 0: nobody knows"),
        "error": Variable(example="There is no value ward", about="what went wrong", required=True),
        "delivery": Variable(example="01890a5d-ac96-774b-bcce-b302099a8057", about="the first message that it failed"),
    }

    type: str
    channel: str
    template: str
    line: int
    error: str
    delivery: str

    def recipients(self) -> QuerySet[Any]:
        return operators()

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        return self.payload()

    def link(self, recipient: AbstractBaseUser) -> str:
        try:
            return reverse("admin:notify_delivery_change", args=[self.delivery])
        except NoReverseMatch:  # a project without the admin
            return ""


def connect() -> None:
    """Declare the type and listen. Autodiscovery skips our own package, so `NotifyConfig.ready` calls it."""
    if TemplateFailed.channels:
        register(TemplateFailed)
        delivery_settled.connect(_look, dispatch_uid="notifications.template_alerts")


def _look(*, delivery_id: UUID, reason: str, **kwargs: Any) -> None:
    if reason != Reason.TEMPLATE_ERROR:
        return
    try:
        _tell(Delivery.objects.select_related("notification").get(pk=delivery_id))
    except Exception:  # whoever settled it, a worker in mid-round perhaps, has to go on
        logger.exception("Operators could not be told of the text that failed delivery %s", delivery_id)


def _tell(delivery: Delivery) -> None:
    type_key = delivery.notification.type
    if _is_told((type_key, delivery.channel, delivery.version_id, delivery.detail)):
        return
    if type_key == TemplateFailed.key or _is_test(type_key):  # its own text fails: telling of that would fail again
        return
    failed = Event.objects.filter(notification_id=delivery.notification_id, delivery_id=delivery.pk, kind=Kind.FAILED)
    found = failed.order_by("-at", "-id").first()
    told = found.data if found else {}
    template, line = str(told.get("template") or ""), int(told.get("line") or 0)
    error = delivery.detail if template else _without_data(delivery.detail)
    notify(
        TemplateFailed(
            type=type_key,
            channel=delivery.channel,
            template=template,
            line=line,
            error=error[:500],
            delivery=str(delivery.pk),
        ),
        key=_key(type_key, delivery, template, line, error),
    )


def _is_told(failure: Hashable) -> bool:
    """Whether this process has told of it just now: a text that fails for ten thousand is looked at once a minute."""
    now = time.monotonic()
    if now - _told.get(failure, -inf) < TOLD_SECONDS:
        return True
    if len(_told) >= TOLD_MAX:
        _told.clear()
    _told[failure] = now
    return False


def _without_data(detail: str) -> str:
    """What an error of the type's own code was, without its message: that may name a person, and alerts go by email."""
    kept = 3 if detail.startswith(f"{TemplateError.__name__}: ") else 1  # TemplateError: x.context() failed: KeyError
    return ": ".join(detail.split(": ")[:kept])


def _is_test(type_key: str) -> bool:
    """Whether it was sent to who writes it, to see whether it fails."""
    return get_type(type_key).worded_by is not NotificationType.worded_by


def _key(type_key: str, delivery: Delivery, template: str, line: int, error: str) -> str:
    """The same for all failures of one text at one line in a week; another for another version or other files.

    Where no template is named, the type's own code has failed, and its error tells one failure from another.
    """
    state = str((delivery.version_id or files.source(template) or "") if template else error)
    week = f"{clock.now():%G-%V}"  # what is mended and fails again in a year is news
    told = "\n".join((type_key, delivery.channel, template, str(line), state, week))
    return f"template:{sha256(told.encode()).hexdigest()}"
