"""How each provider stands: what its breaker says, what an operator said, and what it takes now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications import clock, conf
from notifications.channels.registry import get_channel
from notifications.models import Breaker, Control, ProviderHealth, ProviderOutcomes
from notifications.pipeline import failover

RECENT = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class ProviderState:
    """A provider now."""

    alias: str
    configured: bool
    shares: Mapping[str, float]
    """channel that it serves → the part of its messages that it takes, 0 to 1"""
    breaker: Breaker
    control: Control
    since: datetime | None
    """when the control was set, or else the breaker changed; None: never"""
    said: str
    """why the breaker changed last; empty: it never did"""
    control_reason: str
    """why the control was set"""
    succeeded: int
    """requests of the last ten minutes"""
    failed: int

    @property
    def reason(self) -> str:
        """Why it is as it is: by an operator's word, or else by its breaker."""
        return self.control_reason if self.control else self.said


def provider_states() -> list[ProviderState]:
    """Each provider that is configured, or was and has a past, by alias. Two queries, or three."""
    now, configured = clock.now(), conf.get().PROVIDERS
    rows: dict[str, ProviderHealth] = {each.alias: each for each in ProviderHealth.objects.with_reasons()}
    aliases = sorted({*configured, *rows})
    recent = ProviderOutcomes.objects.by_alias(aliases, now - RECENT)
    by_channel = {name: failover.shares(get_channel(name), now) for name in sorted(conf.get().CHANNELS)}
    found = []
    for alias in aliases:
        health = rows.get(alias) or ProviderHealth(alias=alias)
        succeeded, failed = recent.get(alias, (0, 0))
        found.append(
            ProviderState(
                alias=alias,
                configured=alias in configured,
                shares={name: shares[alias] for name, shares in by_channel.items() if alias in shares},
                breaker=Breaker(health.breaker),
                control=Control(health.control),
                since=_since(health),
                said=getattr(health, "said", None) or "",
                control_reason=health.control_reason,
                succeeded=succeeded,
                failed=failed,
            )
        )
    return found


def _since(health: ProviderHealth) -> datetime | None:
    if health.control:
        return getattr(health, "controlled_at", None)
    return health.changed_at if health.trips else None
