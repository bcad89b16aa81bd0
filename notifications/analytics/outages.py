"""When a channel had no provider to send by, from the history of its providers; and what waits meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notifications import clock, conf
from notifications.models import Breaker, Control, Delivery, ProviderChange, ProviderHealth, Status
from notifications.pipeline import breaker
from notifications.types import Priority

WAITING_CAP = 1000
ERROR_MAX_LENGTH = 300
OFF = (Control.DRAINING, Control.DISABLED)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A time in which no provider of a channel was usable; `until` is None while it goes on."""

    channel: str
    since: datetime
    until: datetime | None = None

    @property
    def key(self) -> str:
        """The same in every process that sees it."""
        return f"{self.channel}:{self.since.isoformat()}"


def providers_of(channel: str) -> Sequence[str]:
    """The aliases, in order of preference; none for a channel that is not configured, or needs no provider."""
    found: Sequence[str] = conf.get().CHANNELS.get(channel, {}).get("PROVIDERS", ())
    return found


def last_outage(channel: str) -> Outage | None:
    """The latest outage of a channel: it goes on, or has ended; None: there was never one.

    It is found in the stored changes alone, which are never altered, so that all processes that look find the same
    beginning. While a breaker is probed it stays open: an outage ends when a provider is in use again, or pinned.
    """
    aliases = providers_of(channel)
    breakers = dict.fromkeys(aliases, Breaker.CLOSED)
    controls = dict.fromkeys(aliases, Control.AUTOMATIC)
    changes = ProviderChange.objects.filter(alias__in=aliases).exclude(to=Breaker.HALF_OPEN).order_by("at", "id")
    found: Outage | None = None
    for alias, to, at in changes.values_list("alias", "to", "at"):
        if to in Breaker.values:
            breakers[alias] = Breaker(to)
        else:
            controls[alias] = Control.AUTOMATIC if to == "automatic" else Control(to)
        is_up = any(_usable(breakers[each], controls[each]) for each in aliases)
        goes_on = found is not None and found.until is None
        if not is_up and not goes_on:
            found = Outage(channel=channel, since=at)
        elif is_up and found is not None and goes_on:
            found = replace(found, until=at)
    return found


def _usable(state: Breaker, control: Control) -> bool:
    return control == Control.PINNED or (control not in OFF and state == Breaker.CLOSED)


def causes(channel: str) -> list[dict[str, str]]:
    """Why each provider of a channel takes nothing: {"alias", "state", "by", "reason", "error"}.

    `state` is a value of `Breaker` or `Control`, which texts name in their own language; `by`: who decided it.
    """
    rows = ProviderHealth.objects.in_bulk(list(providers_of(channel)))
    return [_cause(rows.get(alias) or ProviderHealth(alias=alias)) for alias in providers_of(channel)]


def _cause(health: ProviderHealth) -> dict[str, str]:
    changes = ProviderChange.objects.filter(alias=health.alias).order_by("-at", "-id")
    opened = changes.filter(to=Breaker.OPEN).first() if health.breaker != Breaker.CLOSED else None
    state, by, reason = str(health.breaker), "", opened.reason if opened else ""
    if health.control in OFF:
        said = changes.filter(to=health.control).first()
        state, by, reason = str(health.control), said.by if said else "", health.control_reason
    evidence: dict[str, Any] = opened.evidence if opened else {}
    error = str(evidence.get("last_error", ""))[:ERROR_MAX_LENGTH]
    return {"alias": health.alias, "state": state, "by": by, "reason": reason, "error": error}


def waiting(channel: str) -> int:
    """How many deliveries of a channel wait whose time has come, at most WAITING_CAP."""
    now = clock.now()
    held = Delivery.objects.filter(
        priority__in=Priority.values,  # with the due time, a range of the queue's index for each
        due_at__lte=now + breaker.MAX_COOL_DOWN,
        channel=channel,
        status=Status.PENDING,
        notification__send_at__lte=now,
    )
    return held[:WAITING_CAP].count()
