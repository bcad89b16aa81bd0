"""The tests' settings, with Web Push to a push service on loopback."""

from project.settings import environment
from project.settings.test import *  # noqa: F403 - as the project's own settings do
from project.settings.test import NOTIFICATIONS


def with_web_push(notifications, private_key, host):
    """`NOTIFICATIONS`, by which browsers are reached at that host."""
    options = {
        "vapid_private_key": private_key,
        "vapid_subject": "mailto:push@clinic.example",
        "allowed_hosts": [host],
    }
    web_push = {"BACKEND": "notifications.providers.webpush.WebPushProvider", "OPTIONS": options}
    push = {**notifications["CHANNELS"]["push"], "PROVIDERS": ["webpush", "sandbox"]}
    return {
        **notifications,
        "PROVIDERS": {**notifications["PROVIDERS"], "webpush": web_push},
        "CHANNELS": {**notifications["CHANNELS"], "push": push},
    }


NOTIFICATIONS = with_web_push(NOTIFICATIONS, environment.text("VAPID_PRIVATE_KEY"), environment.text("PUSH_HOST"))
