"""FCM and a push service for browsers on loopback, as the providers of push."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.test import override_settings

from notifications.providers.registry import get_provider
from notifications.providers.transport import vapid
from tests.contract.fcm_server import FcmServer
from tests.contract.webpush_server import SUBJECT, WebPushServer


@dataclass(frozen=True)
class PushServices:
    """Both servers."""

    fcm: FcmServer
    webpush: WebPushServer

    def texts(self) -> dict[str, list[str]]:
        """Where the devices are → the titles that they were sent."""
        return {
            "fcm": sorted(each["notification"]["title"] for each in self.fcm.messages),
            "webpush": sorted(each.content["title"] for each in self.webpush.pushes),
        }


@contextmanager
def push_services(**push: Any) -> Iterator[PushServices]:
    """Both, configured; `push` are more of the channel's settings."""
    key = vapid.generate()
    services = PushServices(FcmServer(), WebPushServer(vapid.public_text(key)))
    fcm = {"credentials": services.fcm.account, "api_url": services.fcm.url, "timeout_seconds": 5}
    webpush = {
        "vapid_private_key": vapid.private_text(key),
        "vapid_subject": SUBJECT,
        "allowed_hosts": (f"127.0.0.1:{services.webpush.port}",),
        "timeout_seconds": 5,
    }
    given = settings.NOTIFICATIONS
    changed = {
        **given,
        "PROVIDERS": {
            **given["PROVIDERS"],
            "fcm": {"BACKEND": "notifications.providers.fcm.FcmProvider", "OPTIONS": fcm},
            "webpush": {"BACKEND": "notifications.providers.webpush.WebPushProvider", "OPTIONS": webpush},
        },
        "CHANNELS": {
            **given["CHANNELS"],
            "push": {**given["CHANNELS"]["push"], "PROVIDERS": ["fcm", "webpush"], **push},
        },
    }
    try:
        with override_settings(NOTIFICATIONS=changed):
            yield services
            for alias in ("fcm", "webpush"):
                get_provider(alias).close()  # type: ignore[attr-defined]
    finally:
        services.fcm.close()
        services.webpush.close()
