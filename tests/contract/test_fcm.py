"""FCM keeps the contract of every provider, and every request keeps to Google's published description."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import PushMessage, SmsMessage
from notifications.providers.fcm import FcmProvider
from notifications.testing.providers import RETRY_AFTER, ProviderContract, Scenario
from tests.contract.fcm_server import EMAIL, NOT_A_TOKEN, PROJECT, FcmServer, refusal
from tests.contract.http_server import Answer, answer_json

TOKEN = "dXy-9_aQ:APA91bHun4MxP5egoKMwt2KZFBaFUH"
MakePush = Callable[..., PushMessage]
MakeFcm = Callable[..., FcmProvider]


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[FcmServer]:
    server = FcmServer(tls=tls)
    yield server
    server.hold_tokens.set()
    server.close()


@pytest.fixture
def make_provider(server: FcmServer) -> Iterator[MakeFcm]:
    made: list[FcmProvider] = []

    def make(**options: Any) -> FcmProvider:
        defaults = {"alias": "fcm", "credentials": server.account, "api_url": server.url, "timeout_seconds": 5}
        made.append(FcmProvider(**{**defaults, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def provider(make_provider: MakeFcm) -> FcmProvider:
    return make_provider()


@pytest.fixture
def make_push() -> MakePush:
    """Make a push message to Ada's phone; values replace its fields."""

    def make(**values: Any) -> PushMessage:
        fields: dict[str, Any] = {
            "delivery_id": uuid4(),
            "channel": "push",
            "to": f"fcm:{TOKEN}",
            "type": "clinic.note",
            "title": "Your appointment",
            "text": "Tomorrow at ten",
        }
        return PushMessage(**(fields | values))

    return make


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
INVALID = "INVALID_ARGUMENT"


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


# Topics.

APPS = [f"{TOKEN}{number}" for number in range(3)]


def test_apps_are_subscribed_and_unsubscribed_and_a_repeat_is_no_error(
    provider: FcmProvider, server: FcmServer
) -> None:
    for _ in range(2):
        assert provider.subscribe(APPS, "role.doctor") == [None] * 3
    assert server.subscribed == {"role.doctor": set(APPS)}
    for _ in range(2):
        assert provider.unsubscribe(APPS[:2], "role.doctor") == [None] * 2
    assert server.subscribed == {"role.doctor": {APPS[2]}}
    assert (len(server.requests), server.token_requests) == (10, 1)


def test_requests_for_a_topic_are_as_google_publishes_them(provider: FcmProvider, server: FcmServer) -> None:
    provider.subscribe(["a:b/c"], "doctors%20~")
    provider.unsubscribe(["a:b/c"], "doctors%20~")
    where = f"/v1/projects/{PROJECT}/registrations/a%3Ab%2Fc/topicSubscriptions"
    assert [(each.method, each.path) for each in server.requests] == [
        ("POST", f"{where}?topic_name=doctors%2520~"),
        ("DELETE", f"{where}/doctors%2520~?allow_missing=true"),
    ]
    assert server.requests[0].json == {}
    assert server.subscribed == {"doctors%20~": set()}


def test_an_app_that_is_gone_is_told_and_the_others_are_subscribed(provider: FcmProvider, server: FcmServer) -> None:
    server.gone = {APPS[1]}
    first, gone, last = provider.subscribe(APPS, "role.doctor")
    assert (first, last) == (None, None)
    assert isinstance(gone, AddressError)
    assert TOKEN not in str(gone)
    assert server.subscribed["role.doctor"] == {APPS[0], APPS[2]}
    assert server.messages == []  # whether it is gone was asked with a message that is only checked


