"""The REST API of a person's own addresses: whose they are, what is refused, what is throttled (U4, A2, S2, S6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from notifications import clock
from notifications.api.contact_points import WriteThrottle
from notifications.models import ContactPoint, OneTimeCode
from notifications.services.one_time_code import digits_of
from notifications.services.verification import MAX_ATTEMPTS, PER_CONTACT_POINT_AN_HOUR
from notifications.testing import deliver_all, outbox
from project.accounts.models import User
from tests.integration.test_contact_points import FIRST, SECOND
from tests.unit.test_devices import AUTH, ENDPOINT, P256DH, subscription

pytestmark = pytest.mark.django_db

POINTS, DEVICES = "/api/v1/contact-points/", "/api/v1/devices/"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Throttles count there."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha")


@pytest.fixture
def ravi() -> User:
    return User.objects.create_user("ravi")


@pytest.fixture
def api(client: Client, asha: User) -> Client:
    client.force_login(asha)
    return client


def send(client: Client, method: str, path: str, body: object = None) -> Any:
    text = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
    return client.generic(method, path, text, content_type="application/json")


def post(client: Client, path: str, body: object = None) -> Any:
    return send(client, "POST", path, body)


def entered(api: Client, number: str = FIRST) -> str:
    """The address of a phone that was entered."""
    response = post(api, POINTS, {"channel": "sms", "address": number})
    assert response.status_code == 201, response.content
    return f"{POINTS}{response.json()['id']}/"


def app(name: str, **values: Any) -> dict[str, Any]:
    return {"kind": "fcm", "token": name, **values}


def test_a_phone_is_entered_verified_named_and_removed(api: Client) -> None:
    response = post(api, POINTS, {"channel": "sms", "address": "+44 7911 123451", "label": "Mine"})
    assert response.status_code == 201
    item = response.json()
    assert (item["address"], item["label"], item["is_verified"], item["is_enabled"]) == (FIRST, "Mine", False, True)
    path = f"{POINTS}{item['id']}/"
    response = post(api, f"{path}code/")
    assert (response.status_code, list(response.json())) == (202, ["expires_at"])
    deliver_all()
    code = outbox("sms", to=FIRST)[0].content["text"][:6]
    response = post(api, f"{path}verify/", {"code": code})
    assert (response.status_code, response.json()["is_verified"], response.json()["is_primary"]) == (200, True, True)
    assert send(api, "PATCH", path, {"label": "Work"}).json()["label"] == "Work"
    assert [each["label"] for each in api.get(POINTS).json()["results"]] == ["Work"]
    assert send(api, "DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


def test_what_is_there_already_is_told_so(api: Client) -> None:
    entered(api)
    assert post(api, POINTS, {"channel": "sms", "address": FIRST}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "sms", "address": "+442079460018"}, "address"),
        ({"channel": "sms", "address": "+14155552671 ext. 5"}, "address"),
        ({"channel": "sms", "address": "1-800-FLOWERS"}, "address"),
        ({"channel": "sms", "address": "\u0000"}, "address"),
        ({"channel": "email", "address": "asha"}, "address"),
        ({"channel": "push", "address": "fcm:a"}, "channel"),
        ({"channel": "sms"}, "address"),
        ({"channel": "sms", "address": ["+1"]}, "address"),
        ({"channel": "sms", "address": FIRST, "label": "x" * 101}, "label"),
        ({"channel": "sms", "address": FIRST, "verified_at": "2020-01-01T00:00:00Z"}, "verified_at"),
        ({"channel": "sms", "address": FIRST, "user": 1}, "user"),
        ({"channel": "sms", "address": FIRST, "is_verified": True}, "is_verified"),
    ],
)
def test_bad_input_is_refused_by_name_and_stores_nothing(api: Client, body: object, field: str) -> None:
    response = post(api, POINTS, body)
    assert (response.status_code, list(response.json())) == (400, [field])
    assert not ContactPoint.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[", b"[1]", b"null", b"1", b'"x"', b"[" * 5000, b"\xff\xfe"])
@pytest.mark.parametrize("path", [POINTS, DEVICES])
def test_a_body_that_is_no_object_is_refused(api: Client, body: bytes, path: str) -> None:
    assert post(api, path, body).status_code == 400


@pytest.mark.parametrize(("channel", "address"), [("sms", FIRST), ("email", "asha@example.org")])
def test_a_channel_that_the_site_does_not_have_is_refused(
    api: Client, settings: Any, channel: str, address: str
) -> None:
    channels = {name: each for name, each in settings.NOTIFICATIONS["CHANNELS"].items() if name == "in_app"}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": channels}
    response = post(api, POINTS, {"channel": channel, "address": address})
    assert (response.status_code, response.json()) == (400, {"address": [f"No messages are sent by {channel} here."]})
    assert api.get("/api/v1/push/key/").json() == {"key": ""}


def test_a_sixth_phone_is_a_conflict_with_its_reason(api: Client) -> None:
    for number in range(5):
        entered(api, f"+44791112345{number}")
    response = post(api, POINTS, {"channel": "sms", "address": "+447911123459"})
    assert response.status_code == 409
    assert "Remove one first" in response.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_is_anothers_is_not_found(api: Client, ravi: User, method: str) -> None:
    theirs = ContactPoint.objects.create(user=ravi, channel="sms", address=FIRST, self_entered=True)
    for pk in (theirs.pk, 10**30):
        assert send(api, method, f"{POINTS}{pk}/", {"label": "x"} if method == "PATCH" else None).status_code == 404
        assert post(api, f"{POINTS}{pk}/code/").status_code == 404
        assert post(api, f"{POINTS}{pk}/verify/", {"code": "000000"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.label == ""
    assert api.get(POINTS).json() == {"results": []}


@pytest.mark.parametrize(
    "path", [POINTS, f"{POINTS}1/", f"{POINTS}1/code/", f"{POINTS}1/verify/", DEVICES, "/api/v1/push/key/"]
)
def test_who_is_not_signed_in_gets_nothing(client: Client, path: str) -> None:
    assert client.get(path).status_code == 403
    assert post(client, path).status_code == 403


def test_a_post_from_another_site_is_refused(asha: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(asha)
    assert post(client, POINTS, {"channel": "sms", "address": FIRST}).status_code == 403
    assert post(client, DEVICES, app("a")).status_code == 403
    assert not ContactPoint.objects.exists()


# Codes.


def test_a_wrong_code_is_counted_although_the_answer_is_an_error(api: Client, settings: Any) -> None:
    path = entered(api)
    post(api, f"{path}code/")
    code = OneTimeCode.objects.get()
    wrong = f"{(int(digits_of(code)) + 1) % 10**6:06}"
    answers = [post(api, f"{path}verify/", {"code": wrong}) for _ in range(MAX_ATTEMPTS)]
    assert {each.status_code for each in answers} == {400}
    assert "Ask for a new one" in answers[-1].json()["code"][0]
    assert post(api, f"{path}verify/", {"code": digits_of(code)}).status_code == 400


def test_too_many_codes_are_answered_with_when_to_ask_again(api: Client) -> None:
    path = entered(api)
    for _ in range(PER_CONTACT_POINT_AN_HOUR):
        assert post(api, f"{path}code/").status_code == 202
    response = post(api, f"{path}code/")
    assert response.status_code == 429
    assert 3500 < int(response["Retry-After"]) <= 3600
    assert "Ask again in 60 minutes" in response.json()["detail"]


def test_the_answers_do_not_tell_whether_others_have_the_number(api: Client, ravi: User) -> None:
    ContactPoint.objects.create(user=ravi, channel="sms", address=SECOND, verified_at=clock.now(), is_primary=True)
    answers = []
    for number in (FIRST, SECOND):
        created = post(api, POINTS, {"channel": "sms", "address": number})
        path = f"{POINTS}{created.json()['id']}/"
        asked, tried = post(api, f"{path}code/"), post(api, f"{path}verify/", {"code": "x"})
        told = {name: value for name, value in created.json().items() if name not in ("id", "address", "created_at")}
        answers.append((created.status_code, told, asked.status_code, list(asked.json()), tried.json()))
    assert answers[0] == answers[1]


def test_a_verified_address_needs_no_code(api: Client, asha: User) -> None:
    point = ContactPoint.objects.create(user=asha, channel="sms", address=FIRST, verified_at=clock.now())
    assert post(api, f"{POINTS}{point.pk}/code/").status_code == 409


def test_changes_are_throttled_and_reading_is_not(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteThrottle, "rate", "3/min")
    answers = [post(api, DEVICES, app("a")).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert api.get(POINTS).status_code == 200


# Changes.


def test_what_is_not_verified_cannot_be_primary_and_nothing_else_is_changed(api: Client) -> None:
    path = entered(api)
    response = send(api, "PATCH", path, {"label": "Work", "is_primary": True})
    assert response.status_code == 409
    assert api.get(path).json()["label"] == ""


def test_an_address_is_switched_off_and_on(api: Client) -> None:
    path = entered(api)
    off = send(api, "PATCH", path, {"is_enabled": False}).json()
    assert (off["is_enabled"], off["disabled_by"]) == (False, "owner")
    on = send(api, "PATCH", path, {"is_enabled": True}).json()
    assert (on["is_enabled"], on["disabled_by"]) == (True, "")


def test_primary_is_left_only_for_another_one(api: Client) -> None:
    response = send(api, "PATCH", entered(api), {"is_primary": False})
    assert (response.status_code, list(response.json())) == (400, ["is_primary"])


@pytest.mark.parametrize("field", ["address", "channel", "is_verified", "disabled_by", "user"])
def test_nothing_else_can_be_changed(api: Client, field: str) -> None:
    assert send(api, "PATCH", entered(api), {field: "x"}).status_code == 400


# Devices.


def test_an_app_registers_says_that_it_is_there_changes_its_token_and_leaves(api: Client) -> None:
    first = post(api, DEVICES, app("old", label="Pixel")).json()
    assert (first["kind"], first["address"], first["label"]) == ("fcm", None, "Pixel")
    assert post(api, DEVICES, app("old")).json()["id"] == first["id"]
    again = post(api, DEVICES, app("new", replaces="old")).json()
    assert (again["id"], again["label"]) == (first["id"], "Pixel")
    assert ContactPoint.objects.get().address == "fcm:new"
    assert send(api, "DELETE", DEVICES, app("new")).status_code == 204
    assert send(api, "DELETE", DEVICES, app("new")).status_code == 204
    assert not ContactPoint.objects.exists()


def test_a_browser_registers_with_what_it_calls_its_subscription(api: Client) -> None:
    response = post(api, DEVICES, {"kind": "webpush", "subscription": subscription()})
    assert (response.status_code, response.json()["kind"]) == (200, "webpush")
    keys = f'{{"auth":"{AUTH}","p256dh":"{P256DH}"}}'
    assert ContactPoint.objects.get().address == f'webpush:{{"endpoint":"{ENDPOINT}","keys":{keys}}}'
    newer = subscription(endpoint=ENDPOINT + "2")
    post(api, DEVICES, {"kind": "webpush", "subscription": newer, "replaces": subscription()})
    assert ENDPOINT + "2" in ContactPoint.objects.get().address


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "topic", "token": "doctors"}, "kind"),
        ({"kind": "fcm"}, "token"),
        ({"kind": "fcm", "token": "a b"}, "token"),
        ({"kind": "fcm", "token": "a" * 2049}, "token"),
        ({"kind": "fcm", "token": "a", "subscription": {}}, "token"),
        ({"kind": "fcm", "token": "a", "replaces": {"x": 1}}, "replaces"),
        ({"kind": "webpush", "token": "a"}, "subscription"),
        ({"kind": "webpush", "subscription": "x"}, "subscription"),
        ({"kind": "webpush", "subscription": {"endpoint": "http://example.org/", "keys": {}}}, "subscription"),
        ({"kind": "webpush", "subscription": subscription(endpoint="https://10.0.0.1/x")}, "subscription"),
        ({"kind": "webpush", "subscription": subscription(endpoint="https://intranet.example/x")}, "subscription"),
        ({"kind": "webpush", "subscription": subscription(endpoint="https://localhost/x")}, "subscription"),
        ({"kind": "fcm", "token": "a", "user": 1}, "user"),
    ],
)
def test_what_is_no_device_is_refused_by_name(api: Client, body: object, field: str) -> None:
    """FAULTS: web-push endpoint to a private address."""
    response = post(api, DEVICES, body)
    assert (response.status_code, list(response.json())) == (400, [field])
    assert not ContactPoint.objects.exists()


def test_another_persons_device_is_not_removed(api: Client, ravi: User) -> None:
    ContactPoint.objects.create(user=ravi, channel="push", address="fcm:theirs")
    assert send(api, "DELETE", DEVICES, app("theirs")).status_code == 204
    assert ContactPoint.objects.count() == 1


def test_without_web_push_there_is_no_key(api: Client) -> None:
    assert api.get("/api/v1/push/key/").json() == {"key": ""}


@pytest.mark.parametrize(
    ("number", "own", "site", "hint"),
    [
        ("+919876543210", "", "UTC", "Asia/Kolkata"),
        ("+919876543210", "UTC", "UTC", "Asia/Kolkata"),  # the default of the field: nobody chose it
        ("+919876543210", "Europe/Berlin", "UTC", None),
        ("+919876543210", "", "Asia/Kolkata", None),
        ("+919876543210", "", "Asia/Calcutta", None),  # its older name
        ("+79123456789", "", "UTC", None),  # any zone of Russia
    ],
)
def test_a_verified_phone_hints_at_the_time_zone_of_a_person_who_gave_none(
    api: Client, asha: User, settings: Any, number: str, own: str, site: str, hint: str | None
) -> None:
    settings.TIME_ZONE = site
    User.objects.filter(pk=asha.pk).update(time_zone=own)
    point = ContactPoint.objects.create(user=asha, channel="sms", address=number, self_entered=True)
    path = f"{POINTS}{point.pk}/"
    assert api.get(path).json()["time_zone_hint"] is None  # it may be anybody's
    ContactPoint.objects.filter(pk=point.pk).update(verified_at=clock.now())
    assert api.get(path).json()["time_zone_hint"] == hint
    assert User.objects.get(pk=asha.pk).time_zone == own  # offered, not applied


def test_only_phones_hint_at_a_time_zone(api: Client, asha: User) -> None:
    for channel, address in (("email", "asha@example.org"), ("push", "fcm:a")):
        ContactPoint.objects.create(user=asha, channel=channel, address=address, verified_at=clock.now())
    assert [each["time_zone_hint"] for each in api.get(POINTS).json()["results"]] == [None, None]
