"""Twilio keeps the contract of every provider, and every request keeps to Twilio's published description."""

import logging
import os
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import Error, Warning
from pytest_django.fixtures import Settings

from notifications.exceptions import (
    AddressError,
    OptedOutError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import PushMessage, Receipt, SmsMessage
from notifications.providers.twilio import TwilioProvider
from notifications.testing.providers import RETRY_AFTER, ProviderContract, Scenario
from tests.contract.http_server import Answer, answer_json
from tests.contract.sms import sms
from tests.contract.twilio_server import (
    ACCOUNT,
    KEY,
    NUMBER,
    SECRET,
    SERVICE,
    TOKEN,
    TwilioServer,
    delivery_id,
    refusal,
)

SITE = "https://notify.example.com"
MakeTwilio = Callable[..., TwilioProvider]


@pytest.fixture
def public_site(settings: Settings) -> None:
    """A site that Twilio can reach."""
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "BASE_URL": SITE}


@pytest.fixture
def server(tls: ssl.SSLContext, public_site: None) -> Iterator[TwilioServer]:
    server = TwilioServer(tls=tls)
    yield server
    server.close()


@pytest.fixture
def make_provider(server: TwilioServer) -> Iterator[MakeTwilio]:
    """Make a provider for the server; options replace its own, and it is closed after the test."""
    made: list[TwilioProvider] = []

    def make(**options: Any) -> TwilioProvider:
        own = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER, "timeout_seconds": 5}
        made.append(TwilioProvider(**{"alias": "twilio", "api_url": server.url, **own, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def provider(make_provider: MakeTwilio) -> TwilioProvider:
    return make_provider()


class TestTwilio(ProviderContract):
    backend = "notifications.providers.twilio.TwilioProvider"
    required_options = ("account_sid",)
    sdk = ("twilio", "requests", "urllib3", "phonenumbers")

    @pytest.fixture
    def options(self, server: TwilioServer) -> dict[str, Any]:
        return {
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "from_number": NUMBER,
            "api_url": server.url,
            "timeout_seconds": 0.7,
        }

    @pytest.fixture
    def message(self) -> SmsMessage:
        return sms(type="clinic.note", language="en")


# What is asked of Twilio.


def test_a_message_has_its_number_text_sender_and_callback(provider: TwilioProvider, server: TwilioServer) -> None:
    message = sms(text="Grüße 🎈 & “more”\nsoon", type="clinic.note")
    receipt = provider.send(message)
    [sid] = server.messages
    assert (receipt.provider_id, receipt.state, receipt.segments, receipt.cost) == (sid, "sent", 1, None)
    assert server.forms == [
        {
            "To": "+447700900123",
            "From": NUMBER,
            "Body": "Grüße 🎈 & “more”\nsoon",
            "StatusCallback": f"{SITE}/notifications/webhooks/twilio/?delivery_id={message.delivery_id}",
        }
    ]


def test_a_messaging_service_stands_in_for_a_number(make_provider: MakeTwilio, server: TwilioServer) -> None:
    receipt = make_provider(from_number="", messaging_service_sid=SERVICE).send(sms())
    [form] = server.forms
    assert (form["MessagingServiceSid"], form.get("From")) == (SERVICE, None)
    assert receipt.segments is None  # it has not chosen a sender yet


@pytest.mark.parametrize(
    ("to", "own", "sender"),
    [
        ("+447911123456", "", NUMBER),  # Guernsey's
        ("+447700900123", "", "Clinic"),  # not assigned to anybody: the first country with the code
        ("+14165550123", "", "+14165550100"),
        ("+15005550001", "", "12345"),
        ("+491711234567", "", SERVICE),
        ("+33612345678", "", NUMBER),
        ("+447700900123", "Pharmacy", "Pharmacy"),
    ],
)
def test_the_sender_is_the_messages_own_or_that_of_the_numbers_country(
    make_provider: MakeTwilio, server: TwilioServer, to: str, own: str, sender: str
) -> None:
    senders = {"GB": "Clinic", "CA": "+14165550100", "US": "12345", "DE": SERVICE}
    make_provider(senders=senders).send(sms(to=to, sender=own))
    [form] = server.forms
    assert form.get("From", form.get("MessagingServiceSid")) == sender


def test_an_api_key_is_used_rather_than_the_token(make_provider: MakeTwilio, server: TwilioServer) -> None:
    provider = make_provider(auth_token="another", api_key_sid=KEY, api_key_secret=SECRET)
    provider.send(sms())
    assert len(server.taken()) == 1
    assert not any(secret in repr(provider) for secret in (SECRET, "another"))


def test_a_wrong_token_holds_the_message_back_and_is_not_shown(make_provider: MakeTwilio) -> None:
    with pytest.raises(TemporaryError, match="401: 20003 Authenticate") as raised:
        make_provider(auth_token="wrong-token").send(sms())
    assert raised.value.code == "20003"
    assert "wrong-token" not in str(raised.value)


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (timedelta(hours=1), range(3590, 3601)),
        (timedelta(seconds=36_000), range(35_990, 36_001)),
        (timedelta(days=2), range(36_000, 36_001)),
        (timedelta(seconds=0.5), range(1, 2)),
        (-timedelta(hours=1), range(1, 2)),  # it was still in time when it was claimed
    ],
)
def test_a_message_that_expires_is_valid_until_then_within_twilios_bounds(
    provider: TwilioProvider, server: TwilioServer, left: timedelta, seconds: range
) -> None:
    provider.send(sms(expires_at=datetime.now(UTC) + left))
    assert server.forms[0]["ValidityPeriod"] in seconds


def test_media_go_along_by_their_addresses(provider: TwilioProvider, server: TwilioServer) -> None:
    urls = ("https://media.example.com/a.png?size=1", "http://media.example.com/b.png")
    receipt = provider.send(sms(media_urls=urls, text=""))
    [form] = server.forms
    assert (form["MediaUrl"], form.get("Body")) == (list(urls), None)
    assert receipt.provider_id.startswith("MM")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.png",
        "http://127.0.0.1/a.png",
        "https://10.0.0.7/a.png",
        "https://[::1]/a.png",
        "https://files/a.png",
        "https://files.internal/a.png",
        "ftp://media.example.com/a.png",
        "//media.example.com/a.png",
        "data:image/png;base64,AAAA",
        "",
    ],
)
def test_media_that_twilio_could_not_fetch_are_not_sent(
    provider: TwilioProvider, server: TwilioServer, url: str
) -> None:
    with pytest.raises(PermanentError, match="cannot fetch media 2"):
        provider.send(sms(media_urls=("https://media.example.com/a.png", url)))
    assert server.requests == []