@pytest.mark.parametrize(
    ("answer", "error", "requests"),
    [
        (refusal(404, "NOT_FOUND"), PermanentError, 2),
        (Answer(404, {}, b"<h1>Not Found</h1>"), PermanentError, 2),
        (refusal(400, INVALID), PermanentError, 2),
        (refusal(404, "NOT_FOUND", "UNREGISTERED"), AddressError, 1),
        (refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), PermanentError, 1),
        (refusal(403, "PERMISSION_DENIED"), TemporaryError, 1),
        (refusal(401, "UNAUTHENTICATED"), TemporaryError, 1),
        (refusal(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="7"), TemporaryError, 1),
        (refusal(500, "INTERNAL"), TemporaryError, 1),
        (refusal(503, "UNAVAILABLE", Retry_After="7"), TemporaryError, 1),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), TemporaryError, 1),
        (Answer(301, {"Location": "https://www.example.org/"}), TemporaryError, 1),
    ],
)
def test_a_refusal_of_a_subscription_is_typed_and_gives_up_no_app_without_proof(
    provider: FcmProvider, server: FcmServer, answer: Answer, error: type[ProviderError], requests: int
) -> None:
    server.scripted = answer
    begun = time.monotonic()
    for change in (provider.subscribe, provider.unsubscribe):
        server.requests.clear()
        [told] = change([TOKEN], "role.doctor")
        assert type(told) is error, told
        assert len(server.requests) == requests
    assert time.monotonic() - begun < 1


def test_an_access_token_that_is_refused_is_fetched_anew_for_the_next_topic(
    provider: FcmProvider, server: FcmServer
) -> None:
    provider.subscribe([TOKEN], "role.doctor")
    server.tokens[:] = ["revoked"]
    assert [type(each) for each in provider.unsubscribe([TOKEN], "role.doctor")] == [TemporaryError]
    assert provider.unsubscribe([TOKEN], "role.doctor") == [None]
    assert server.token_requests == 2


def test_without_an_access_token_no_topic_is_changed(provider: FcmProvider, server: FcmServer) -> None:
    server.token_answer = answer_json(503, {})
    with pytest.raises(TemporaryError, match="was not asked for the topic"):
        provider.subscribe(APPS, "role.doctor")
    assert server.requests == []


def test_a_topic_that_is_none_is_refused_before_a_request(provider: FcmProvider, server: FcmServer) -> None:
    with pytest.raises(PermanentError, match="Malformed topic name"):
        provider.subscribe(APPS, "all doctors")
    assert server.requests == []


def test_a_server_that_is_silent_about_a_topic_is_left_in_time(make_provider: MakeFcm, server: FcmServer) -> None:
    provider = make_provider(timeout_seconds=0.5)
    provider.subscribe(APPS, "role.nurse")
    server.show(Scenario.SILENT)
    begun = time.monotonic()
    assert [type(each) for each in provider.subscribe(APPS, "role.doctor")] == [TemporaryError] * 3
    assert time.monotonic() - begun < 1.5


def test_many_apps_are_subscribed_over_few_connections(provider: FcmProvider, server: FcmServer) -> None:
    apps = [f"{TOKEN}{number}" for number in range(300)]
    assert provider.subscribe(apps, "role.doctor") == [None] * 300
    assert server.subscribed["role.doctor"] == set(apps)
    assert (server.token_requests, server.connections <= 33) == (1, True)


# Tokens and connections.


def test_many_devices_cost_one_token_and_few_connections(
    provider: FcmProvider, server: FcmServer, make_push: MakePush
) -> None:
    server.hold_tokens.clear()
    messages = [make_push(to=f"fcm:{TOKEN}{number}") for number in range(500)]
    with ThreadPoolExecutor(32) as threads:
        sending = [threads.submit(provider.send, each) for each in messages]
        time.sleep(0.3)  # all threads have begun, and wait for a token
        server.hold_tokens.set()
        receipts = [each.result() for each in sending]
    assert len({each.provider_id for each in receipts}) == 500
    assert sorted(server.taken()) == sorted(each.delivery_id for each in messages)
    assert server.token_requests == 1
    assert server.connections <= 33


