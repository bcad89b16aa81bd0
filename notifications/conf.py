"""The one setting, `NOTIFICATIONS`, and its defaults. `checks.py` names every mistake in it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from notifications.exceptions import ConfigurationError, known

DEFAULT_CHANNELS: dict[str, dict[str, Any]] = {
    "email": {"BACKEND": "notifications.channels.email.EmailChannel", "PROVIDERS": ["sandbox"]},
    "sms": {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["sandbox"]},
    "push": {"BACKEND": "notifications.channels.push.PushChannel", "PROVIDERS": ["sandbox"]},
    "in_app": {"BACKEND": "notifications.channels.in_app.InAppChannel"},
}
DEFAULT_PROVIDERS: dict[str, dict[str, Any]] = {
    "sandbox": {"BACKEND": "notifications.providers.sandbox.SandboxProvider"},
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`NOTIFICATIONS`, complete and typed. Times whose names end in _SECONDS are in seconds."""

    CHANNELS: dict[str, dict[str, Any]] = field(default_factory=lambda: DEFAULT_CHANNELS)
    """channel → {"BACKEND": class path, "PROVIDERS": [alias, …] in order of preference, "OPTIONS": {…}}"""
    PROVIDERS: dict[str, dict[str, Any]] = field(default_factory=lambda: DEFAULT_PROVIDERS)
    """alias → {"BACKEND": class path, "OPTIONS": {…}}"""
    LANES: dict[str, str] = field(default_factory=lambda: {name: name for name in ("urgent", "default", "bulk")})
    """lane → the name of the Django Q cluster that works it"""
    BASE_URL: str = "http://localhost:8000"
    """where people reach this site: links in messages start with it"""
    FROM_EMAIL: str = ""
    """sender of emails; DEFAULT_FROM_EMAIL when empty"""
    PAYLOAD_MAX_BYTES: int = 32_768
    BATCH_SIZE: int = 100
    """deliveries claimed at a time"""
    CONCURRENCY: int = 32
    """requests to providers open at once in one process"""
    LEASE_SECONDS: float = 60
    """how long a claimed delivery is left to its worker before it is due again"""
    DRAIN_SECONDS: float = 55
    """how long one task works before it hands over to the next; below Django Q's `timeout`"""
    LINGER_SECONDS: float = 2
    """how long an idle worker stays for more work before it goes"""
    MAX_ATTEMPTS: int = 8
    BACKOFF_BASE_SECONDS: float = 15
    BACKOFF_MAX_SECONDS: float = 3600
    MAX_CRASHES: int = 3
    """a delivery that was claimed that often in a row without any outcome brought its workers down: quarantined"""
    FALLBACK_WAIT_SECONDS: float = 72 * 3600
    """how long a fallback waits for the receipt of a message that was accepted"""
    USER_LANGUAGE_FIELD: str = "language"
    """the user model's field with the person's language; the site's language where it has none"""
    USER_TIME_ZONE_FIELD: str = "time_zone"
    PHONE_REGION: str = ""
    """country whose phone numbers may be written as they are dialled there, such as "US"; empty: only with a +"""
    TEXT_LANGUAGE: str = ""
    """the language of the texts that stand in no language's folder; LANGUAGE_CODE when empty. Those of this app are in
    English: a site in another language whose own are, too, names "en" here"""
    FORMAT_REGION: str = ""
    """country whose way of writing dates, times and numbers texts have in a language that names none, such as "IN":
    English is then written as in India; where CLDR does not know the two together, the language's own way counts"""
    CURRENCY: str = "USD"
    """in which prices and budgets are, by ISO 4217"""
    HEARTBEAT_MAX_AGE_SECONDS: float = 180
    OPERATORS: str = ""
    """the group whose members are alerted; all active superusers when empty"""
    INBOX_STAFF: str = ""
    """the group whose members are told what people write back; all active superusers when empty"""
    POLL_AFTER_SECONDS: float = 600
    """how long a provider may be silent about a text message that it took before it is asked, where it can be"""
    PUSH_TOPICS: dict[str, str] = field(default_factory=dict)
    """group → the FCM topic that its members' phones are subscribed to; see `services.topics`. After a group is taken
    out, run `manage.py push_topics` once if no other is left: then nothing is looked at by itself"""
    TEMPLATES_NEED_REVIEW: bool = False
    """a new version of a template is published by somebody else than who wrote it, after a review"""
    TRIGGER_ERRORS: str = "log"
    """"log": a trigger that raises never harms the save that caused it; "raise": it does (for tests)"""

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.LEASE_SECONDS)


@cache
def get() -> Settings:
    """The settings now in force. Raises `ConfigurationError` for an unknown name."""
    given: dict[str, Any] = getattr(django_settings, "NOTIFICATIONS", {})
    names = {each.name for each in fields(Settings)}
    if unknown := set(given) - names:
        raise ConfigurationError(f"Unknown name in NOTIFICATIONS: {', '.join(sorted(unknown))}. {known(names)}")
    return Settings(**given)


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "NOTIFICATIONS":
        get.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.conf")
