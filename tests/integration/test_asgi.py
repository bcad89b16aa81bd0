"""The ASGI application serves pages, and lets the inbox's WebSocket in from this site alone."""

import pytest
from channels.testing import HttpCommunicator, WebsocketCommunicator

from project.asgi import application

HOST = (b"host", b"localhost:8000")
pytestmark = pytest.mark.django_db(transaction=True)


async def refusal(*headers: tuple[bytes, bytes]) -> int:
    """Open the inbox's socket without signing in, and return the code with which it is closed."""
    socket = WebsocketCommunicator(application, "/ws/notifications/", headers=[HOST, *headers])
    connected, code = await socket.connect()
    if connected:
        code = (await socket.receive_output())["code"]
    await socket.disconnect()
    assert isinstance(code, int)
    return code


async def test_a_page_is_served() -> None:
    request = HttpCommunicator(application, "GET", "/accounts/login/", headers=[HOST])
    response = await request.get_response()
    await request.wait()
    assert response["status"] == 200


@pytest.mark.parametrize("origin", [b"https://elsewhere.example", b"http://localhost:9", b"null", b"no origin"])
async def test_a_socket_from_elsewhere_is_refused(origin: bytes) -> None:
    assert await refusal((b"origin", origin)) == 1000


async def test_a_socket_that_does_not_say_where_it_is_from_is_refused() -> None:
    assert await refusal() == 1000


async def test_a_socket_from_this_site_reaches_the_inbox_which_asks_for_a_sign_in() -> None:
    assert await refusal((b"origin", b"http://localhost:8000")) == 4401