@pytest.mark.parametrize(
    "answer",
    [
        answer_json(503, {"error": "internal_failure"}),
        answer_json(500, {}),
        answer_json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
        answer_json(200, {"expires_in": 3600}),
        Answer(200, {}, b"<h1>It works!</h1>"),
        Answer(301, {"Location": "https://www.example.org/"}),
    ],
)
def test_without_a_token_nothing_is_sent_and_google_is_asked_once(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, answer: Answer
) -> None:
    server.token_answer = answer
    begun = time.monotonic()
    with pytest.raises(TemporaryError):
        provider.send(make_push())
    assert time.monotonic() - begun < 0.9
    assert (server.token_requests, server.requests) == (1, [])
    server.token_answer = None
    provider.send(make_push())


def test_threads_that_wait_for_a_token_share_its_failure(
    provider: FcmProvider, server: FcmServer, make_push: MakePush
) -> None:
    server.token_answer = answer_json(503, {})
    server.hold_tokens.clear()
    with ThreadPoolExecutor(16) as threads:
        sending = [threads.submit(provider.send, make_push()) for _ in range(16)]
        time.sleep(0.3)
        server.hold_tokens.set()
        errors = [each.exception() for each in sending]
    assert all(isinstance(each, TemporaryError) for each in errors)
    assert server.token_requests == 1


def test_a_token_that_does_not_come_ends_in_time_and_nothing_is_unknown(
    make_provider: MakeFcm, server: FcmServer, make_push: MakePush
) -> None:
    server.hold_tokens.clear()
    provider = make_provider(timeout_seconds=0.5)
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        errors = [each.exception() for each in [threads.submit(provider.send, make_push()) for _ in range(4)]]
    assert time.monotonic() - begun < 2.5
    assert all(type(each) is TemporaryError for each in errors), errors
    assert server.requests == []


def test_a_token_that_is_refused_is_fetched_anew_for_the_next_message(
    provider: FcmProvider, server: FcmServer, make_push: MakePush
) -> None:
    provider.send(make_push())
    server.tokens[:] = ["revoked"]
    with pytest.raises(TemporaryError, match="UNAUTHENTICATED"):
        provider.send(make_push())
    provider.send(make_push())
    assert (len(server.messages), server.token_requests) == (2, 2)


