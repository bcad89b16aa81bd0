"""From `notify` to a person's phone, tablet and browser, each by the provider that serves it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from notifications.models import ContactPoint, Delivery, Reason, Status
from notifications.providers.registry import get_provider
from notifications.providers.transport import vapid
from notifications.services import notify
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from tests.contract.certificate import make_certificate
from tests.contract.fcm_server import FcmServer, refusal
from tests.contract.http_server import Answer
from tests.contract.webpush_server import SUBJECT, WebPushServer

pytestmark = pytest.mark.django_db


class Ready(NotificationType):
    """Says that something can be fetched."""

    key = "tests.ready"
    channels = ("push",)

    what: str


TEMPLATES = {"push.title.txt": "Ready", "push.txt": "Your {{ what }} is ready."}


class Servers(NamedTuple):
    fcm: FcmServer
    webpush: WebPushServer


@pytest.fixture
def tls(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    file, context = make_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    return context


@pytest.fixture
def servers(tls: ssl.SSLContext) -> Iterator[Servers]:
    key = vapid.generate()
    servers = Servers(FcmServer(tls=tls), WebPushServer(vapid.public_text(key), tls=tls))
    given = django_settings.NOTIFICATIONS
    providers = {
        "fcm": {
            "BACKEND": "notifications.providers.fcm.FcmProvider",
            "OPTIONS": {"credentials": servers.fcm.account, "api_url": servers.fcm.url, "timeout_seconds": 5},
        },
        "webpush": {
            "BACKEND": "notifications.providers.webpush.WebPushProvider",
            "OPTIONS": {
                "vapid_private_key": vapid.private_text(key),
                "vapid_subject": SUBJECT,
                "allowed_hosts": (f"127.0.0.1:{servers.webpush.port}",),
                "timeout_seconds": 5,
            },
        },
    }
    changed = {
        **given,
        "PROVIDERS": {**given["PROVIDERS"], **providers},
        "CHANNELS": {
            **given["CHANNELS"],
            "push": {"BACKEND": "notifications.channels.push.PushChannel", "PROVIDERS": list(providers)},
        },
    }
    with override_settings(NOTIFICATIONS=changed), registered(Ready, templates=TEMPLATES):
        yield servers
        for alias in providers:
            get_provider(alias).close()  # type: ignore[attr-defined] # both have it
    for each in servers:
        each.close()


@pytest.fixture
def ada(make_person: Any, servers: Servers) -> Any:
    """Has a phone, a tablet and a browser."""
    person = make_person(device="")
    for address in ("fcm:phone", "fcm:tablet", servers.webpush.subscribe("laptop")):
        ContactPoint.objects.create(user=person, channel="push", address=address)
    return person


def test_each_device_is_reached_by_the_provider_that_serves_it(servers: Servers, ada: Any) -> None:
    notify(Ready(what="medicine"), to=ada)
    deliver_all()
    assert {each.address[:6]: (each.status, each.provider) for each in Delivery.objects.all()} == {
        "fcm:ph": (Status.SENT, "fcm"),
        "fcm:ta": (Status.SENT, "fcm"),
        "webpus": (Status.SENT, "webpush"),
    }
    assert sorted(each["token"] for each in servers.fcm.messages) == ["phone", "tablet"]
    [push] = servers.webpush.pushes
    assert (push.content["title"], push.content["body"]) == ("Ready", "Your medicine is ready.")
    ids = {each["data"]["delivery_id"] for each in servers.fcm.messages} | {push.content["delivery_id"]}
    assert ids == {str(each.pk) for each in Delivery.objects.all()}


def test_devices_that_are_gone_are_not_used_again_and_others_are(servers: Servers, ada: Any) -> None:
    servers.fcm.scripted = refusal(404, "NOT_FOUND", "UNREGISTERED")
    notify(Ready(what="medicine"), to=ada)
    deliver_all()
    failed = Delivery.objects.filter(status=Status.FAILED)
    assert {(each.address, each.reason) for each in failed} == {
        ("fcm:phone", Reason.ADDRESS_REFUSED),
        ("fcm:tablet", Reason.ADDRESS_REFUSED),
    }
    servers.fcm.scripted = None
    notify(Ready(what="bandage"), to=ada)
    deliver_all()
    assert servers.fcm.messages == []
    assert [each.browser for each in servers.webpush.pushes] == ["laptop", "laptop"]


def test_a_message_that_is_refused_costs_no_device(servers: Servers, ada: Any) -> None:
    servers.fcm.scripted = refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Android message is too big")
    servers.webpush.scripted = Answer(413)
    notify(Ready(what="medicine"), to=ada)
    deliver_all()
    assert {each.reason for each in Delivery.objects.all()} == {Reason.REFUSED}
    servers.fcm.scripted = servers.webpush.scripted = None
    notify(Ready(what="bandage"), to=ada)
    deliver_all()
    assert (len(servers.fcm.messages), len(servers.webpush.pushes)) == (2, 1)
