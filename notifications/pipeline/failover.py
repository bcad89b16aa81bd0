"""Which provider of a channel takes the next message: in order, by health, and as an operator says."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from notifications import conf
from notifications.channels.base import Channel
from notifications.exceptions import ConfigurationError, ControlError
from notifications.messages import Message
from notifications.models.provider_health import Breaker, Control, ProviderHealth
from notifications.pipeline import breaker
from notifications.pipeline.health import Answered, forget, known, record, states, take_probe, tell
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider

__all__ = [
    "Answered",
    "Held",
    "choices",
    "choose",
    "control",
    "forget",
    "is_known_to_be_out",
    "not_carried",
    "out_of_use",
    "probed",
    "record",
    "shares",
    "takers",
]

HOLD = timedelta(seconds=30)
"""how long a delivery waits when an operator has taken all providers out"""
PROBING = timedelta(seconds=5)
"""how long it waits while others probe"""


@dataclass(frozen=True, slots=True)
class Held:
    """No provider of the channel may be used; `until` then."""

    until: datetime
    detail: str


def takers(channel: Channel, message: Message) -> list[str]:
    """The channel's providers that can carry this message, in order of preference."""
    return [alias for alias in channel.providers if _can_carry(alias, message)]


def not_carried(channel: Channel) -> str:
    """Why a message ends that none of the channel's providers can carry."""
    return f"No provider of {channel.name} can carry it to this address; asked: {', '.join(channel.providers)}."


def _can_carry(alias: str, message: Message) -> bool:
    try:
        return get_provider(alias).takes(message)
    except ConfigurationError:  # told when it is chosen: until then it must not harm the others
        return True


def choose(
    channel: Channel, now: datetime, *, among: Collection[str] | None = None, after: str = ""
) -> Provider | Held:
    """The provider for the next attempt: one of those `among`, by default of all that the channel has.

    `after` is the one that has just failed with the message, and comes last. May take a probe of a half-open breaker,
    so call it once for each message that is about to be sent.
    """
    seen = states()
    candidates = [alias for alias in channel.providers if among is None or alias in among]
    order = sorted(candidates, key=lambda alias: alias == after)
    pinned = [alias for alias in order if alias in seen and seen[alias].control == Control.PINNED]
    for alias in pinned or order:
        if _takes(alias, seen.get(alias), now):
            return get_provider(alias)
    usable = [alias for alias in order if not _is_off(seen.get(alias))]
    for alias in usable:  # one that is only being spared takes it rather than nobody
        state = seen.get(alias)
        if state is None or state.breaker == Breaker.CLOSED:
            return get_provider(alias)
    until = min((_back_at(state, now) for alias in usable if (state := seen.get(alias))), default=now + HOLD)
    says = ", ".join(f"{alias}: {_describe(seen.get(alias))}" for alias in candidates)
    return Held(until, f"No provider of {channel.name} is in use ({says}).")


def choices(among: Sequence[str], tried: str) -> int:
    """How many providers a message has that was just tried at one: that one, and the others among them in use."""
    seen = states()
    if any(seen[each].control == Control.PINNED for each in among if each in seen):
        return 1
    others = [seen.get(alias) for alias in among if alias != tried]
    return 1 + sum(each is None or (each.breaker == Breaker.CLOSED and not _is_off(each)) for each in others)


def out_of_use() -> set[str]:
    """The providers that take nothing now, not even a probe."""
    return {
        alias
        for alias, state in states().items()
        if _is_off(state) or (state.breaker == Breaker.OPEN and state.control != Control.PINNED)
    }


def probed() -> set[str]:
    """The providers whose breaker is not closed: what goes there now is to show whether they work."""
    return {
        alias
        for alias, state in states().items()
        if state.breaker != Breaker.CLOSED and state.control != Control.PINNED
    }


def is_known_to_be_out(alias: str, now: datetime) -> bool:
    """Whether it takes nothing, as far as this process has heard: no query, so for threads without a database."""
    state = known().get(alias)
    if state is None or state.control == Control.PINNED:
        return False
    return _is_off(state) or (state.breaker == Breaker.OPEN and state.retry_at is not None and state.retry_at > now)


def shares(channel: Channel, now: datetime) -> dict[str, float]:
    """alias → the part of the channel's new messages, 0 to 1, that it takes now; probes are not counted."""
    seen = states()
    found = dict.fromkeys(channel.providers, 0.0)
    if pinned := next((each for each in found if each in seen and seen[each].control == Control.PINNED), ""):
        return found | {pinned: 1.0}
    closed = [
        each
        for each in found
        if not _is_off(state := seen.get(each)) and (state is None or state.breaker == Breaker.CLOSED)
    ]
    left = 1.0
    for alias in closed:
        state = seen.get(alias)
        found[alias] = left * breaker.share(state.closed_at if state else None, now)
        left -= found[alias]
    if closed:
        found[closed[0]] += left  # what all of them were to be spared
    return found


def control(alias: str, to: Control, *, reason: str, by: str) -> None:
    """Pin, drain, disable, or hand back to the breaker.

    Raises `ConfigurationError` for an unknown alias, `ControlError` without a reason, or for a second pin in a channel.
    """
    get_provider(alias)
    reason = reason.strip()
    if not reason:
        raise ControlError(f"Provider '{alias}' cannot be controlled without a reason.")
    rivals = _rivals(alias)
    rows = ProviderHealth.objects
    rows.ensure([alias, *rivals])
    with transaction.atomic():
        # In one order, so that of two operators who pin at once the second one sees what the first one did.
        locked = list(rows.select_for_update().filter(alias__in=[alias, *rivals]).order_by("alias"))
        pinned = [each.alias for each in locked if each.alias != alias and each.control == Control.PINNED]
        if to == Control.PINNED and pinned:
            raise ControlError(
                f"Provider '{alias}' cannot be pinned: '{pinned[0]}' is, in the channel {rivals[pinned[0]]}. "
                f"Set that one to automatic first."
            )
        rows.filter(alias=alias).update(control=to, control_reason=reason[:200])
        tell(alias, to or "automatic", reason, {}, by=by)


def _rivals(alias: str) -> dict[str, str]:
    """The other providers of its channels → a channel that they share."""
    return {
        other: name
        for name, channel in conf.get().CHANNELS.items()
        if alias in channel.get("PROVIDERS", ())
        for other in channel["PROVIDERS"]
        if other != alias
    }


def _is_off(state: ProviderHealth | None) -> bool:
    return state is not None and state.control in (Control.DISABLED, Control.DRAINING)


def _back_at(state: ProviderHealth, now: datetime) -> datetime:
    if state.breaker == Breaker.OPEN and state.retry_at and state.retry_at > now:
        return state.retry_at
    return now + PROBING


def _describe(state: ProviderHealth | None) -> str:
    if state is None:
        return Breaker.CLOSED.label
    return str(state.get_control_display() if state.control else state.get_breaker_display())


def _takes(alias: str, state: ProviderHealth | None, now: datetime) -> bool:
    if state is None or state.control == Control.PINNED:
        return True
    if _is_off(state):
        return False
    if state.breaker == Breaker.CLOSED:
        return random.random() < breaker.share(state.closed_at, now)  # noqa: S311 - spreads load, guards nothing
    nobody_may = state.breaker == Breaker.OPEN or not state.probes_left
    if nobody_may and state.retry_at is not None and state.retry_at > now:
        return False  # and no query, while it is out of use
    return take_probe(alias, now)
