"""What Django Q and Django Channels are told in the settings, read without importing either."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from notifications import conf
from notifications.channels.registry import get_channel
from notifications.exceptions import known
from notifications.providers.registry import get_provider

RETRY_DEFAULT = 60
IN_MEMORY = "channels.layers.InMemoryChannelLayer"


def check_queue() -> list[CheckMessage]:
    """E040 to E042."""
    found: list[CheckMessage] = []
    clusters = _clusters()
    needed = conf.get().DRAIN_SECONDS + _longest_request()
    for lane, name in conf.get().LANES.items():
        if name not in clusters:
            text = f"NOTIFICATIONS['LANES']['{lane}'] is '{name}', which is no cluster of Q_CLUSTER."
            found.append(Error(text, hint=known(clusters), id="notify.E040"))
    for name in sorted(set(conf.get().LANES.values()) & set(clusters)):
        timeout, retry = clusters[name].get("timeout"), clusters[name].get("retry", RETRY_DEFAULT)
        if not timeout or timeout >= retry:
            found.append(
                Error(
                    f"Q_CLUSTER: cluster '{name}' has timeout {timeout} and retry {retry}: "
                    "a task that is still at work is handed out again.",
                    hint="Set timeout, in seconds, and retry to more than that.",
                    id="notify.E041",
                )
            )
        if timeout and timeout <= needed:
            found.append(
                Error(
                    f"Q_CLUSTER: cluster '{name}' has timeout {timeout}: workers are killed at work.",
                    hint=f"Set it to more than {needed:g}: DRAIN_SECONDS and the longest time-out of a provider.",
                    id="notify.E042",
                )
            )
    return found


def check_channel_layer() -> list[CheckMessage]:
    """W040 and W041."""
    layers = getattr(settings, "CHANNEL_LAYERS", None) or {}
    hint = (
        "Valid for several processes: notifications.realtime.sqlite_layer.SQLiteChannelLayer on one machine, "
        "channels_redis.pubsub.RedisPubSubChannelLayer on many."
    )
    if "default" not in layers:
        text = 'CHANNEL_LAYERS has no "default": nothing is pushed to open pages.'
        return [Warning(text, hint=hint, id="notify.W040")]
    if layers["default"].get("BACKEND") == IN_MEMORY:
        text = "The in-memory channel layer reaches pages of its own process only, and workers have none."
        return [Warning(text, hint=hint, id="notify.W041")]
    return []


def _clusters() -> dict[str, dict[str, Any]]:
    """Cluster name → its settings, as Django Q lays them over each other."""
    base = dict(getattr(settings, "Q_CLUSTER", {}))
    others = base.pop("ALT_CLUSTERS", None) or {}
    name = base.get("name", "default")
    return {base.get("cluster_name", name): base, **{other: {**base, **entry} for other, entry in others.items()}}


def _longest_request() -> float:
    aliases = {alias for name in conf.get().CHANNELS for alias in get_channel(name).providers}
    return max((get_provider(alias).timeout_seconds for alias in aliases), default=0)
