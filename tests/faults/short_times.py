"""`NOTIFICATIONS` for fault tests: the loopback providers, one channel each, and times that fit into a test."""

from __future__ import annotations

from typing import Any

MODES = ("receipts", "look_up", "neither")
SMS = "notifications.channels.sms.SmsChannel"
LOOPBACK = "tests.faults.loopback.LoopbackProvider"

SHORT_TIMES: dict[str, Any] = {
    "BATCH_SIZE": 50,
    "CONCURRENCY": 16,
    "LEASE_SECONDS": 8,
    "DRAIN_SECONDS": 3,
    "LINGER_SECONDS": 0.5,
    "BACKOFF_BASE_SECONDS": 0.3,
    "BACKOFF_MAX_SECONDS": 1,
}


def notifications(server_url: str, *, options: dict[str, Any] | None = None, **overrides: Any) -> dict[str, Any]:
    """The setting. `options` go to each provider. Channels and providers are called after the modes.

    `reconcile_seconds` is longer than DRAIN_SECONDS: within it each worker has asked for receipts.
    """
    options = {"url": server_url, "timeout_seconds": 3, "reconcile_seconds": 5, **(options or {})}
    return {
        "CHANNELS": {
            **{each: {"BACKEND": SMS, "PROVIDERS": [each]} for each in MODES},
            "in_app": {"BACKEND": "notifications.channels.in_app.InAppChannel"},
        },
        "PROVIDERS": {each: {"BACKEND": LOOPBACK, "OPTIONS": {**options, "mode": each}} for each in MODES},
        **SHORT_TIMES,
        **overrides,
    }
