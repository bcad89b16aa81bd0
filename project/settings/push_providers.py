"""The push providers that the environment names. Each serves devices of its own kind."""

from typing import Any

from project.settings import environment
from project.settings.providers import Entries, entry


def push_providers() -> Entries:
    """Alias → entry of `PROVIDERS`: those of Firebase Cloud Messaging and Web Push that are named."""
    found: Entries = {}
    credentials_file, project_id = environment.text("FCM_CREDENTIALS_FILE"), environment.text("FCM_PROJECT_ID")
    if credentials_file or project_id:
        # Without a file Google's libraries find the key: GOOGLE_APPLICATION_CREDENTIALS, or the role of the host.
        options: dict[str, Any] = {"credentials_file": credentials_file, "project_id": project_id}
        found["fcm"] = entry("fcm.FcmProvider", options)
    if private_key := environment.text("VAPID_PRIVATE_KEY"):
        options = {"vapid_private_key": private_key, "vapid_subject": environment.text("VAPID_SUBJECT")}
        found["webpush"] = entry("webpush.WebPushProvider", options)
    return found
