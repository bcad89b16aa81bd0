"""States and results as people read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from notifications.models import Delivery, Status
from notifications.services import Cancellation, Replay

TONES = {
    Status.SENT: "good",
    Status.DELIVERED: "good",
    Status.STANDBY: "waiting",
    Status.PENDING: "waiting",
    Status.UNKNOWN: "doubtful",
    Status.FAILED: "bad",
    Status.BOUNCED: "bad",
    Status.EXPIRED: "bad",
    Status.SKIPPED: "quiet",
    Status.CANCELLED: "quiet",
}


def badge(text: str, tone: str, title: str = "") -> SafeString:
    """A small coloured label; the colour says nothing that the text does not."""
    return format_html('<span class="notify-badge notify-{}" title="{}">{}</span>', tone, title, text)


def status_badge(delivery: Delivery, *, with_channel: bool = False) -> SafeString:
    """The state of a delivery; its reason is the tooltip."""
    status = Status(delivery.status)
    label = gettext(str(status.label))
    text = f"{delivery.channel} {label}" if with_channel else label
    return badge(text, TONES[status], gettext(delivery.get_reason_display()))


def status_badges(deliveries: Iterable[Delivery]) -> SafeString:
    """The states of all deliveries of a notification."""
    badges = [(status_badge(each, with_channel=True),) for each in deliveries]
    return format_html_join(" ", "{}", badges)


def breakable(name: str) -> SafeString:
    """A dotted name that may be broken where its words end."""
    parts = re.split(r"(?<=[._])", name)
    return format_html_join(mark_safe("<wbr>"), "{}", ((each,) for each in parts))


def pretty(value: Any) -> SafeString:
    """JSON, indented."""
    return format_html(
        '<pre class="notify-json">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False, default=str)
    )


def link_to(instance: Any) -> str | SafeString:
    """The name of an object, linked to its page in the admin if it has one."""
    if instance is None:
        return "–"
    meta = instance._meta
    try:
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[instance.pk])
    except NoReverseMatch:
        return str(instance)
    return format_html('<a href="{}">{}</a>', address, instance)


def of_replay(replay: Replay, *, asking: bool = False) -> str:
    """What `replay` did; or, `asking`, what it would do."""
    number = replay.replayed
    if asking:
        said = ngettext("%(number)s delivery will be sent again.", "%(number)s deliveries will be sent again.", number)
    else:
        said = ngettext(
            "%(number)s delivery put back, to be sent again.",
            "%(number)s deliveries put back, to be sent again.",
            number,
        )
    said %= {"number": f"{number:,}"}
    if replay.refused:
        reasons = (
            ngettext("%(number)s, as it %(reason)s", "%(number)s, as each %(reason)s", number)
            % {"number": number, "reason": reason}
            for reason, number in sorted(replay.refused.items())
        )
        said += " " + gettext("Left alone: %(reasons)s.") % {"reasons": "; ".join(reasons)}
    return said


def of_cancellation(cancellation: Cancellation) -> str:
    """What `cancel` did."""
    said = []
    if number := cancellation.cancelled:
        text = ngettext("%(number)s delivery cancelled.", "%(number)s deliveries cancelled.", number)
        said.append(text % {"number": f"{number:,}"})
    if number := cancellation.in_flight:
        text = ngettext(
            "%(number)s delivery in flight: may still arrive, and is not sent again.",
            "%(number)s deliveries in flight: may still arrive, and is not sent again.",
            number,
        )
        said.append(text % {"number": f"{number:,}"})
    if number := cancellation.already_sent:
        text = ngettext("%(number)s delivery already sent.", "%(number)s deliveries already sent.", number)
        said.append(text % {"number": f"{number:,}"})
    return " ".join(said) or gettext("Nothing was left to cancel.")
