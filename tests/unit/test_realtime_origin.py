"""A WebSocket is accepted from the pages of this site only."""

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from pytest_django import Settings

from notifications.realtime.origin import SameOriginValidator


async def page(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})


async def accepted(**headers: str) -> bool:
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    communicator = WebsocketCommunicator(SameOriginValidator(page), "/ws/", headers=pairs)
    connected, _ = await communicator.connect()
    await communicator.disconnect()
    return bool(connected)


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["clinic.example", "localhost"]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("clinic.example", "https://clinic.example"),
        ("Clinic.Example", "https://clinic.example"),
        ("localhost:8000", "http://localhost:8000"),
    ],
)
async def test_the_site_itself_is_accepted(host: str, origin: str) -> None:
    assert await accepted(host=host, origin=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://clinic.example.evil.example",
        "https://evilclinic.example",
        "https://sub.clinic.example",
        "https://clinic.example:8443",
        "https://clinic.example@evil.example",
        "ftp://clinic.example",
        "clinic.example",
        "null",
        "",
        "https://",
        "https://[",
        "file://",
        "https://clinic.example\xff",
    ],
)
async def test_another_origin_is_refused(origin: str) -> None:
    assert not await accepted(host="clinic.example", origin=origin)


async def test_no_origin_is_refused_even_if_every_host_is_allowed(settings: Settings) -> None:
    assert not await accepted(host="clinic.example")
    settings.ALLOWED_HOSTS = ["*"]
    assert not await accepted(host="clinic.example")
    assert not await accepted(host="clinic.example", origin="https://evil.example")
    assert await accepted(host="any.example", origin="https://any.example")


async def test_two_origins_are_refused() -> None:
    headers = [(b"host", b"clinic.example"), *[(b"origin", b"https://clinic.example")] * 2]
    communicator = WebsocketCommunicator(SameOriginValidator(page), "/ws/", headers=headers)
    assert (await communicator.connect())[0] is False
    await communicator.disconnect()


async def test_a_host_that_is_not_ours_is_refused_though_the_origin_is_the_same() -> None:
    assert not await accepted(host="rebound.example", origin="https://rebound.example")
    assert not await accepted(origin="https://clinic.example")


async def test_trusted_origins_are_those_of_the_csrf_protection(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example", "https://*.partner.example"]
    assert await accepted(host="clinic.example", origin="https://app.example")
    assert await accepted(host="clinic.example", origin="https://a.b.partner.example")
    assert not await accepted(host="clinic.example", origin="http://app.example")
    assert not await accepted(host="clinic.example", origin="https://app.example:444")
    assert not await accepted(host="clinic.example", origin="https://evilpartner.example")


async def test_the_forwarded_host_counts_only_where_the_settings_say_so(settings: Settings) -> None:
    headers = {"host": "localhost", "x_forwarded_host": "clinic.example", "origin": "https://clinic.example"}
    assert not await accepted(**headers)
    settings.USE_X_FORWARDED_HOST = True
    assert await accepted(**headers)


async def test_development_without_allowed_hosts_means_this_machine(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = []
    assert not await accepted(host="localhost:8000", origin="http://localhost:8000")
    settings.DEBUG = True
    assert await accepted(host="localhost:8000", origin="http://localhost:8000")
    assert await accepted(host="[::1]:8000", origin="http://[::1]:8000")
