"""From `notify` to each of a person's devices, through the provider that serves it (P3)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from notifications import clock
from notifications.models import ContactPoint, Control, Delivery, Reason, Status
from notifications.pipeline import failover
from notifications.services import notify
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType, Priority
from tests.contract.fcm_server import refusal
from tests.integration.push_services import PushServices, push_services

pytestmark = pytest.mark.django_db(transaction=True)

TEMPLATES = {"push.title.txt": "{{ text }}", "push.txt": "Open the app to read on."}


class Ping(NotificationType):
    """Push alone."""

    key = "tests.ping"
    channels = ("push",)
    expires_after = timedelta(hours=2)

    text: str


class UrgentPing(Ping):
    key = "tests.urgent_ping"
    priority = Priority.HIGH


@pytest.fixture
def services() -> Iterator[PushServices]:
    with push_services() as services, registered(Ping, TEMPLATES), registered(UrgentPing, TEMPLATES):
        yield services


@pytest.fixture
def owner(make_person: Any) -> Any:
    return make_person(device="")


def device(owner: Any, address: str) -> ContactPoint:
    return ContactPoint.objects.create(user=owner, channel="push", address=address)


def test_each_device_is_reached_by_the_provider_that_serves_it(services: PushServices, owner: Any) -> None:
    for address in ("fcm:phone", "fcm:tablet", services.webpush.subscribe()):
        device(owner, address)
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    assert services.texts() == {"fcm": ["Hello", "Hello"], "webpush": ["Hello"]}
    found = Delivery.objects.order_by("provider").values_list("provider", "status", "attempts")
    assert list(found) == [("fcm", Status.SENT, 1), ("fcm", Status.SENT, 1), ("webpush", Status.SENT, 1)]


def test_a_device_that_no_provider_serves_fails_at_once_and_says_so(services: PushServices, owner: Any) -> None:
    device(owner, "pager:17")
    device(owner, "fcm:phone")
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    pager = Delivery.objects.get(address="pager:17")
    assert (pager.status, pager.reason) == (Status.FAILED, Reason.NOT_CARRIED)
    assert pager.detail == "No provider of push can carry it to this address; asked: fcm, webpush."
    assert services.texts()["fcm"] == ["Hello"]


def test_a_provider_that_is_pinned_leaves_the_devices_that_it_cannot_serve_to_the_other(
    services: PushServices, owner: Any
) -> None:
    device(owner, services.webpush.subscribe())
    failover.control("fcm", Control.PINNED, reason="a test", by="ada")
    failover.forget()
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    assert services.texts() == {"fcm": [], "webpush": ["Hello"]}


def test_a_device_whose_one_provider_is_out_of_use_waits_for_it(services: PushServices, owner: Any) -> None:
    device(owner, services.webpush.subscribe())
    failover.control("webpush", Control.DISABLED, reason="a test", by="ada")
    failover.forget()
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    waiting = Delivery.objects.get()
    assert (waiting.status, waiting.reason) == (Status.PENDING, Reason.NO_PROVIDER)
    assert waiting.detail == "No provider of push is in use (webpush: disabled: nothing goes here)."


def test_a_failed_request_is_not_repeated_at_a_provider_that_cannot_carry_it(
    services: PushServices, owner: Any
) -> None:
    services.fcm.scripted = refusal(503, "UNAVAILABLE", "UNAVAILABLE")
    device(owner, "fcm:phone")
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    retried = Delivery.objects.get()
    assert (retried.status, retried.reason, retried.attempts) == (Status.PENDING, Reason.RETRYING, 1)
    assert retried.due_at is not None and retried.due_at > clock.now() + timedelta(seconds=5)


def test_a_dead_address_disables_that_device_alone(services: PushServices, owner: Any) -> None:
    dead = device(owner, services.webpush.subscribe("old"))
    alive = device(owner, services.webpush.subscribe("new"))
    phone = device(owner, "fcm:phone")
    del services.webpush.browsers["old"]
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    for each in (dead, alive, phone):
        each.refresh_from_db()
    assert dead.disabled_at is not None and "404" in dead.disabled_reason
    assert (alive.disabled_at, phone.disabled_at) == (None, None)
    assert services.texts() == {"fcm": ["Hello"], "webpush": ["Hello"]}
    notify(Ping(text="Again"), to=owner)
    deliver_all()
    assert services.texts() == {"fcm": ["Again", "Hello"], "webpush": ["Again", "Hello"]}
    assert Delivery.objects.filter(status=Status.FAILED).count() == 1


def test_the_newest_of_a_key_replaces_the_others_and_the_key_stays_here(services: PushServices, owner: Any) -> None:
    device(owner, services.webpush.subscribe())
    device(owner, "fcm:phone")
    for text, options in (("A", {"key": "visit-7"}), ("B", {"key": "visit-7", "replace": True}), ("C", {})):
        notify(Ping(text=text), to=owner, **options)
        deliver_all()
    topics = {each.content["title"]: each.headers.get("topic") for each in services.webpush.pushes}
    assert topics["A"] == topics["B"] != topics["C"]
    collapsing = {each["notification"]["title"]: each["android"].get("collapse_key") for each in services.fcm.messages}
    assert collapsing["A"] == collapsing["B"] == topics["A"]
    assert collapsing["C"] is None
    assert "visit-7" not in str(services.fcm.messages) + str(services.webpush.pushes)


def test_a_push_is_kept_until_it_expires_and_wakes_a_device_when_it_is_urgent(
    services: PushServices, owner: Any
) -> None:
    device(owner, services.webpush.subscribe())
    notify(Ping(text="calm"), to=owner)
    notify(UrgentPing(text="urgent"), to=owner)
    deliver_all()
    headers = {each.content["title"]: each.headers for each in services.webpush.pushes}
    assert 7100 < int(headers["calm"]["ttl"]) <= 7200
    assert (headers["calm"]["urgency"], headers["urgent"]["urgency"]) == ("normal", "high")


def test_an_endpoint_that_is_no_push_services_fails_with_its_reason_and_gets_no_request(
    services: PushServices, owner: Any
) -> None:
    address = services.webpush.subscribe().replace(f"http://127.0.0.1:{services.webpush.port}", "https://10.0.0.7")
    device(owner, address)
    notify(Ping(text="Hello"), to=owner)
    deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.REFUSED)
    assert "No message may go to 10.0.0.7: it is no push service." in delivery.detail
    assert services.webpush.requests == []


@pytest.mark.parametrize("kind", ["fcm", "webpush"])
def test_a_push_that_is_too_large_fails_with_its_reason(services: PushServices, owner: Any, kind: str) -> None:
    device(owner, services.webpush.subscribe() if kind == "webpush" else "fcm:phone")
    notify(Ping(text="x" * 5000), to=owner)
    deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.REFUSED)
    assert "bytes" in delivery.detail
