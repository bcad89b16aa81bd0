"""One access token serves all threads, connections are few, and credentials come from where they may."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import TemporaryError
from notifications.providers.fcm import FcmProvider
from tests.contract.fcm import TOKEN, MakeFcm, MakePush
from tests.contract.fcm_server import EMAIL, PROJECT, FcmServer, refusal
from tests.contract.http_server import Answer, answer_json


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
