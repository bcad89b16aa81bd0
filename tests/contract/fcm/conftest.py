"""A server of Google's, a provider that sends to it, and push messages."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from notifications.messages import PushMessage
from notifications.providers.fcm import FcmProvider
from tests.contract.fcm import TOKEN, MakeFcm, MakePush
from tests.contract.fcm_server import FcmServer


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
