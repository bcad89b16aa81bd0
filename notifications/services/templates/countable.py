"""What an A/B test of a text can count: it depends on the type, the channel and who reports."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from notifications import links
from notifications.channels.registry import get_channel
from notifications.exceptions import ConfigurationError, TemplateStateError, UnknownChannelError
from notifications.models import Experiment
from notifications.providers.registry import get_provider
from notifications.types import NotificationType

Metric = Experiment.Metric
_ANY = UUID(int=0)
_TRACKED = {Metric.OPENED: "track_opens", Metric.CLICKED: "track_clicks"}
"""metric → the option of a channel, and of a provider, that has it reported"""


def countable(type_: type[NotificationType], channel: str) -> Mapping[Metric, str]:
    """Each metric → why it cannot be counted, or "" where it can.

    Opened and clicked: in emails that are tracked by the channel (never those of a sensitive type) or whose provider
    may report it, and in the inbox, where they mean seen and read. Acted: where the type is answered by this channel,
    or by another that it is always sent by.
    """
    return {metric: _why_not(metric, type_, channel) for metric in Metric}


def require_countable(metric: str, type_: type[NotificationType], channel: str) -> None:
    """Raises `TemplateStateError`, which names what can be counted here."""
    reasons = countable(type_, channel)
    if metric not in reasons:
        raise TemplateStateError(f"Unknown metric '{metric}'. Known: {', '.join(Metric.values)}.", code="invalid")
    if why := reasons[Metric(metric)]:
        possible = [each.value for each, reason in reasons.items() if not reason]
        valid = (
            f"Possible here: {', '.join(possible)}." if possible else "Nothing can be counted here, so no test ends."
        )
        raise TemplateStateError(f"'{metric}' cannot be counted: {why} {valid}", code="invalid")


def _why_not(metric: Metric, type_: type[NotificationType], channel: str) -> str:
    if metric == Metric.ACTED:
        return _no_answers(type_, channel)
    if not get_channel(channel).leaves_app:
        return ""
    option = _TRACKED[metric]
    if _by_us(option, type_, channel) or _by_a_provider(option, channel):
        return ""
    if not hasattr(get_channel(channel), option):
        return f"nobody reports it of channel '{channel}'."
    own = "never for a sensitive type" if type_.sensitive else f"the channel's option {option} is off"
    return f"{own}, and no provider of channel '{channel}' reports it."


def _no_answers(type_: type[NotificationType], channel: str) -> str:
    if not type_.answers:
        return f"{type_.key} takes no answers."
    # Not by a fallback: who gets that has not got this text.
    for name in (channel, *type_.channels):
        try:
            if get_channel(name).takes_answers:
                return ""
        except UnknownChannelError:  # the checks say so
            continue
    return f"{type_.key} is not answered by channel '{channel}', nor by another that it is always sent by."


def _by_us(option: str, type_: type[NotificationType], channel: str) -> bool:
    return bool(getattr(get_channel(channel), option, False)) and not type_.sensitive and bool(links.open_url(_ANY))


def _by_a_provider(option: str, channel: str) -> bool:
    """Whether one that posts events to us is not told to leave it out: some track as their account says."""
    if not hasattr(get_channel(channel), option):
        return False
    for alias in get_channel(channel).providers:
        try:
            provider = get_provider(alias)
        except ConfigurationError:  # the checks say so
            continue
        if provider.webhook and getattr(provider, option, None) is not False:
            return True
    return False
