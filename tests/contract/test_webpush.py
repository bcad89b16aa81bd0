"""Web Push keeps the contract of every provider, reaches push services only, and a browser can read what it sends."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.checks import Error

from notifications.devices import parse
from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import PushMessage, SmsMessage
from notifications.providers.transport import vapid
from notifications.providers.webpush import WebPushProvider
from notifications.testing.providers import RETRY_AFTER, ProviderContract
from tests.contract.http_server import Answer, answer_json
from tests.contract.webpush_server import OTHER_KEY, SUBJECT, Browser, WebPushServer, decoded

KEY = vapid.generate()
PRIVATE, PUBLIC = vapid.private_text(KEY), vapid.public_text(KEY)
MakePush = Callable[..., PushMessage]
MakeWebPush = Callable[..., WebPushProvider]


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[WebPushServer]:
    server = WebPushServer(PUBLIC, tls=tls)
    yield server
    server.close()


@pytest.fixture
def make_provider(server: WebPushServer) -> Iterator[MakeWebPush]:
    made: list[WebPushProvider] = []

    def make(**options: Any) -> WebPushProvider:
        defaults: dict[str, Any] = {
            "alias": "webpush",
            "vapid_private_key": PRIVATE,
            "vapid_subject": SUBJECT,
            "allowed_hosts": (f"127.0.0.1:{server.port}",),
            "timeout_seconds": 5,
        }
        made.append(WebPushProvider(**(defaults | options)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def provider(make_provider: MakeWebPush) -> WebPushProvider:
    return make_provider()


@pytest.fixture
def make_push(server: WebPushServer) -> MakePush:
    """Make a push message to Ada's laptop; values replace its fields."""
    laptop = server.subscribe()

    def make(**values: Any) -> PushMessage:
        fields: dict[str, Any] = {
            "delivery_id": uuid4(),
            "channel": "push",
            "to": laptop,
            "title": "Your appointment",
            "text": "Tomorrow at ten",
        }
        return PushMessage(**(fields | values))

    return make


class TestWebPush(ProviderContract):
    backend = "notifications.providers.webpush.WebPushProvider"
    required_options = ("vapid_private_key", "vapid_subject")
    sdk = ("pywebpush", "py_vapid", "requests", "aiohttp")

    @pytest.fixture
    def options(self, server: WebPushServer) -> dict[str, Any]:
        return {
            "vapid_private_key": PRIVATE,
            "vapid_subject": SUBJECT,
            "allowed_hosts": (f"127.0.0.1:{server.port}",),
            "timeout_seconds": 0.7,
        }

    @pytest.fixture
    def message(self, make_push: MakePush) -> PushMessage:
        return make_push()