def test_more_media_than_twilio_takes_are_not_sent(provider: TwilioProvider, server: TwilioServer) -> None:
    with pytest.raises(PermanentError, match="11 media, more than 10"):
        provider.send(sms(media_urls=("https://media.example.com/a.png",) * 11))
    assert server.requests == []


def test_a_text_is_sent_up_to_twilios_limit(provider: TwilioProvider, server: TwilioServer) -> None:
    provider.send(sms(text="x" * 1_600))
    with pytest.raises(PermanentError, match="1,601 characters, more than 1,600"):
        provider.send(sms(text="x" * 1_601))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "to", ["07700900456", "447700900456", "+44 7700 900456", "whatsapp:+447700900456", "", "+0123"]
)
def test_what_is_no_number_is_a_bad_address_without_a_request(
    provider: TwilioProvider, server: TwilioServer, to: str
) -> None:
    with pytest.raises(AddressError, match=r"not in E\.164") as raised:
        provider.send(sms(to=to))
    assert server.requests == []
    assert not to or to not in str(raised.value)


def test_a_text_that_cannot_be_written_is_refused_without_a_request(
    provider: TwilioProvider, server: TwilioServer
) -> None:
    with pytest.raises(PermanentError, match="UnicodeEncodeError"):
        provider.send(sms(text="half \ud83c"))
    assert server.requests == []


