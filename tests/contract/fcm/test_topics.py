"""Apps are subscribed to FCM's topics and unsubscribed, and given up only when they are gone."""

from __future__ import annotations

import time

import pytest

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError
from notifications.providers.fcm import FcmProvider
from notifications.testing.providers import Scenario
from tests.contract.fcm import INVALID, TOKEN, MakeFcm
from tests.contract.fcm_server import PROJECT, FcmServer, refusal
from tests.contract.http_server import Answer, answer_json

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
