"""A push message in FCM's words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from notifications.devices import TOPIC, Device
from notifications.messages import PushMessage
from notifications.providers.push import PAYLOAD_MAX_BYTES, is_urgent

if TYPE_CHECKING:
    from notifications.providers.fcm import FcmProvider

APNS_COLLAPSE_ID_MAX_BYTES = 64
TOPIC_PAYLOAD_MAX_BYTES = 2048
"""https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode"""
RESERVED = ("from", "message_type", "collapse_key")
RESERVED_STARTS = ("google.", "gcm.")


def build(message: PushMessage, device: Device, provider: FcmProvider) -> Any:
    """The SDK's message. Raises `ValueError`, for what FCM would refuse; it tells no content.

    What is shown replaces what came before under the same collapse key, or else an earlier copy of this very message.
    """
    from firebase_admin import messaging

    ttl = provider.ttl_of(message)
    tag = message.collapse_key or str(message.delivery_id)
    built = messaging.Message(
        notification=messaging.Notification(message.title, message.text, message.image or None),
        data=_data(message),
        android=messaging.AndroidConfig(
            collapse_key=message.collapse_key or None,
            priority="high" if is_urgent(message) else "normal",
            ttl=timedelta(seconds=ttl),
            notification=messaging.AndroidNotification(
                tag=tag,
                channel_id=provider.android_channel_id or None,
                click_action=provider.android_click_action or None,
                sound=provider.sound or None,
                notification_count=message.badge or None,
            ),
        ),
        apns=messaging.APNSConfig(
            headers=_apns_headers(message, ttl, tag, provider.apns_topic),
            payload=messaging.APNSPayload(
                messaging.Aps(
                    badge=message.badge,
                    sound=provider.sound or None,
                    thread_id=message.type or None,
                    mutable_content=bool(message.image),  # an extension of the app fetches the picture
                )
            ),
            fcm_options=messaging.APNSFCMOptions(image=message.image) if message.image else None,
        ),
        webpush=_webpush(message.link),
    )
    # The attribute: as an argument, `token` warns that it will be replaced by `fid`, which is accepted in it by now.
    setattr(built, "topic" if device.kind == TOPIC else "token", device.id)
    _check_size(json.loads(str(built)), TOPIC_PAYLOAD_MAX_BYTES if device.kind == TOPIC else PAYLOAD_MAX_BYTES)
    return built


def _data(message: PushMessage) -> dict[str, str]:
    own = {"delivery_id": str(message.delivery_id), **({"link": message.link} if message.link else {})}
    data = {**message.data, **own}
    for name in data:
        if name in RESERVED or name.startswith(RESERVED_STARTS):
            raise ValueError(f"data[{name!r}] is reserved, as are {', '.join(RESERVED)}, google.* and gcm.*.")
    return data


def _apns_headers(message: PushMessage, ttl: int, tag: str, topic: str) -> dict[str, str]:
    expires = int(datetime.now(UTC).timestamp()) + ttl if ttl else 0
    if len(tag.encode()) > APNS_COLLAPSE_ID_MAX_BYTES:
        tag = sha256(tag.encode()).hexdigest()
    headers = {
        "apns-priority": "10" if is_urgent(message) else "5",
        "apns-expiration": str(expires),
        "apns-collapse-id": tag,
    }
    return {**headers, "apns-topic": topic} if topic else headers


def _webpush(link: str) -> Any:
    from firebase_admin import messaging

    if not link.startswith("https://"):
        return None
    return messaging.WebpushConfig(fcm_options=messaging.WebpushFCMOptions(link=link))


def _check_size(built: dict[str, Any], most: int) -> None:
    """What FCM counts is what is shown, and the data."""
    counted = {name: built.get(name, {}) for name in ("notification", "data")}
    size = len(json.dumps(counted, ensure_ascii=False, separators=(",", ":")).encode())
    if size > most:
        raise ValueError(f"its payload has {size} bytes; at most {most} are allowed.")