def test_only_text_messages_are_sent(provider: TwilioProvider) -> None:
    push = PushMessage(delivery_id=uuid4(), channel="push", to="token", title="Hi", text="Hello")
    with pytest.raises(PermanentError, match="SmsMessage only, not PushMessage"):
        provider.send(push)


@pytest.mark.parametrize(
    ("site", "token"),
    [
        ("http://localhost:8000", TOKEN),
        ("http://192.168.0.7", TOKEN),
        ("https://clinic_one.example.com", TOKEN),
        (SITE, ""),
    ],
)
def test_no_callback_is_asked_for_that_would_not_reach_us_or_could_not_be_trusted(
    make_provider: MakeTwilio, server: TwilioServer, settings: Settings, site: str, token: str
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "BASE_URL": site}
    make_provider(auth_token=token, api_key_sid=KEY, api_key_secret=SECRET).send(sms())
    assert "StatusCallback" not in server.forms[0]


def test_the_environments_region_does_not_change_the_server(
    make_provider: MakeTwilio, server: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    make_provider().send(sms())
    assert len(server.taken()) == 1


def test_nothing_of_a_message_is_logged(provider: TwilioProvider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        provider.send(sms(text="quicksilver"))
    assert "quicksilver" not in caplog.text
    assert "900123" not in caplog.text


# What Twilio answers.


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(400, 21211, "The 'To' number +447700900123 is not a valid phone number."), AddressError, "21211"),
        (refusal(400, 21614, "'To' number is not a valid mobile number"), AddressError, "21614"),
        (refusal(400, 21635, "'To' number cannot be a landline"), AddressError, "21635"),
        (refusal(400, 21610, "Attempt to send to unsubscribed recipient"), OptedOutError, "21610"),
        (refusal(400, 21617, "The message body exceeds the 1600 character limit"), PermanentError, "21617"),
        (refusal(400, 99999, "Something new"), PermanentError, "99999"),
        (Answer(400, {}, b"<h1>Bad Request</h1>"), PermanentError, "400"),
        (refusal(401, 20003, "Authenticate"), TemporaryError, "20003"),
        (refusal(403, 20003, "Permission Denied"), TemporaryError, "20003"),
        (refusal(404, 20404, "The requested resource was not found"), TemporaryError, "20404"),
        (refusal(400, 21408, "Permission to send an SMS has not been enabled for the region"), TemporaryError, "21408"),
        (refusal(400, 21606, "The 'From' phone number provided is not valid"), TemporaryError, "21606"),
        (refusal(400, 21612, "Message cannot be sent with the current combination"), TemporaryError, "21612"),
        (refusal(400, 21705, "The Messaging Service SID is invalid"), TemporaryError, "21705"),
        (refusal(429, 20429, "Too Many Requests"), TemporaryError, "20429"),
        (refusal(429, 21611, "This 'From' number has exceeded the maximum number of queued messages"), TemporaryError,
         "21611"),
        (refusal(400, 21212, "The 'From' number is not a valid phone number"), TemporaryError, "21212"),
        (refusal(404, 21701, "The Messaging Service does not exist"), TemporaryError, "21701"),
        (refusal(500, 20500, "Internal Server Error"), UnknownOutcome, "20500"),  # it may have been sent
        (Answer(500, {}, b"<h1>Error</h1>"), UnknownOutcome, "500"),
        (Answer(503, {}, b"upstream connect error"), TemporaryError, "503"),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (refusal(504, 20504, "Timeout"), UnknownOutcome, "20504"),
        (answer_json(400, {"type": "https://www.twilio.com/docs/api/errors/21211", "title": "Invalid parameter",
                           "status": 400, "code": 21211, "detail": "'To' +447700900123 is wrong"}), AddressError,
         "21211"),
        (answer_json(400, ["nonsense"]), PermanentError, "400"),
        (answer_json(201, {}), UnknownOutcome, ""),
        (answer_json(201, []), UnknownOutcome, ""),
        (Answer(201), UnknownOutcome, ""),
        (Answer(raw=b"nonsense\r\n\r\n"), UnknownOutcome, ""),
        (Answer(301, {"Location": "https://www.example.org/"}), TemporaryError, ""),
    ],
)  # fmt: skip
def test_an_answer_gives_its_typed_error(
    provider: TwilioProvider, server: TwilioServer, answer: Answer, error: type[ProviderError], code: str
) -> None:
    server.scripted = answer
    with pytest.raises(ProviderError, match="Twilio") as raised:
        provider.send(sms())
    assert isinstance(raised.value, error)
    assert raised.value.code == code
    assert not any(secret in str(raised.value) for secret in (TOKEN, "900123"))
    assert len(server.requests) == 1


