"""`manage.py vapid_keys`: a key pair for Web Push."""

from __future__ import annotations

from typing import Any

from notifications.management.command import NotifyCommand, Result, refused


class Command(NotifyCommand):
    """Make a VAPID key pair. Nothing is stored."""

    help = (
        "Make a VAPID key pair for Web Push: the private key is for WebPushProvider, and secret; the public one is for "
        "browsers. Those that subscribed under an earlier key must subscribe again."
    )
    requires_system_checks = []  # the settings may lack the very key

    def run(self, **options: Any) -> Result:
        """Make it."""
        try:
            from notifications.providers.transport import vapid
        except ImportError as error:
            raise refused("cryptography cannot be imported. Install notifications[webpush].") from error
        key = vapid.generate()
        pair = {"private_key": vapid.private_text(key), "public_key": vapid.public_text(key)}
        text = "\n".join(f"VAPID_{name.upper()}={value}" for name, value in pair.items())
        return Result(data=pair, text=text)
