"""Addresses of devices are read strictly, written in one form, and lead to push services only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notifications import devices
from notifications.devices import WEBPUSH_HOSTS, Device, parse, webpush_host_is_allowed
from notifications.exceptions import DeviceError

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/abc"
# The example of RFC 8291.
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


def subscription(**changes: Any) -> dict[str, Any]:
    keys = {"p256dh": changes.pop("p256dh", P256DH), "auth": changes.pop("auth", AUTH)}
    return {"endpoint": ENDPOINT, "expirationTime": None, "keys": keys, **changes}


@pytest.mark.parametrize(
    ("address", "kind", "id_"),
    [
        ("fcm:dXy-9_a:APA91bH", "fcm", "dXy-9_a:APA91bH"),
        ("topic:role.doctor~1", "topic", "role.doctor~1"),
        ("topic:" + "t" * 900, "topic", "t" * 900),
    ],
)
def test_an_address_has_a_kind_and_an_id(address: str, kind: str, id_: str) -> None:
    assert parse(address) == Device(kind, id_)
    assert str(parse(address)) == address
    assert devices.kind_of(address) == kind


def test_a_subscription_is_written_in_one_form_whatever_a_browser_adds() -> None:
    canonical = f'webpush:{{"endpoint":"{ENDPOINT}","keys":{{"auth":"{AUTH}","p256dh":"{P256DH}"}}}}'
    spelled = json.dumps(subscription(p256dh=P256DH + "=", auth=AUTH + "=="), indent=1)
    assert str(parse(f"webpush:{spelled}")) == canonical
    assert str(devices.webpush(subscription())) == canonical
    assert parse(canonical).subscription == {"endpoint": ENDPOINT, "keys": {"auth": AUTH, "p256dh": P256DH}}
    with pytest.raises(DeviceError, match="kind fcm has no subscription"):
        parse("fcm:abc").subscription  # noqa: B018 - it raises


@pytest.mark.parametrize("address", ["", "abc", "apns:abc", "FCM:abc", ":abc", "ada@example.org"])
def test_an_unknown_kind_is_named_with_those_that_there_are(address: str) -> None:
    with pytest.raises(DeviceError, match=r"Known: fcm, topic, webpush\."):
        parse(address)
    assert devices.kind_of(address) == ""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("fcm:", "A registration token has 1 to 2048 characters, not 0"),
        ("fcm:" + "a" * 2049, "1 to 2048 characters, not 2049"),
        ("fcm:abc def", "A registration token has only letters, digits and some signs; not ' '"),
        ("fcm:abc\n", r"not '\\n'"),
        ("fcm:größe", "not 'ßö'"),
        ("topic:", "A topic has 1 to 900 characters, not 0"),
        ("topic:" + "t" * 901, "not 901"),
        ("topic:/topics/doctors", "A topic has only letters, digits and some signs; not '/'"),
        ("webpush:{", "is not JSON"),
        ("webpush:" + "[" * 100_000, "is not JSON"),
        ("webpush:[]", "has no keys"),
        ("webpush:" + json.dumps({"endpoint": ENDPOINT}), "has no keys"),
        ("webpush:" + json.dumps(subscription(endpoint=None)), "has no endpoint"),
        ("webpush:" + json.dumps(subscription(auth=7)), "has no keys.auth"),
        ("webpush:" + json.dumps(subscription(endpoint="http://push.example.org/a")), "is not https, but http"),
        ("webpush:" + json.dumps(subscription(endpoint="ftp://127.0.0.1/a")), "is not https, but ftp"),
        ("webpush:" + json.dumps(subscription(endpoint="javascript:alert(1)")), "is no URL of a host"),
        ("webpush:" + json.dumps(subscription(endpoint="https://a.example:port/")), "is no URL of a host"),
        ("webpush:" + json.dumps(subscription(endpoint="https://ada@push.example/")), "is no URL of a host"),
        ("webpush:" + json.dumps(subscription(endpoint="https://push.example/a b")), "is no URL of a host"),
        ("webpush:" + json.dumps(subscription(endpoint="https://push.example/" + "a" * 2048)), "up to 2048 characters"),
        ("webpush:" + json.dumps(subscription(auth="a+/b")), "keys.auth is not base64url"),
        ("webpush:" + json.dumps(subscription(auth="größe")), "keys.auth is not base64url"),
        ("webpush:" + json.dumps(subscription(auth="AAAAA")), "keys.auth is not base64url"),
        ("webpush:" + json.dumps(subscription(auth=AUTH[:-2])), "keys.auth has 16 bytes, not 15"),
        ("webpush:" + json.dumps(subscription(p256dh=P256DH[:-3])), "keys.p256dh has 65 bytes, not 63"),
        ("webpush:" + json.dumps(subscription(p256dh="A" + P256DH[1:])), "no uncompressed point of the curve"),
        ("webpush:" + json.dumps(subscription(p256dh=P256DH[:-2] + "w8")), "no uncompressed point of the curve"),
    ],
)
def test_what_is_wrong_with_an_address_is_named(address: str, said: str) -> None:
    with pytest.raises(DeviceError, match=said):
        parse(address)


@pytest.mark.parametrize(
    "endpoint",
    [
        ENDPOINT,
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://FCM.googleapis.com:443/fcm/send/abc",
        "https://jmt17.google.com/fcm/send/abc:def",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://wns2-by3p.notify.windows.com/w/?token=BQYAAAB%3d",
    ],
)
def test_the_push_services_of_the_browsers_are_reached(endpoint: str) -> None:
    assert webpush_host_is_allowed(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "fcm.googleapis.com",
        "http://fcm.googleapis.com/a",
        "https://fcm.googleapis.com:8443/a",
        "https://fcm.googleapis.com:99999/a",
        "https://fcm.googleapis.com./a",
        "https://fcm.googleapis.com.evil.example/a",
        "https://evilfcm.googleapis.com/a",
        "https://evil-push.apple.com/a",
        "https://evilpush.apple.com/a",
        "https://push.apple.com/a",
        "https://.push.apple.com/a",
        "https://evil.example/fcm.googleapis.com",
        "https://evil.example?fcm.googleapis.com",
        "https://evil.example#.push.apple.com",
        "https://fcm.googleapis.com@evil.example/a",
        "https://ada:pw@fcm.googleapis.com/a",
        "https://evil.example\\.push.apple.com/a",
        "https://evil.example\\@fcm.googleapis.com/a",
        "https://fcm.googleapis.com\t.evil.example/a",
        "https://fcm。googleapis。com/a",
        "https://evil.example/.push.apple.com",
        "https://evil.example%2f.push.apple.com/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://0x7f.0.0.1/a",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/a",
        "https://push-service.internal/a",
        "http://127.0.0.1:8000/a",
    ],
)
def test_no_other_host_is_reached_however_it_is_written(endpoint: str) -> None:
    assert not webpush_host_is_allowed(endpoint, WEBPUSH_HOSTS)


def test_a_number_is_not_reached_even_if_it_is_listed() -> None:
    assert not webpush_host_is_allowed("https://10.0.0.1/a", ["10.0.0.1", "*.0.0.1"])
    assert not webpush_host_is_allowed("https://[fd00::1]/a", ["fd00::1", "[fd00::1]"])


def test_loopback_is_reached_only_on_a_port_that_is_listed() -> None:
    allowed = ["127.0.0.1:8000"]
    assert webpush_host_is_allowed("http://127.0.0.1:8000/a", allowed)
    assert webpush_host_is_allowed("https://127.0.0.1:8000/a", allowed)
    assert not webpush_host_is_allowed("http://127.0.0.1:8001/a", allowed)
    assert not webpush_host_is_allowed("http://localhost:8000/a", allowed)
    assert not webpush_host_is_allowed("http://127.0.0.1/a", ["127.0.0.1"])


def test_a_host_that_a_deployment_lists_is_reached_in_any_case() -> None:
    assert webpush_host_is_allowed("https://push.example.org/a", ["Push.Example.org"])
    assert not webpush_host_is_allowed("https://sub.push.example.org/a", ["push.example.org"])