def test_a_wait_is_named_also_for_a_queue_that_is_full(provider: TwilioProvider, server: TwilioServer) -> None:
    server.scripted = refusal(429, 21611, "Queue is full", Retry_After=str(int(RETRY_AFTER.total_seconds())))
    with pytest.raises(TemporaryError) as raised:
        provider.send(sms())
    assert raised.value.retry_after == RETRY_AFTER


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        ("failed", 30006, AddressError),
        ("undelivered", 21610, OptedOutError),
        ("failed", 30007, PermanentError),
        ("failed", 30003, TemporaryError),
        ("failed", None, TemporaryError),
    ],
)
def test_a_message_that_failed_as_it_was_taken_is_an_error(
    provider: TwilioProvider, server: TwilioServer, status: str, code: int | None, error: type[ProviderError]
) -> None:
    server.status, server.details = status, {"error_code": code, "error_message": "It failed"}
    with pytest.raises(ProviderError, match=f"took it as {status}") as raised:
        provider.send(sms())
    assert isinstance(raised.value, error)
    assert raised.value.code == str(code or "")


def test_a_status_that_is_not_known_is_no_failure(provider: TwilioProvider, server: TwilioServer) -> None:
    message = sms()
    provider.send(message)
    [taken] = server.messages.values()
    server.scripted = answer_json(201, {**taken, "status": "contemplated"})
    assert provider.send(message).state == "sent"


