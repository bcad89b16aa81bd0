"""FCM keeps the contract of every provider, and its messages what Google publishes of them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import PushMessage, SmsMessage
from notifications.providers.fcm import FcmProvider
from notifications.testing.providers import RETRY_AFTER, ProviderContract
from tests.contract.fcm import INVALID, TOKEN, MakeFcm, MakePush
from tests.contract.fcm_server import NOT_A_TOKEN, PROJECT, FcmServer, refusal
from tests.contract.http_server import Answer, answer_json


class TestFcm(ProviderContract):
    backend = "notifications.providers.fcm.FcmProvider"
    sdk = ("firebase_admin", "google.auth", "requests")

    @pytest.fixture
    def options(self, server: FcmServer) -> dict[str, Any]:
        return {"credentials": json.dumps(server.account), "api_url": server.url, "timeout_seconds": 0.7}

    @pytest.fixture
    def message(self, make_push: MakePush) -> PushMessage:
        return make_push()


def test_a_message_has_what_each_platform_needs(make_provider: MakeFcm, server: FcmServer, make_push: MakePush) -> None:
    provider = make_provider(android_channel_id="visits", android_click_action="OPEN", apns_topic="example.clinic")
    expires = datetime.now(UTC) + timedelta(hours=2)
    message = make_push(
        link="https://clinic.example/visits/7",
        image="https://clinic.example/map.png",
        badge=3,
        collapse_key="visit-7",
        critical=True,
        expires_at=expires,
        data={"notification_id": "42"},
    )
    receipt = provider.send(message)
    assert receipt.provider_id == f"projects/{PROJECT}/messages/1"
    [sent] = server.messages
    ttl = int(sent["android"].pop("ttl").removesuffix("s"))
    assert 7190 <= ttl <= 7200
    headers = sent["apns"]["headers"]
    assert abs(int(headers.pop("apns-expiration")) - expires.timestamp()) < 3
    assert sent == {
        "token": TOKEN,
        "notification": {
            "title": "Your appointment",
            "body": "Tomorrow at ten",
            "image": "https://clinic.example/map.png",
        },
        "data": {
            "notification_id": "42",
            "delivery_id": str(message.delivery_id),
            "link": "https://clinic.example/visits/7",
        },
        "android": {
            "collapse_key": "visit-7",
            "priority": "high",
            "notification": {
                "tag": "visit-7",
                "channel_id": "visits",
                "click_action": "OPEN",
                "sound": "default",
                "notification_count": 3,
            },
        },
        "apns": {
            "headers": {"apns-priority": "10", "apns-collapse-id": "visit-7", "apns-topic": "example.clinic"},
            "payload": {"aps": {"badge": 3, "sound": "default", "thread-id": "clinic.note", "mutable-content": 1}},
            "fcm_options": {"image": "https://clinic.example/map.png"},
        },
        "webpush": {"fcm_options": {"link": "https://clinic.example/visits/7"}},
    }


def test_a_plain_message_has_no_more_than_it_needs(
    provider: FcmProvider, server: FcmServer, make_push: MakePush
) -> None:
    message = make_push(link="http://localhost:8000/visits/7", type="")
    provider.send(message)
    [sent] = server.messages
    id_ = str(message.delivery_id)
    assert sent["data"] == {"delivery_id": id_, "link": "http://localhost:8000/visits/7"}
    assert sent["android"] == {
        "priority": "normal",
        "ttl": "2419200s",
        "notification": {"tag": id_, "sound": "default"},
    }
    assert sent["apns"]["headers"].keys() == {"apns-priority", "apns-expiration", "apns-collapse-id"}
    assert sent["apns"]["headers"]["apns-priority"] == "5"
    assert sent["apns"]["payload"] == {"aps": {"sound": "default"}}
    assert "webpush" not in sent


def test_a_badge_of_zero_takes_it_away(provider: FcmProvider, server: FcmServer, make_push: MakePush) -> None:
    provider.send(make_push(badge=0))
    assert server.messages[0]["apns"]["payload"]["aps"]["badge"] == 0


@pytest.mark.parametrize(
    ("left", "android", "apns"),
    [(timedelta(hours=-1), "0s", "0"), (timedelta(days=90), "2419200s", None)],
)
def test_a_message_is_kept_until_it_expires_and_for_four_weeks_at_the_most(
    provider: FcmProvider,
    server: FcmServer,
    make_push: MakePush,
    left: timedelta,
    android: str,
    apns: str | None,
) -> None:
    provider.send(make_push(expires_at=datetime.now(UTC) + left))
    [sent] = server.messages
    assert sent["android"]["ttl"] == android
    expiration = sent["apns"]["headers"]["apns-expiration"]
    assert expiration == apns if apns else int(expiration) > time.time() + 2_400_000


def test_a_long_collapse_key_fits_apple(provider: FcmProvider, server: FcmServer, make_push: MakePush) -> None:
    for key in ("a" * 64, "a" * 65, "ä" * 33, "b" * 65):
        provider.send(make_push(collapse_key=key))
    ids = [each["apns"]["headers"]["apns-collapse-id"] for each in server.messages]
    assert ids[0] == "a" * 64
    assert all(len(each.encode()) <= 64 for each in ids)
    assert len(set(ids)) == 4


def test_a_topic_reaches_all_who_have_a_role(provider: FcmProvider, server: FcmServer, make_push: MakePush) -> None:
    provider.send(make_push(to="topic:role.doctor"))
    assert server.messages[0]["topic"] == "role.doctor"
    assert "token" not in server.messages[0]


def test_a_dry_run_is_checked_and_not_sent(make_provider: MakeFcm, server: FcmServer, make_push: MakePush) -> None:
    receipt = make_provider(dry_run=True).send(make_push())
    assert receipt.provider_id.endswith("fake_message_id")
    assert server.messages == []


# What it takes.


@pytest.mark.parametrize(
    ("to", "takes"),
    [("fcm:abc", True), ("topic:doctors", True), ("fcm: ", True), ("webpush:{}", False), ("abc", False), ("", False)],
)
def test_it_takes_what_is_for_apps_and_topics(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, to: str, takes: bool
) -> None:
    message = make_push(to=to)
    assert provider.takes(message) is takes
    if not takes:
        with pytest.raises(PermanentError, match="serves devices of the kinds fcm, topic"):
            provider.send(message)
    assert server.requests == []


def test_only_push_messages_are_sent(provider: FcmProvider) -> None:
    sms = SmsMessage(delivery_id=uuid4(), channel="sms", to="fcm:abc", text="Hello")
    assert not provider.takes(sms)
    with pytest.raises(PermanentError, match="PushMessage only, not SmsMessage"):
        provider.send(sms)


@pytest.mark.parametrize("to", ["fcm:", "fcm:a b", "topic:/topics/doctors"])
def test_an_address_that_is_none_is_not_used_again(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, to: str
) -> None:
    with pytest.raises(AddressError):
        provider.send(make_push(to=to))
    assert server.requests == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": {"from": "x"}}, r"data\['from'\] is reserved"),
        ({"data": {"google.x": "x"}}, r"data\['google.x'\] is reserved"),
        ({"data": {"count": 7}}, "must not contain non-string values"),
        ({"text": "ä" * 2048}, "its payload has 4[0-9]{3} bytes; at most 4096 are allowed"),
        ({"data": {"note": "x" * 4096}}, "at most 4096"),
    ],
)
def test_what_fcm_would_refuse_is_not_sent(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(PermanentError, match=said):
        provider.send(make_push(**values))
    assert server.requests == []


@pytest.mark.parametrize(("to", "most"), [(f"fcm:{TOKEN}", 4096), ("topic:role.doctor", 2048)])
def test_the_largest_payload_is_taken(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, to: str, most: int
) -> None:
    message = make_push(to=to, text="")
    frame = {
        "notification": {"title": message.title, "body": ""},
        "data": {"delivery_id": str(message.delivery_id)},
    }
    room = most - len(json.dumps(frame, separators=(",", ":")))
    with pytest.raises(PermanentError, match=f"has {most + 1} bytes; at most {most} are allowed"):
        provider.send(make_push(to=to, delivery_id=message.delivery_id, text="x" * (room + 1)))
    provider.send(make_push(to=to, delivery_id=message.delivery_id, text="x" * room))
    assert len(server.messages) == 1


# What it is told.

DEVICE, ROLE = f"fcm:{TOKEN}", "topic:role.doctor"


@pytest.mark.parametrize(
    ("to", "answer", "error", "code"),
    [
        (DEVICE, refusal(404, "NOT_FOUND", "UNREGISTERED"), AddressError, "UNREGISTERED"),
        (DEVICE, refusal(404, "NOT_FOUND"), TemporaryError, "NOT_FOUND"),
        (DEVICE, refusal(400, INVALID, INVALID, NOT_A_TOKEN), AddressError, INVALID),
        (DEVICE, refusal(400, INVALID, INVALID, "An argument is invalid", "message.token"), AddressError, INVALID),
        (DEVICE, refusal(400, INVALID, INVALID, NOT_A_TOKEN, "message.token", "message.data"), PermanentError, INVALID),
        (DEVICE, refusal(400, INVALID, "", NOT_A_TOKEN), PermanentError, INVALID),
        (DEVICE, refusal(400, INVALID, "", "Invalid value", "message.token"), PermanentError, INVALID),
        (DEVICE, refusal(400, INVALID, INVALID, "Android message is too big"), PermanentError, INVALID),
        (DEVICE, refusal(400, INVALID, INVALID, "Invalid", "message.android.ttl"), PermanentError, INVALID),
        (DEVICE, refusal(400, INVALID, INVALID), PermanentError, INVALID),
        (DEVICE, refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), PermanentError, "SENDER_ID_MISMATCH"),
        (DEVICE, refusal(403, "PERMISSION_DENIED"), TemporaryError, "PERMISSION_DENIED"),
        (DEVICE, refusal(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), TemporaryError, "THIRD_PARTY_AUTH_ERROR"),
        (DEVICE, refusal(401, "UNAUTHENTICATED"), TemporaryError, "UNAUTHENTICATED"),
        (DEVICE, refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), TemporaryError, "QUOTA_EXCEEDED"),
        (DEVICE, refusal(500, "INTERNAL", "INTERNAL"), TemporaryError, "INTERNAL"),
        (DEVICE, refusal(503, "UNAVAILABLE", "UNAVAILABLE"), TemporaryError, "UNAVAILABLE"),
        (DEVICE, Answer(400, {}, b"\xff<h1>Bad Request</h1>"), UnknownOutcome, ""),
        (DEVICE, Answer(400, {}, b"<h1>Bad Request</h1>"), PermanentError, "400"),
        (DEVICE, answer_json(400, {"error": {"details": [{"@type": 7}]}}), PermanentError, "400"),
        (DEVICE, answer_json(400, {"error": {"details": [7]}}), UnknownOutcome, ""),
        (DEVICE, Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (DEVICE, Answer(504, {}, b""), UnknownOutcome, "504"),
        (DEVICE, Answer(301, {"Location": "https://www.example.org/"}), TemporaryError, "301"),
        (DEVICE, answer_json(200, {}), UnknownOutcome, ""),
        (DEVICE, answer_json(200, {"name": 7}), UnknownOutcome, ""),
        (DEVICE, answer_json(200, []), UnknownOutcome, ""),
        (ROLE, refusal(404, "NOT_FOUND", "UNREGISTERED"), PermanentError, "UNREGISTERED"),
        (ROLE, refusal(400, INVALID, INVALID, NOT_A_TOKEN), PermanentError, INVALID),
        (ROLE, refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), PermanentError, "SENDER_ID_MISMATCH"),
    ],
)
def test_an_answer_gives_its_typed_error_after_one_request(
    provider: FcmProvider,
    server: FcmServer,
    make_push: MakePush,
    to: str,
    answer: Answer,
    error: type[ProviderError],
    code: str,
) -> None:
    server.scripted = answer
    with pytest.raises(ProviderError) as raised:
        provider.send(make_push(to=to))
    assert type(raised.value) is error, raised.value
    assert raised.value.code == code
    assert "FCM" in str(raised.value)
    assert (len(server.requests), server.token_requests) == (1, 1)


def test_a_device_of_another_project_is_told_to_the_operator_and_not_given_up(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, caplog: pytest.LogCaptureFixture
) -> None:
    server.scripted = refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH")
    with pytest.raises(PermanentError):
        provider.send(make_push())
    [told] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "SENDER_ID_MISMATCH" in told.message
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_sdk_neither_waits_nor_tries_again(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, status: int
) -> None:
    provider.send(make_push())
    server.scripted = refusal(status, "UNAVAILABLE", Retry_After="7")
    begun = time.monotonic()
    with pytest.raises(TemporaryError) as raised:
        provider.send(make_push())
    assert time.monotonic() - begun < 1
    assert raised.value.retry_after == (None if status == 500 else RETRY_AFTER)
    assert len(server.requests) == 2
