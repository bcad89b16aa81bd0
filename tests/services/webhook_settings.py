"""The tests' settings, with a SendGrid whose posts can be verified."""

from project.settings import environment
from project.settings.test import *  # noqa: F403 - as the project's own settings do
from project.settings.test import NOTIFICATIONS

NOTIFICATIONS = {
    **NOTIFICATIONS,
    "PROVIDERS": {
        **NOTIFICATIONS["PROVIDERS"],
        "sendgrid": {
            "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
            "OPTIONS": {"api_key": "key", "webhook_public_key": environment.text("WEBHOOK_PUBLIC_KEY")},
        },
    },
}