# Polling.


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("accepted", None, "sent"),
        ("queued", None, "sent"),
        ("sending", None, "sent"),
        ("sent", None, "sent"),
        ("delivered", None, "delivered"),
        ("read", None, "delivered"),
        ("undelivered", 30003, "failed"),
        ("undelivered", 30005, "bounced"),
        ("failed", 30006, "bounced"),
        ("failed", 21610, "failed"),
        ("failed", 30007, "failed"),
        ("canceled", None, "failed"),
    ],
)
def test_what_became_of_a_message_is_polled(
    provider: TwilioProvider, server: TwilioServer, status: str, code: int | None, state: str
) -> None:
    message = sms()
    sid = provider.send(message).provider_id
    server.report(
        sid, status, error_code=code, error_message="to +447700900123" if code else None, num_segments="3",
        price="-0.02370", price_unit="USD", date_updated="Tue, 03 Nov 2026 10:11:12 +0000",
    )  # fmt: skip
    assert provider.can_poll
    assert list(provider.poll([(message.delivery_id, sid)])) == [
        Receipt(
            delivery_id=message.delivery_id,
            state=state,  # type: ignore[arg-type]
            provider="twilio",
            provider_id=sid,
            code=str(code or ""),
            detail="to …" if code else "",
            cost=Decimal("0.0237"),
            segments=3,
            at=datetime(2026, 11, 3, 10, 11, 12, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    ("price", "unit", "cost"),
    [
        ("-0.00750", "USD", Decimal("0.0075")),
        ("-0.00750", "usd", Decimal("0.0075")),
        ("0.0", "USD", Decimal(0)),
        ("-0.00750", "EUR", None),
        (None, "USD", None),
        (None, None, None),
        ("much", "USD", None),
        ("NaN", "USD", None),
        ("-1e30", "USD", None),
    ],
)
def test_a_cost_is_positive_and_in_the_currency_of_the_deployment(
    provider: TwilioProvider, server: TwilioServer, price: str | None, unit: str | None, cost: Decimal | None
) -> None:
    message = sms()
    sid = provider.send(message).provider_id
    server.report(sid, "sent", price=price, price_unit=unit)
    [receipt] = provider.poll([(message.delivery_id, sid)])
    assert receipt.cost == cost


def test_messages_that_twilio_does_not_know_are_left_out_of_a_poll(
    provider: TwilioProvider, server: TwilioServer
) -> None:
    message = sms()
    sid = provider.send(message).provider_id
    asked = [(uuid4(), f"SM{uuid4().hex}"), (message.delivery_id, sid), (uuid4(), "../7"), (uuid4(), "")]
    assert [each.delivery_id for each in provider.poll(asked)] == [message.delivery_id]
    assert len(server.requests) == 3  # what is no id of Twilio's is not asked for


@pytest.mark.parametrize("scenario", [Scenario.TEMPORARY, Scenario.RATE_LIMIT, Scenario.SILENT, Scenario.REFUSED])
def test_a_poll_that_fails_is_temporary_and_the_receipts_before_stand(
    make_provider: MakeTwilio, server: TwilioServer, scenario: Scenario
) -> None:
    provider = make_provider(timeout_seconds=0.5)
    message = sms()
    sid = provider.send(message).provider_id
    receipts = iter(provider.poll([(message.delivery_id, sid), (message.delivery_id, sid)]))
    assert next(receipts).provider_id == sid
    server.show(scenario)
    with pytest.raises(TemporaryError) as raised:
        next(receipts)
    assert raised.value.retry_after == (RETRY_AFTER if scenario == Scenario.RATE_LIMIT else None)


def test_its_silence_tells_something_only_where_its_callbacks_surely_reach_us(make_provider: MakeTwilio) -> None:
    assert not make_provider().gives_receipts
    assert make_provider(receipts=True).gives_receipts


# Connections.


def test_one_connection_serves_one_message_after_the_other(provider: TwilioProvider, server: TwilioServer) -> None:
    for _ in range(3):
        provider.send(sms())
    assert (len(server.taken()), server.connections) == (3, 1)


def test_many_threads_share_the_connections_and_each_gets_the_id_of_its_own_message(
    make_provider: MakeTwilio, server: TwilioServer
) -> None:
    provider = make_provider(timeout_seconds=30)
    messages = [sms() for _ in range(320)]
    with ThreadPoolExecutor(32) as threads:
        receipts = list(threads.map(provider.send, messages))
    made = {sid: delivery_id(form) for sid, form in zip(server.messages, server.forms, strict=True)}
    assert {each.provider_id: each.delivery_id for each in receipts} == made
    assert Counter(made.values()) == Counter(each.delivery_id for each in messages)
    assert server.connections <= 32


def test_a_forked_process_leaves_the_connections_to_its_parent(
    provider: TwilioProvider, server: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.send(sms())
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)  # as if this were the child
    provider.send(sms())
    assert (len(server.taken()), server.connections) == (2, 2)


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['twilio']['OPTIONS']"


def twilio_error(number: str, text: str, hint: str) -> Error:
    return Error(f"{WHERE}{text}.", hint=hint, id=f"notifications.twilio.{number}")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"api_key_sid": KEY, "api_key_secret": SECRET}, []),
        ({"from_number": "Clinic & Co"}, []),
        ({"from_number": "12345"}, []),
        ({"from_number": "", "messaging_service_sid": SERVICE}, []),
        ({"senders": {"GB": "Clinic", "US": "12345", "DE": SERVICE}}, []),
        ({"receipts": True}, []),
        (
            {"account_sid": KEY},
            [twilio_error("E001", f"['account_sid'] is '{KEY}', which is none",
                          "It is AC and 32 hexadecimal digits: see the console's first page.")],
        ),
        (
            {"api_key_sid": KEY},
            [twilio_error("E002", " has only api_key_sid",
                          "Give both api_key_sid and api_key_secret, or neither to use auth_token.")],
        ),
        (
            {"auth_token": ""},
            [
                twilio_error("E003", " has neither an API key nor auth_token",
                             "Give api_key_sid and api_key_secret, auth_token, or best all three."),
                Warning(f"{WHERE}: there are no status callbacks without auth_token, which signs them.",
                        hint="Give it to learn what becomes of messages.", id="notifications.twilio.W001"),
            ],
        ),
        (
            {"auth_token": "", "api_key_sid": KEY, "api_key_secret": SECRET, "receipts": True},
            [twilio_error("E008", ": there are no status callbacks without auth_token, which signs them",
                          "Give it, or leave receipts out: messages of unknown outcome are sent twice.")],
        ),
        (
            {"messaging_service_sid": SERVICE},
            [twilio_error("E004", " has both from_number and messaging_service_sid", "Give one of them.")],
        ),
        (
            {"from_number": ""},
            [twilio_error("E004", " has neither from_number nor messaging_service_sid", "Give one of them.")],
        ),
        *(
            (
                {"from_number": wrong},
                [twilio_error("E005", f"['from_number'] is '{wrong}', which Twilio cannot send from",
                              "Give a number such as +15005550006, a short code,"
                              " or a name of at most 11 letters and digits.")],
            )
            for wrong in (SERVICE, "a name that is too long", "Clinic!")
        ),
        (
            {"from_number": "", "messaging_service_sid": ACCOUNT},
            [twilio_error("E006", f"['messaging_service_sid'] is '{ACCOUNT}', which is none",
                          "It is MG and 32 hexadecimal digits.")],
        ),
        (
            {"currency": "dollars"},
            [twilio_error("E007", "['currency'] is 'dollars', which is none",
                          "Name it as ISO 4217 does: USD, EUR, INR.")],
        ),
        (
            {"senders": {"Britain": "Clinic", "GB": "Clinic!"}},
            [
                Error(f"{WHERE}['senders']['Britain'] is no country.",
                      hint="Name countries as ISO 3166 does: GB, US, IN.", id="notifications.sms.E003"),
                Error(f"{WHERE}['senders']['GB'] is 'Clinic!', which Twilio cannot send from.",
                      hint="Give a number such as +15005550006, a short code, a name of at most 11 letters and digits,"
                      " or a messaging service.", id="notifications.sms.E004"),
            ],
        ),
        (
            {"api_url": "http://proxy.example.org/"},
            [Warning(f"{WHERE}['api_url'] sends the credentials in the clear.",
                     hint="Use https, unless the server runs on this host.", id="notifications.sms.W001")],
        ),
        (
            {"api_url": "nowhere"},
            [Error(f"{WHERE}['api_url'] is 'nowhere', which is no URL.",
                   hint="Give one such as https://api.example.com/.", id="notifications.sms.E002")],
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("public_site")
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    own = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER}
    assert TwilioProvider(**{"alias": "twilio", **own, **options}).check() == expected


def test_a_site_that_twilio_cannot_reach_is_named(settings: Settings) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "BASE_URL": "http://localhost:8000"}
    provider = TwilioProvider(alias="twilio", account_sid=ACCOUNT, auth_token=TOKEN, from_number=NUMBER)
    assert provider.check() == [
        Warning(
            f"{WHERE}: there are no status callbacks without a BASE_URL that Twilio can reach.",
            hint="Give it to learn what becomes of messages.",
            id="notifications.twilio.W001",
        )
    ]


@pytest.mark.usefixtures("public_site")
def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TwilioProvider, "libraries", ("no_such_library",))
    provider = TwilioProvider(alias="twilio", account_sid=ACCOUNT, auth_token=TOKEN, from_number=NUMBER)
    assert provider.check() == [
        Error(
            f"{WHERE}: no_such_library cannot be imported.",
            hint="Install notifications[twilio].",
            id="notifications.sms.E001",
        )
    ]