def test_the_browser_of_these_tests_reads_the_example_of_rfc_8291() -> None:
    key = ec.derive_private_key(
        int.from_bytes(decoded("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"), ec.SECP256R1()
    )
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    browser = Browser(key, decoded("BTBZMqHH6r4Tts7J_aSIgg"))
    assert browser.decrypt(decoded(body)) == b"When I grow up, I want to be a watermelon"


def test_a_service_worker_reads_all_of_a_message(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush
) -> None:
    message = make_push(
        title="Größe 🎈",
        text="Grüße",
        language="de",
        link="https://clinic.example/visits/7",
        image="https://clinic.example/map.png",
        badge=0,
        collapse_key="visit-7",
        critical=True,
        expires_at=datetime.now(UTC) + timedelta(hours=2),
        data={"notification_id": "42", "title": "not this one"},
    )
    receipt = provider.send(message)
    assert receipt.provider_id == "1"
    [push] = server.pushes
    assert push.content == {
        "title": "Größe 🎈",
        "body": "Grüße",
        "tag": "visit-7",
        "lang": "de",
        "link": "https://clinic.example/visits/7",
        "image": "https://clinic.example/map.png",
        "badge_count": 0,
        "notification_id": "42",
        "delivery_id": str(message.delivery_id),
    }
    assert (push.headers["urgency"], push.headers["topic"]) == ("high", "visit-7")
    assert 7190 <= int(push.headers["ttl"]) <= 7200
    assert push.headers["content-type"] == "application/octet-stream"
    assert b"visits" not in server.requests[0].body


def test_a_plain_message_has_no_more_than_it_needs(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush
) -> None:
    message = make_push()
    provider.send(message)
    [push] = server.pushes
    id_ = str(message.delivery_id)
    assert push.content == {"title": "Your appointment", "body": "Tomorrow at ten", "tag": id_, "delivery_id": id_}
    assert (push.headers["urgency"], push.headers["ttl"]) == ("normal", "2419200")
    assert "topic" not in push.headers
    assert "cookie" not in push.headers


def test_options_say_how_long_and_how_urgently(
    make_provider: MakeWebPush, server: WebPushServer, make_push: MakePush
) -> None:
    provider = make_provider(urgency="very-low", ttl_seconds=60)
    provider.send(make_push())
    provider.send(make_push(high_priority=True, expires_at=datetime.now(UTC) - timedelta(hours=1)))
    told = [(each.headers["urgency"], each.headers["ttl"]) for each in server.pushes]
    assert told == [("very-low", "60"), ("high", "0")]


@pytest.mark.parametrize("key", ["visit 7", "ä", "v" * 33, "a/b+c="])
def test_any_collapse_key_fits_the_header(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, key: str
) -> None:
    for each in (key, key, f"{key}!"):
        provider.send(make_push(collapse_key=each))
    first, again, other = (each.headers["topic"] for each in server.pushes)
    assert first == again != other
    assert server.pushes[0].content["tag"] == key


def test_the_largest_text_is_taken_and_one_that_is_larger_is_not_sent(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush
) -> None:
    empty = make_push(text="")
    provider.send(empty)
    room = 4096 - len(server.requests[0].body)
    provider.send(make_push(text="x" * room))
    assert len(server.requests[1].body) == 4096
    with pytest.raises(PermanentError, match="has 3994 bytes; Web Push carries at most 3993") as raised:
        provider.send(make_push(text="x" * (room + 1)))
    assert raised.value.code == "size"
    assert len(server.pushes) == 2


# Who sends.


def test_a_token_says_who_sends_for_half_a_day_and_serves_many_messages(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        provider.send(make_push())
    assert server.claims["sub"] == SUBJECT
    assert abs(server.claims["exp"] - time.time() - 12 * 3600) < 60
    assert len({each.headers["authorization"] for each in server.pushes}) == 1
    monkeypatch.setattr(vapid, "RENEW_SECONDS", 0)
    provider.send(make_push())
    assert len({each.headers["authorization"] for each in server.pushes}) == 2


def test_each_push_service_is_shown_a_token_of_its_own(
    make_provider: MakeWebPush, server: WebPushServer, make_push: MakePush, tls: ssl.SSLContext
) -> None:
    other = WebPushServer(PUBLIC, tls=tls)
    try:
        provider = make_provider(allowed_hosts=(f"127.0.0.1:{server.port}", f"127.0.0.1:{other.port}"))
        provider.send(make_push())
        provider.send(make_push(to=other.subscribe("phone")))
        assert (len(server.pushes), len(other.pushes)) == (1, 1)
        assert server.claims["aud"] != other.claims["aud"]
    finally:
        other.close()


def test_a_key_in_pem_is_the_same_key(make_provider: MakeWebPush, server: WebPushServer, make_push: MakePush) -> None:
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        pem = KEY.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        for text in (pem, pem.replace("\n", "\\n")):
            provider = make_provider(vapid_private_key=text)
            assert provider.public_key == PUBLIC
            assert provider.check() == []
            provider.send(make_push())
    assert len(server.pushes) == 4


def test_another_key_than_that_of_the_subscription_is_refused_for_good_and_not_shown(
    make_provider: MakeWebPush, make_push: MakePush
) -> None:
    other = vapid.private_text(vapid.generate())
    provider = make_provider(vapid_private_key=other)
    with pytest.raises(PermanentError, match=r"403: the VAPID credentials .* do not correspond to") as raised:
        provider.send(make_push())
    assert other not in f"{raised.value}{provider}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vapid_private_key": "quicksilver"}, r"\['vapid_private_key'\]: "),
        ({"vapid_subject": "push@clinic.example"}, "Missing 'sub'"),
    ],
)
def test_a_wrong_setting_holds_messages_back_and_sends_nothing(
    make_provider: MakeWebPush, server: WebPushServer, make_push: MakePush, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(TemporaryError, match=said) as raised:
        make_provider(**options).send(make_push())
    assert "quicksilver" not in str(raised.value)
    assert server.requests == []


# Where it goes.


def test_no_host_is_reached_that_is_not_a_push_service(
    make_provider: MakeWebPush, server: WebPushServer, make_push: MakePush
) -> None:
    message = make_push()
    with pytest.raises(PermanentError, match=r"No message may go to 127\.0\.0\.1: it is no push service") as raised:
        WebPushProvider(alias="webpush", vapid_private_key=PRIVATE, vapid_subject=SUBJECT).send(message)
    assert raised.value.code == "host"
    assert "push/laptop" not in str(raised.value)
    assert server.connections == 0


def test_a_name_that_leads_to_a_private_address_is_not_even_looked_up(
    make_provider: MakeWebPush, server: WebPushServer, make_push: MakePush, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    look_up = socket.getaddrinfo

    def notice(host: str, *args: Any, **kwargs: Any) -> Any:
        looked_up.append(host)
        return look_up("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", notice)
    provider = make_provider(allowed_hosts=("*.push.apple.com",))
    text = make_push().to.replace(f"127.0.0.1:{server.port}", "web.push.apple.com.evil.example")
    with pytest.raises(PermanentError, match="No message may go to"):
        provider.send(make_push(to=text))
    assert (looked_up, server.connections) == ([], 0)


def test_a_redirect_is_not_followed(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, tls: ssl.SSLContext
) -> None:
    inside = WebPushServer(PUBLIC, tls=tls)
    try:
        for status in (301, 302, 307, 308):
            server.scripted = Answer(status, {"Location": f"{inside.url}push/laptop"})
            with pytest.raises(TemporaryError, match="redirect, which is not followed"):
                provider.send(make_push())
        assert (inside.connections, len(server.requests)) == (0, 4)
    finally:
        inside.close()


def test_a_push_service_that_cannot_be_reached_is_temporary_and_the_endpoint_is_not_shown(
    make_provider: MakeWebPush, make_push: MakePush, server: WebPushServer
) -> None:
    message = make_push()
    server.refuse()
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1 was not reached: ConnectionRefusedError") as raised:
        make_provider().send(message)
    assert "push/laptop" not in str(raised.value)


def test_plain_http_will_do_on_loopback(make_push: MakePush, make_provider: MakeWebPush) -> None:
    plain = WebPushServer(PUBLIC)
    try:
        make_provider(allowed_hosts=(f"127.0.0.1:{plain.port}",)).send(make_push(to=plain.subscribe()))
        assert len(plain.pushes) == 1
    finally:
        plain.close()


def test_many_browsers_cost_few_connections(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush
) -> None:
    messages = [make_push(to=server.subscribe(f"browser{number}")) for number in range(500)]
    with ThreadPoolExecutor(32) as threads:
        receipts = list(threads.map(provider.send, messages))
    assert len({each.provider_id for each in receipts}) == 500
    assert sorted(server.taken()) == sorted(each.delivery_id for each in messages)
    assert sorted(each.browser for each in server.pushes) == sorted(f"browser{number}" for number in range(500))
    assert server.connections <= 32


# What it takes, and what it is told.


@pytest.mark.parametrize(
    ("to", "takes"), [("webpush:{}", True), ("fcm:abc", False), ("topic:doctors", False), ("abc", False), ("", False)]
)
def test_it_takes_what_is_for_browsers(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, to: str, takes: bool
) -> None:
    message = make_push(to=to)
    assert provider.takes(message) is takes
    with pytest.raises(AddressError if takes else PermanentError):
        provider.send(message)
    assert server.requests == []


def test_only_push_messages_are_sent(provider: WebPushProvider) -> None:
    sms = SmsMessage(delivery_id=uuid4(), channel="sms", to="webpush:{}", text="Hello")
    assert not provider.takes(sms)
    with pytest.raises(PermanentError, match="PushMessage only, not SmsMessage"):
        provider.send(sms)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (Answer(404), AddressError, "404"),
        (Answer(410), AddressError, "410"),
        (Answer(400, {}, b'{"reason":"BadWebPushTopic"}'), PermanentError, "400"),
        # The subscription was made for another key: in the words of Apple, Mozilla and Google.
        (Answer(400, {}, b'{"reason":"VapidPkHashMismatch"}'), PermanentError, "400"),
        (answer_json(401, {"errno": 109, "message": "VAPID public key mismatch"}), PermanentError, "401"),
        (Answer(403, {}, OTHER_KEY.encode()), PermanentError, "403"),
        # The operator has to put something right, or the clock is wrong.
        (answer_json(401, {"errno": 109, "message": "Invalid VAPID expiry"}), TemporaryError, "401"),
        (Answer(401), TemporaryError, "401"),
        (Answer(403, {}, b'{"reason":"BadJwtToken"}'), TemporaryError, "403"),
        (Answer(403, {}, b"invalid JWT provided"), TemporaryError, "403"),
        (Answer(406), TemporaryError, "406"),  # too many, to Windows
        (Answer(413), PermanentError, "413"),
        (Answer(429), TemporaryError, "429"),
        (Answer(500), TemporaryError, "500"),
        (Answer(503), TemporaryError, "503"),
        (Answer(502), UnknownOutcome, "502"),
        (Answer(504), UnknownOutcome, "504"),
        (Answer(204), UnknownOutcome, "204"),
        (Answer(raw=b"SSH-2.0\r\n"), UnknownOutcome, ""),
    ],
)
def test_an_answer_gives_its_typed_error(
    provider: WebPushProvider,
    server: WebPushServer,
    make_push: MakePush,
    answer: Answer,
    error: type[ProviderError],
    code: str,
) -> None:
    server.scripted = answer
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1") as raised:
        provider.send(make_push())
    assert type(raised.value) is error
    assert raised.value.code == code
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_push_service_takes_a_message_in_its_own_way(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, status: int
) -> None:
    server.scripted = Answer(status)
    assert provider.send(make_push()).state == "sent"