def test_a_wrong_key_at_apple_costs_no_token(provider: FcmProvider, server: FcmServer, make_push: MakePush) -> None:
    server.scripted = refusal(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR")
    for _ in range(3):
        with pytest.raises(TemporaryError):
            provider.send(make_push())
    assert (len(server.requests), server.token_requests) == (3, 1)


def test_a_server_that_cannot_be_reached_after_the_token_came_took_nothing(
    make_provider: MakeFcm, server: FcmServer, make_push: MakePush
) -> None:
    provider = make_provider(api_url="https://no.such.host.invalid/")
    with pytest.raises(TemporaryError, match="FCM was not reached"):
        provider.send(make_push())
    assert server.token_requests == 1


def test_two_providers_are_two_apps(make_provider: MakeFcm, server: FcmServer, make_push: MakePush) -> None:
    first, second = make_provider(), make_provider()
    first.send(make_push())
    second.send(make_push())
    first.close()
    second.send(make_push())
    first.send(make_push())  # opens again
    assert len(server.messages) == 4


def test_a_forked_process_has_an_app_of_its_own(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.send(make_push())
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)  # as if this were the child
    provider.send(make_push())
    assert server.token_requests == 2


def test_the_sdk_is_made_as_this_provider_knows_it(
    provider: FcmProvider, server: FcmServer, make_push: MakePush, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails when a new version of firebase-admin keeps its URL or its client elsewhere."""
    from firebase_admin import App, messaging
    from google.auth.credentials import AnonymousCredentials

    service = messaging._MessagingService(App("a", AnonymousCredentials(), {"projectId": PROJECT}))
    assert service._fcm_url == f"https://fcm.googleapis.com/v1/projects/{PROJECT}/messages:send"
    assert service._fcm_topic_url == f"https://fcm.googleapis.com/v1/projects/{PROJECT}/registrations"
    assert service._client.session is not None

    class Changed:
        def __init__(self, app: Any) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(messaging, "_MessagingService", Changed)
    with pytest.raises(TemporaryError, match="is not made as this provider knows it"):
        provider.send(make_push())
    assert server.requests == []


# Credentials.


def test_what_the_host_has_will_do(
    make_provider: MakeFcm, server: FcmServer, make_push: MakePush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "account.json"
    file.write_text(json.dumps(server.account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    provider = make_provider(credentials="")
    assert provider.check() == []
    provider.send(make_push())
    assert len(server.messages) == 1


def test_a_file_will_do(make_provider: MakeFcm, server: FcmServer, make_push: MakePush, tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text(json.dumps(server.account))
    make_provider(credentials="", credentials_file=str(file)).send(make_push())
    assert len(server.messages) == 1


def test_credentials_are_not_shown(make_provider: MakeFcm, server: FcmServer, make_push: MakePush) -> None:
    broken = {**server.account, "private_key": "-----BEGIN PRIVATE KEY-----\nquicksilver\n-----END PRIVATE KEY-----\n"}
    provider = make_provider(credentials=broken)
    with pytest.raises(TemporaryError) as raised:
        provider.send(make_push())
    assert "quicksilver" not in f"{raised.value}{provider}"
    assert "PRIVATE KEY" not in repr(make_provider())
    assert EMAIL not in repr(make_provider())


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['fcm']['OPTIONS']"
FORM = "It is the JSON that the Firebase console gives for a service account, with its private key."
ACCOUNT = {
    "type": "service_account",
    "project_id": PROJECT,
    "client_email": EMAIL,
    "private_key": "…",
    "token_uri": "https://oauth2.googleapis.com/token",
}


def wrong(text: str, hint: str = FORM, number: str = "E004") -> Error:
    return Error(f"{WHERE}{text}", hint=hint, id=f"notifications.fcm.{number}")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"credentials": json.dumps(ACCOUNT)}, []),
        ({"credentials": ""}, []),
        ({"credentials": "{"}, [wrong("['credentials'] is not JSON.")]),
        ({"credentials": {"type": "authorized_user"}}, [wrong("['credentials'] is not of the type service_account.")]),
        (
            {"credentials": {"type": "service_account", "project_id": "a"}},
            [wrong("['credentials'] has no client_email, private_key, token_uri.")],
        ),
        (
            {"credentials": "", "credentials_file": "/no/such/file.json"},
            [wrong("['credentials_file'] cannot be read: No such file or directory.")],
        ),
        (
            {"credentials_file": "/no/such/file.json"},
            [
                wrong(
                    " has both credentials and credentials_file.",
                    "Give one of them, or neither to let Google's libraries find them.",
                    "E003",
                )
            ],
        ),
        (
            {"ttl_seconds": 2_419_201},
            [
                wrong(
                    "['ttl_seconds'] is 2419201.",
                    "Give a whole number from 0 to 2419200, which is four weeks.",
                    "E005",
                )
            ],
        ),
        (
            {"api_url": "fcm.googleapis.com"},
            [
                wrong(
                    "['api_url'] is 'fcm.googleapis.com', which is no URL.",
                    "Give one such as https://api.example.com/.",
                    "E002",
                )
            ],
        ),
        (
            {"api_url": "http://proxy.example.org/"},
            [
                Warning(
                    f"{WHERE}['api_url'] sends the credentials in the clear.",
                    hint="Use https, unless the server runs on this host.",
                    id="notifications.fcm.W001",
                )
            ],
        ),
    ],
)
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    assert FcmProvider(**{"alias": "fcm", "credentials": ACCOUNT, **options}).check() == expected


def test_an_account_without_a_project_needs_a_project_id() -> None:
    account = {name: value for name, value in ACCOUNT.items() if name != "project_id"}
    assert FcmProvider(alias="fcm", credentials=account, project_id="other").check() == []
    assert FcmProvider(alias="fcm", credentials=account).check() == [wrong("['credentials'] has no project_id.")]
