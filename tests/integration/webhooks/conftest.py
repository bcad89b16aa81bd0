"""Providers whose posts can be verified, and an email that they are about."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from notifications.models import Delivery
from notifications.pipeline import dispatch
from notifications.services import apply_waiting, notify
from tests.app.notifications import Everywhere
from tests.integration.webhooks.sendgrid_posts import Signer
from tests.integration.webhooks.sns_host import TOPIC, SnsHost, sns_host


@pytest.fixture(scope="session")
def sendgrid() -> Signer:
    """SendGrid."""
    return Signer()


@pytest.fixture
def sns() -> Iterator[SnsHost]:
    """Amazon SNS, on loopback."""
    with sns_host() as host:
        yield host


@pytest.fixture(autouse=True)
def providers(sendgrid: Signer, sns: SnsHost) -> Iterator[None]:
    """The providers `sendgrid` and `ses`, and `deaf` that has no key."""
    with configured(webhook_public_key=sendgrid.public_key, sns_url=sns.url):
        yield


def configured(*, webhook_public_key: str, sns_url: str) -> override_settings:
    """These settings, with providers that are told what they need."""
    given: dict[str, Any] = copy.deepcopy(settings.NOTIFICATIONS)
    given["PROVIDERS"] |= {
        "sendgrid": {
            "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
            "OPTIONS": {"api_key": "key", "webhook_public_key": webhook_public_key},
        },
        "deaf": {
            "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
            "OPTIONS": {"api_key": "key"},
        },
        "ses": {
            "BACKEND": "notifications.providers.ses.SesProvider",
            "OPTIONS": {"region": "eu-central-1", "topic_arns": (TOPIC,), "sns_url": sns_url},
        },
    }
    return override_settings(NOTIFICATIONS=given)


@pytest.fixture
def poster() -> Client:
    """A client as strict as a real one: it has no cookie and no token."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def make_email(make_person: Callable[..., Any]) -> Callable[..., Delivery]:
    """Make an email that a provider has taken."""

    def make(provider: str = "sendgrid", **values: Any) -> Delivery:
        (notification,) = notify(Everywhere(text="a"), to=make_person())
        dispatch.run("default", until=time.monotonic() + 20)
        found = Delivery.objects.filter(notification=notification, channel="email")
        found.update(provider=provider, provider_id="", **values)
        return found.get()

    return make


@pytest.fixture
def email(make_email: Callable[..., Delivery]) -> Delivery:
    """An email that SendGrid has taken."""
    return make_email()


@pytest.fixture
def outcome() -> Callable[[Delivery], str]:
    """Apply what was posted; returns where a delivery stands then."""

    def of(delivery: Delivery) -> str:
        apply_waiting()
        delivery.refresh_from_db()
        return delivery.status

    return of