@pytest.mark.parametrize("status", [406, 429, 503])
def test_the_wait_that_a_push_service_names_is_told(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, status: int
) -> None:
    server.scripted = Answer(status, {"Retry-After": "7"})
    with pytest.raises(TemporaryError) as raised:
        provider.send(make_push())
    assert raised.value.retry_after == RETRY_AFTER


@pytest.mark.parametrize(
    ("headers", "provider_id"),
    [
        ({"Location": "https://updates.push.services.mozilla.com/m/gAAAA"}, "gAAAA"),
        ({"Location": f"https://fcm.googleapis.com/{'a' * 300}"}, "a" * 200),
        ({"apns-id": "EB7D"}, "EB7D"),
        ({"X-WNS-MSG-ID": "19A8"}, "19A8"),
        ({}, ""),
    ],
)
def test_a_push_service_names_the_message_in_its_own_way(
    provider: WebPushProvider, server: WebPushServer, make_push: MakePush, headers: dict[str, str], provider_id: str
) -> None:
    server.scripted = Answer(201, headers)
    assert provider.send(make_push()).provider_id == provider_id


def test_the_address_of_a_browser_is_its_subscription(server: WebPushServer) -> None:
    assert parse(server.subscribe("phone")).subscription["endpoint"] == f"{server.url}push/phone"


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['webpush']['OPTIONS']"
MAKE_KEY = "manage.py vapid_keys makes a pair; the public key goes to the browsers."
REACH = "Say where a push service reaches you: mailto:push@example.com or https://example.com."
HOSTS = "Give names such as fcm.googleapis.com or *.push.apple.com; left out, it has those of the browsers."


