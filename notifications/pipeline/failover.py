"""Which provider of a channel takes the next attempt."""

from __future__ import annotations

from notifications.channels.base import Channel
from notifications.models import Delivery
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider


def choose(channel: Channel, delivery: Delivery) -> Provider:
    """The first provider for the first attempt, the next one after each attempt that failed, and round again."""
    tried = max(delivery.attempts - 1, 0)
    return get_provider(channel.providers[tried % len(channel.providers)])
