"""What browsers need for Web Push: key, service worker, and a word when a subscription has changed (P3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from notifications.devices import webpush
from notifications.models import ContactPoint
from notifications.providers.transport import vapid
from notifications.services import contact_points, devices
from project.accounts.models import User
from project.demo.management.commands import demo
from tests.unit.test_devices import AUTH, ENDPOINT, subscription

pytestmark = pytest.mark.django_db

CHANGED = "/notifications/push-subscription/"
KEY = vapid.generate()


@pytest.fixture
def web_push(settings: Any) -> None:
    channels, providers = settings.NOTIFICATIONS["CHANNELS"], settings.NOTIFICATIONS["PROVIDERS"]
    options = {"vapid_private_key": vapid.private_text(KEY), "vapid_subject": "mailto:push@example.org"}
    backend = "notifications.providers.webpush.WebPushProvider"
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "CHANNELS": {**channels, "push": {**channels["push"], "PROVIDERS": ["webpush", "sandbox"]}},
        "PROVIDERS": {**providers, "webpush": {"BACKEND": backend, "OPTIONS": options}},
    }


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha")


def changed(client: Client, body: object) -> int:
    text = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(CHANGED, text, content_type="application/json").status_code


@pytest.mark.usefixtures("web_push")
def test_browsers_are_told_the_public_key_and_never_the_private_one(client: Client, asha: User) -> None:
    client.force_login(asha)
    assert client.get("/api/v1/push/key/").json() == {"key": vapid.public_text(KEY)}
    script = client.get("/notifications/push-worker.js").content.decode()
    assert vapid.public_text(KEY) in script
    assert vapid.private_text(KEY) not in script


def test_the_service_worker_may_serve_the_whole_site_and_is_never_stale(client: Client) -> None:
    response = client.get("/notifications/push-worker.js")
    assert response["Service-Worker-Allowed"] == "/"
    assert response["Content-Type"] == "text/javascript"
    assert "no-store" in response["Cache-Control"]
    assert client.post("/notifications/push-worker.js").status_code == 405


def test_the_words_for_what_cannot_be_read_are_in_the_language_of_the_browser(client: Client) -> None:
    response = client.get("/notifications/push-worker.js", headers={"accept-language": "en"})
    assert (
        json.loads(response.content.decode().partition(" = ")[2].partition(";\n")[0])["body"] == "Sign in to read it."
    )


def test_a_changed_subscription_goes_on_without_a_session(client: Client, asha: User) -> None:
    old = devices.register_device(asha, webpush(subscription()), "Laptop")
    assert changed(client, {"old": subscription(), "new": subscription(endpoint=ENDPOINT + "2")}) == 204
    point = ContactPoint.objects.get()
    assert (point.pk, point.label, ENDPOINT + "2" in point.address) == (old.pk, "Laptop", True)


def test_who_does_not_know_the_keys_of_the_old_subscription_changes_nothing(client: Client, asha: User) -> None:
    point = devices.register_device(asha, webpush(subscription()))
    guessed = subscription(auth=AUTH[::-1][1:] + "A")
    assert changed(client, {"old": guessed, "new": subscription(endpoint=ENDPOINT + "2")}) == 204
    assert ContactPoint.objects.get().address == point.address


def test_a_subscription_that_is_switched_off_is_not_changed(client: Client, asha: User) -> None:
    point = devices.register_device(asha, webpush(subscription()))
    contact_points.switch_off(point)
    assert changed(client, {"old": subscription(), "new": subscription(endpoint=ENDPOINT + "2")}) == 204
    assert ContactPoint.objects.get().address == point.address


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 10_000,
        {},
        {"old": subscription()},
        {"old": subscription(), "new": subscription(), "user": 1},
        {"old": subscription(), "new": subscription(endpoint="http://10.0.0.1/")},
        {"old": "x", "new": subscription()},
    ],
)
def test_what_is_no_change_of_a_subscription_is_refused(client: Client, body: object) -> None:
    assert changed(client, body) == 400


def test_a_new_subscription_leads_to_push_services_only(client: Client, asha: User) -> None:
    """FAULTS: web-push endpoint to a private address."""
    devices.register_device(asha, webpush(subscription()))
    body = {"old": subscription(), "new": subscription(endpoint="https://intranet.example.org/x")}
    assert changed(client, body) == 400


def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    assert changed(client, b" " * 20_000) == 413


def test_the_demonstration_keeps_its_key_to_itself_and_from_run_to_run(tmp_path: Path) -> None:
    key = demo._vapid_key(tmp_path)
    assert demo._vapid_key(tmp_path) == key
    assert vapid.public_text(vapid.load(key))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