def wrong(number: str, text: str, hint: str) -> Error:
    return Error(f"{WHERE}{text}", hint=hint, id=f"notifications.webpush.{number}")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"vapid_subject": "https://clinic.example", "allowed_hosts": ("push.example.org", "*.push.apple.com")}, []),
        ({"vapid_private_key": ""}, [wrong("E002", "['vapid_private_key'] has 0 bytes, not 32.", MAKE_KEY)]),
        ({"vapid_private_key": PRIVATE[:-1]}, [wrong("E002", "['vapid_private_key'] has 31 bytes, not 32.", MAKE_KEY)]),
        ({"vapid_private_key": "ä"}, [wrong("E002", "['vapid_private_key'] is neither base64url nor PEM.", MAKE_KEY)]),
        (
            {"vapid_private_key": "A" * 43},
            [wrong("E002", "['vapid_private_key'] is no key of the curve P-256.", MAKE_KEY)],
        ),
        (
            {"vapid_private_key": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"},
            [wrong("E002", "['vapid_private_key'] is no PEM of a private key without a password.", MAKE_KEY)],
        ),
        ({"vapid_subject": "ada@example.org"}, [wrong("E003", "['vapid_subject'] is 'ada@example.org'.", REACH)]),
        (
            {"vapid_subject": "https://a.example/b"},
            [wrong("E003", "['vapid_subject'] is 'https://a.example/b'.", REACH)],
        ),
        *(
            ({"vapid_subject": subject}, [wrong("E003", f"['vapid_subject'] is {subject!r}.", REACH)])
            for subject in ("mailto:push@clinic.local", "mailto:push@clinic.invalid", "https://push.localhost")
        ),
        ({"urgency": "urgent"}, [wrong("E004", "['urgency'] is 'urgent'.", "Valid: very-low, low, normal, high.")]),
        (
            {"ttl_seconds": -1},
            [wrong("E005", "['ttl_seconds'] is -1.", "Give a whole number from 0 to 2419200, which is four weeks.")],
        ),
        ({"allowed_hosts": ()}, [wrong("E006", "['allowed_hosts'] is empty.", HOSTS)]),
        (
            {"allowed_hosts": ("*.com", "https://a.example", "10.0.0.1", "*", "10.0.0.1:80", "push.example.org")},
            [
                wrong(
                    "E006",
                    "['allowed_hosts'] has what is no host: *.com, https://a.example, 10.0.0.1, *, 10.0.0.1:80.",
                    HOSTS,
                )
            ],
        ),
    ],
)
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    given = {"alias": "webpush", "vapid_private_key": PRIVATE, "vapid_subject": SUBJECT}
    assert WebPushProvider(**{**given, **options}).check() == expected
