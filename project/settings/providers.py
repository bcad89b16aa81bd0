"""How the providers that the environment names are put into `NOTIFICATIONS`."""

from collections.abc import Mapping
from typing import Any

Entries = dict[str, dict[str, Any]]
"""alias → entry of `PROVIDERS`, in order of preference"""


def entry(path: str, options: dict[str, Any]) -> dict[str, Any]:
    """An entry of `PROVIDERS`; `path` is that of a class in `notifications.providers`."""
    return {"BACKEND": f"notifications.providers.{path}", "OPTIONS": options}


def served(notifications: dict[str, Any], found: Mapping[str, Entries]) -> dict[str, Any]:
    """`NOTIFICATIONS` with the providers found for each channel; a channel with none stays as it is."""
    providers, channels = dict(notifications["PROVIDERS"]), dict(notifications["CHANNELS"])
    for channel, entries in found.items():
        if entries:
            providers |= entries
            channels[channel] = {**channels[channel], "PROVIDERS": list(entries)}
    return {**notifications, "PROVIDERS": providers, "CHANNELS": channels}
