"""Amazon SNS keeps the contract of every provider, through boto3 and in front of moto's server."""

import logging
import os
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import (
    AddressError,
    OptedOutError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import SmsMessage
from notifications.providers.sns import OPTED_OUT as OPTED_OUT_CODE
from notifications.providers.sns import SnsProvider
from notifications.testing.providers import ProviderContract, Scenario
from tests.contract.http_server import Answer
from tests.contract.moto_server import moto_server
from tests.contract.ses_server import KEY, REGION, SECRET
from tests.contract.sms import sms
from tests.contract.sns_server import OPTED_OUT, SnsServer, refusal

MakeSns = Callable[..., SnsProvider]


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture
def server(moto_port: int, tls: ssl.SSLContext) -> Iterator[SnsServer]:
    server = SnsServer(moto_port, tls=tls)
    yield server
    server.close()


@pytest.fixture
def make_provider(server: SnsServer) -> Iterator[MakeSns]:
    """Make a provider for the server; options replace its own, and it is closed after the test."""
    made: list[SnsProvider] = []

    def make(**options: Any) -> SnsProvider:
        keys = {"access_key_id": KEY, "secret_access_key": SECRET}
        own = {"region": REGION, "endpoint_url": server.url, "ask_opted_out": False, "timeout_seconds": 5}
        made.append(SnsProvider(**{"alias": "sns", **own, **keys, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestSns(ProviderContract):
    backend = "tests.contract.sns_marked.MarkedSnsProvider"
    required_options = ("region",)
    sdk = ("boto3", "botocore", "requests", "urllib3")

    @pytest.fixture
    def options(self, server: SnsServer) -> dict[str, Any]:
        return {
            "region": REGION,
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "endpoint_url": server.url,
            "ask_opted_out": False,
            "timeout_seconds": 1,
        }

    @pytest.fixture
    def message(self) -> SmsMessage:
        return sms(type="clinic.note")


# What is asked of SNS.


def test_a_message_has_its_number_and_text_and_nothing_that_sns_does_not_know(
    make_provider: MakeSns, server: SnsServer
) -> None:
    receipt = make_provider().send(sms(text="Grüße 🎈 & “more”\nsoon"))
    assert server.messages() == [("+447700900123", "Grüße 🎈 & “more”\nsoon")]
    assert [receipt.provider_id] == server.message_ids()
    assert server.attributes == [{"AWS.SNS.SMS.SMSType": ("String", "Transactional")}]


def test_the_highest_price_goes_along(make_provider: MakeSns, server: SnsServer) -> None:
    make_provider(max_price="0.10").send(sms())
    assert server.attributes[0]["AWS.SNS.SMS.MaxPrice"] == ("Number", "0.10")


@pytest.mark.parametrize(
    ("option", "critical", "sent_as"),
    [
        ("Transactional", False, "Transactional"),
        ("Promotional", False, "Promotional"),
        ("Promotional", True, "Transactional"),
    ],
)
def test_a_critical_message_is_transactional_and_others_are_as_the_option_says(
    make_provider: MakeSns, server: SnsServer, option: str, critical: bool, sent_as: str
) -> None:
    make_provider(sms_type=option).send(sms(critical=critical))
    assert server.attributes[0]["AWS.SNS.SMS.SMSType"] == ("String", sent_as)


@pytest.mark.parametrize(
    ("to", "own", "name", "sender"),
    [
        ("+33612345678", "", "AWS.SNS.SMS.SenderID", "Clinic"),
        ("+447700900123", "", "AWS.SNS.SMS.SenderID", "Surgery"),
        ("+14155550123", "", "AWS.MM.SMS.OriginationNumber", "+15005550006"),
        ("+447700900123", "Pharmacy", "AWS.SNS.SMS.SenderID", "Pharmacy"),
        ("+447700900123", "12345", "AWS.MM.SMS.OriginationNumber", "12345"),
    ],
)
def test_the_sender_is_the_messages_own_or_that_of_the_numbers_country(
    make_provider: MakeSns, server: SnsServer, to: str, own: str, name: str, sender: str
) -> None:
    provider = make_provider(sender_id="Clinic", senders={"GB": "Surgery", "US": "+15005550006"})
    provider.send(sms(to=to, sender=own))
    senders = {name: value for name, (_, value) in server.attributes[0].items() if name.endswith(("ID", "Number"))}
    assert senders == {name: sender}


def test_media_are_left_to_another_provider(make_provider: MakeSns, server: SnsServer) -> None:
    provider, message = make_provider(), sms(media_urls=("https://media.example.com/a.png",))
    assert not provider.takes(message)
    assert provider.takes(sms())
    with pytest.raises(PermanentError, match="text only"):
        provider.send(message)
    assert server.requests == []


def test_a_text_is_sent_up_to_snss_limit(make_provider: MakeSns, server: SnsServer) -> None:
    provider = make_provider()
    provider.send(sms(text="x" * 1_600))
    with pytest.raises(PermanentError, match="1,601 characters, more than 1,600"):
        provider.send(sms(text="x" * 1_601))
    assert len(server.requests) == 1


def test_what_is_no_number_is_a_bad_address_without_a_request(make_provider: MakeSns, server: SnsServer) -> None:
    with pytest.raises(AddressError, match=r"not in E\.164"):
        make_provider().send(sms(to="07700900123"))
    assert server.requests == []


def test_it_says_nothing_of_what_becomes_of_a_message(make_provider: MakeSns) -> None:
    provider = make_provider()
    assert not (provider.gives_receipts or provider.can_look_up or provider.can_poll)
    with pytest.raises(LookupError, match="cannot be polled"):
        provider.poll([])


# People who opted out.


def test_a_person_who_opted_out_gets_nothing_and_the_code_says_so(make_provider: MakeSns, server: SnsServer) -> None:
    provider = make_provider(ask_opted_out=True)
    with pytest.raises(OptedOutError, match="opted out") as raised:
        provider.send(sms(to=OPTED_OUT))
    assert raised.value.code == OPTED_OUT_CODE
    assert server.messages() == []
    provider.send(sms())
    assert server.asked == [OPTED_OUT, "+447700900123"]
    assert server.messages() == [("+447700900123", "Your medicine is ready.")]


@pytest.mark.parametrize("scenario", [Scenario.SILENT, Scenario.DROPS_AFTER_TAKING, Scenario.MALFORMED])
def test_a_question_without_an_answer_is_temporary_since_nothing_was_sent(
    make_provider: MakeSns, server: SnsServer, scenario: Scenario
) -> None:
    server.show(scenario)
    with pytest.raises(TemporaryError):
        make_provider(ask_opted_out=True, timeout_seconds=0.5).send(sms())
    assert server.messages() == []


def test_a_gateway_that_did_not_pass_the_question_on_is_temporary(make_provider: MakeSns, server: SnsServer) -> None:
    server.scripted = Answer(502, {}, b"<h1>Bad Gateway</h1>")
    with pytest.raises(TemporaryError, match="502"):
        make_provider(ask_opted_out=True).send(sms())


def test_a_message_that_is_not_written_after_the_question_is_temporary(
    make_provider: MakeSns, server: SnsServer
) -> None:
    server.refuses_after_question = True
    with pytest.raises(TemporaryError, match="was not reached"):
        make_provider(ask_opted_out=True).send(sms())
    assert (server.asked, server.messages()) == (["+447700900123"], [])


@pytest.mark.parametrize(("status", "code"), [(429, "Throttled"), (400, "Throttling"), (400, "ThrottlingException")])
def test_a_question_too_many_does_not_hold_the_message_back(
    make_provider: MakeSns, server: SnsServer, status: int, code: str
) -> None:
    server.answers_questions = refusal(status, code, "Rate exceeded")
    receipt = make_provider(ask_opted_out=True).send(sms())
    assert [receipt.provider_id] == server.message_ids()


def test_a_message_that_is_not_written_after_a_question_too_many_is_temporary(
    make_provider: MakeSns, server: SnsServer
) -> None:
    server.answers_questions = refusal(429, "Throttled", "Rate exceeded", Connection="close")
    server.refuses_after_question = True
    with pytest.raises(TemporaryError, match="was not reached"):
        make_provider(ask_opted_out=True).send(sms())


def test_a_question_that_may_not_be_asked_holds_the_message_back(make_provider: MakeSns, server: SnsServer) -> None:
    server.scripted = refusal(403, "AuthorizationError", "not authorized to perform: SNS:CheckIfPhoneNumberIsOptedOut")
    with pytest.raises(TemporaryError, match="CheckIfPhoneNumberIsOptedOut") as raised:
        make_provider(ask_opted_out=True).send(sms())
    assert raised.value.code == "AuthorizationError"


# What SNS answers.


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        # Said of every number in a region that sends no text messages.
        (refusal(400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: +447700900123 is not valid to"
                 " publish to"), TemporaryError, "InvalidParameter"),
        (refusal(400, "OptedOut", "The number is opted out"), AddressError, "OptedOut"),
        (refusal(400, "InvalidParameter", "Invalid parameter: +447700900123 is opted out"), AddressError, "OptedOut"),
        (refusal(400, "InvalidParameter", "Invalid parameter: Message too long"), PermanentError, "InvalidParameter"),
        (refusal(400, "ParameterValueInvalid", "The message attribute is wrong"), PermanentError,
         "ParameterValueInvalid"),
        (refusal(403, "AuthorizationError", "not authorized to perform: SNS:Publish"), TemporaryError,
         "AuthorizationError"),
        (refusal(403, "InvalidClientTokenId", "The security token is invalid"), TemporaryError, "InvalidClientTokenId"),
        (refusal(403, "SignatureDoesNotMatch", "Signature expired"), TemporaryError, "SignatureDoesNotMatch"),
        (refusal(400, "Throttling", "Rate exceeded"), TemporaryError, "Throttling"),
        (refusal(400, "ThrottledException", "Rate exceeded"), TemporaryError, "ThrottledException"),
        (refusal(500, "InternalError", "Internal error"), TemporaryError, "InternalError"),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (refusal(200, "", ""), UnknownOutcome, ""),
        (Answer(200, {"Content-Type": "text/xml"}, b"<"), UnknownOutcome, ""),
        (Answer(200), UnknownOutcome, ""),
        (Answer(raw=b"nonsense\r\n\r\n"), UnknownOutcome, ""),
    ],
)  # fmt: skip
def test_an_answer_gives_its_typed_error(
    make_provider: MakeSns, server: SnsServer, answer: Answer, error: type[ProviderError], code: str
) -> None:
    server.scripted = answer
    provider = make_provider()
    with pytest.raises(ProviderError, match="SNS") as raised:
        provider.send(sms())
    assert isinstance(raised.value, error)
    assert raised.value.code == code
    assert not any(secret in f"{raised.value}{provider}" for secret in (SECRET, "900123"))
    assert len(server.requests) == 1  # botocore did not try again


def test_with_no_key_at_all_the_message_is_held_back(
    make_provider: MakeSns, server: SnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(TemporaryError, match="NoCredentialsError"):
        make_provider(access_key_id="", secret_access_key="").send(sms())
    assert server.requests == []


@pytest.mark.usefixtures("silent_sts")
def test_a_role_that_is_not_given_in_time_holds_the_message_back(make_provider: MakeSns, server: SnsServer) -> None:
    provider = make_provider(access_key_id="", secret_access_key="", timeout_seconds=0.5)
    begun = time.monotonic()
    with pytest.raises(TemporaryError):
        provider.send(sms())
    assert time.monotonic() - begun < 2.5
    assert server.requests == []


def test_an_endpoint_that_is_none_holds_the_message_back(make_provider: MakeSns) -> None:
    with pytest.raises(TemporaryError, match="Invalid endpoint: nowhere"):
        make_provider(endpoint_url="nowhere").send(sms())


# Connections.


def test_many_threads_share_the_connections(make_provider: MakeSns, server: SnsServer) -> None:
    messages = [sms() for _ in range(160)]
    with ThreadPoolExecutor(32) as threads:
        receipts = list(threads.map(make_provider(timeout_seconds=30).send, messages))
    assert [each.delivery_id for each in receipts] == [each.delivery_id for each in messages]
    assert sorted(server.message_ids()) == sorted(each.provider_id for each in receipts)
    assert len(set(server.message_ids())) == len(messages)
    assert server.connections <= 32


def test_a_forked_process_leaves_the_connections_to_its_parent(
    make_provider: MakeSns, server: SnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = make_provider()
    provider.send(sms())
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)  # as if this were the child
    provider.send(sms())
    assert (len(server.messages()), server.connections) == (2, 2)


def test_nothing_of_a_message_is_logged(
    make_provider: MakeSns, server: SnsServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        make_provider(ask_opted_out=True).send(sms(text="quicksilver"))
    assert server.messages() == [("+447700900123", "quicksilver")]
    assert not any(secret in caplog.text for secret in ("quicksilver", "900123", SECRET))


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['sns']['OPTIONS']"


def sns_error(number: str, text: str, hint: str) -> Error:
    return Error(f"{WHERE}{text}.", hint=hint, id=f"notifications.sns.{number}")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"sender_id": "Clinic", "max_price": "0.10", "sms_type": "Promotional", "senders": {"US": "12345"}}, []),
        ({"region": ""}, [sns_error("E001", "['region'] is empty", "Name the region of SNS, such as eu-central-1.")]),
        (
            {"access_key_id": KEY},
            [sns_error("E002", " has only access_key_id",
                       "Give both access_key_id and secret_access_key, or neither to let boto3 find them.")],
        ),
        (
            {"sender_id": "My Clinic"},
            [sns_error("E003", "['sender_id'] is 'My Clinic', which SNS cannot send from",
                       "Give a name of 3 to 11 letters and digits, or a number such as +15005550006.")],
        ),
        (
            {"sender_id": "GP"},
            [sns_error("E003", "['sender_id'] is 'GP', which SNS cannot send from",
                       "Give a name of 3 to 11 letters and digits, or a number such as +15005550006.")],
        ),
        (
            {"sms_type": "marketing"},
            [sns_error("E004", "['sms_type'] is 'marketing'", "Known: Promotional, Transactional.")],
        ),
        *(
            (
                {"max_price": wrong},
                [sns_error("E005", f"['max_price'] is '{wrong}', which is no price",
                           'Give US dollars, such as "0.10", or None.')],
            )
            for wrong in ("ten cents", "0", "-1", "NaN", "")
        ),
        (
            {"senders": {"GB": "My Clinic"}},
            [Error(f"{WHERE}['senders']['GB'] is 'My Clinic', which SNS cannot send from.",
                   hint="Give a name of 3 to 11 letters and digits, or a number such as +15005550006.",
                   id="notifications.sms.E004")],
        ),
        (
            {"endpoint_url": "http://proxy.example.org/"},
            [Warning(f"{WHERE}['endpoint_url'] sends the credentials in the clear.",
                     hint="Use https, unless the server runs on this host.", id="notifications.sms.W001")],
        ),
    ],
)  # fmt: skip
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    assert SnsProvider(**{"alias": "sns", "region": REGION, **options}).check() == expected
