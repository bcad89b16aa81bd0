"""Amazon SES keeps the contract of every provider, through boto3 and in front of moto's server."""

import ssl
import time
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import EmailMessage
from notifications.providers.ses import SesProvider
from notifications.testing.providers import ProviderContract, Scenario
from tests.contract.conftest import MakeMail
from tests.contract.http_server import Answer, answer_json
from tests.contract.moto_server import moto_server
from tests.contract.ses_server import KEY, REGION, SECRET, SENDER, SesServer, refusal


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture
def server(moto_port: int, tls: ssl.SSLContext) -> Iterator[SesServer]:
    server = SesServer(moto_port, tls=tls)
    yield server
    server.close()


MakeSes = Callable[..., SesProvider]


@pytest.fixture
def make_provider(server: SesServer) -> Iterator[MakeSes]:
    """Make a provider for the server; options replace its own, and it is closed after the test."""
    made: list[SesProvider] = []

    def make(**options: Any) -> SesProvider:
        keys = {"access_key_id": KEY, "secret_access_key": SECRET}
        made.append(SesProvider(**{"alias": "ses", "region": REGION, "endpoint_url": server.url, **keys, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestSes(ProviderContract):
    backend = "notifications.providers.ses.SesProvider"
    required_options = ("region",)
    sdk = ("anymail", "boto3", "botocore", "requests", "urllib3")
    cannot = {
        Scenario.BAD_ADDRESS: "SES tells of an address that does not exist by an event, and does not say which address"
        " it finds malformed: it may be the sender's",
    }

    @pytest.fixture
    def options(self, server: SesServer) -> dict[str, Any]:
        return {
            "region": REGION,
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "endpoint_url": server.url,
            "timeout_seconds": 1,
        }

    @pytest.fixture
    def message(self) -> EmailMessage:
        return EmailMessage(
            delivery_id=uuid4(),
            channel="email",
            to="ada@example.org",
            to_name="Ada",
            type="clinic.note",
            from_email=f"Clinic <{SENDER}>",
            subject="Hi",
            text="Hello",
            html="<p>Hello</p>",
            headers={"Auto-Submitted": "auto-generated"},
        )


def test_a_mail_has_its_headers_both_bodies_and_our_id(
    make_provider: MakeSes, server: SesServer, make_mail: MakeMail
) -> None:
    message = make_mail(
        to="ada@bücher.example",
        to_name='Ada "Countess", Lövelace',
        reply_to="Desk <desk@clinic.example>",
        subject="Größe 🎈 — your appointment, which has a subject that goes on for longer than one line can hold",
        text="Grüße,\ntomorrow at nine",
        html="<p>Grüße</p>",
        type="clinic.note",
        headers={"Auto-Submitted": "auto-generated"},
    )
    receipt = make_provider(configuration_set="north", tags=("transactional",)).send(message)
    [request], [mail] = server.requests, server.mails()
    content = request.json
    assert receipt.provider_id == server.message_ids()[0]
    assert content["Destination"] == {"ToAddresses": ["ada@xn--bcher-kva.example"]}
    assert content["ConfigurationSetName"] == "north"
    assert content["EmailTags"] == [{"Name": "delivery_id", "Value": str(message.delivery_id)}]
    assert mail["X-Metadata"] == f'{{"delivery_id": "{message.delivery_id}"}}'
    assert mail.get_all("X-Tag") == ["clinic.note", "transactional"]
    assert mail["Subject"] == message.subject
    assert parseaddr(str(mail["To"])) == ('Ada "Countess", Lövelace', "ada@xn--bcher-kva.example")
    assert mail["Reply-To"] == "Desk <desk@clinic.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    bodies = {each.get_content_type(): each.get_content() for each in mail.iter_parts()}
    assert bodies == {"text/plain": "Grüße,\ntomorrow at nine", "text/html": "<p>Grüße</p>"}


def test_what_only_ses_knows_goes_along(make_provider: MakeSes, server: SesServer, make_mail: MakeMail) -> None:
    tag = {"Name": "site", "Value": "north"}
    provider = make_provider(esp_extra={"EmailTags": [tag], "FeedbackForwardingEmailAddress": "ops@clinic.example"})
    provider.send(make_mail())
    provider.send(make_mail())  # the options are as they were
    for request in server.requests:
        assert request.json["FeedbackForwardingEmailAddress"] == "ops@clinic.example"
        assert request.json["EmailTags"][0] == tag
        assert len(request.json["EmailTags"]) == 2


def test_one_connection_serves_one_message_after_the_other(
    make_provider: MakeSes, server: SesServer, make_mail: MakeMail
) -> None:
    provider = make_provider()
    for _ in range(3):
        provider.send(make_mail())
    assert (len(server.mails()), server.connections) == (3, 1)


def test_without_a_key_boto3_finds_one(
    make_provider: MakeSes, server: SesServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    make_provider(access_key_id="", secret_access_key="").send(make_mail())
    assert len(server.mails()) == 1


def test_with_no_key_at_all_the_mail_is_held_back(
    make_provider: MakeSes, server: SesServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(TemporaryError, match="NoCredentialsError"):
        make_provider(access_key_id="", secret_access_key="").send(make_mail())
    assert server.requests == []


@pytest.mark.usefixtures("silent_sts")
def test_a_role_that_is_not_given_in_time_holds_the_mail_back(
    make_provider: MakeSes, server: SesServer, make_mail: MakeMail
) -> None:
    provider = make_provider(access_key_id="", secret_access_key="", timeout_seconds=0.5)
    begun = time.monotonic()
    with pytest.raises(TemporaryError):
        provider.send(make_mail())
    assert time.monotonic() - begun < 2.5
    assert server.requests == []


def test_an_endpoint_that_is_none_holds_the_mail_back(make_provider: MakeSes, make_mail: MakeMail) -> None:
    with pytest.raises(TemporaryError, match="Invalid endpoint: nowhere"):
        make_provider(endpoint_url="nowhere").send(make_mail())


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(400, "MessageRejected", "Email contains illegal attachment"), PermanentError, "MessageRejected"),
        (refusal(400, "MessageRejected", "Email address is not verified. The following identities failed the check"
                 " in region EU-CENTRAL-1: mail@clinic.example"), TemporaryError, "MessageRejected"),
        (refusal(400, "BadRequestException", "Missing final '@domain'"), PermanentError, "BadRequestException"),
        (refusal(413, "RequestEntityTooLargeException", "Too big"), PermanentError, "RequestEntityTooLargeException"),
        (refusal(404, "NotFoundException", "Configuration set <north> does not exist."), TemporaryError,
         "NotFoundException"),
        (refusal(400, "MailFromDomainNotVerifiedException", "Not verified"), TemporaryError,
         "MailFromDomainNotVerifiedException"),
        (refusal(400, "AccountSuspendedException", "Suspended"), TemporaryError, "AccountSuspendedException"),
        (refusal(400, "SendingPausedException", "Paused"), TemporaryError, "SendingPausedException"),
        (refusal(400, "LimitExceededException", "Daily message quota exceeded."), TemporaryError,
         "LimitExceededException"),
        (refusal(400, "ThrottlingException", "Maximum sending rate exceeded."), TemporaryError, "ThrottlingException"),
        (refusal(403, "InvalidSignatureException", "Signature expired"), TemporaryError, "InvalidSignatureException"),
        (refusal(403, "AccessDeniedException", "Not authorized"), TemporaryError, "AccessDeniedException"),
        (refusal(500, "InternalFailure", "Internal failure"), TemporaryError, "InternalFailure"),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (answer_json(200, {}), UnknownOutcome, ""),
        (Answer(200, {"Content-Type": "application/json"}, b"{"), UnknownOutcome, ""),
        (Answer(raw=b"nonsense\r\n\r\n"), UnknownOutcome, ""),
    ],
)  # fmt: skip
def test_an_answer_gives_its_typed_error(
    make_provider: MakeSes,
    server: SesServer,
    make_mail: MakeMail,
    answer: Answer,
    error: type[ProviderError],
    code: str,
) -> None:
    server.scripted = answer
    provider = make_provider()
    with pytest.raises(error, match="Amazon SES") as raised:
        provider.send(make_mail())
    assert raised.value.code == code
    assert not any(secret in f"{raised.value}{provider}" for secret in (KEY, SECRET))
    assert len(server.requests) == 1  # botocore did not try again


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"to": "ada"}, AddressError),
        ({"to": "адa@example.org"}, PermanentError),
        ({"subject": "Hi\r\nBcc: evil@example.org"}, PermanentError),
        ({"to_name": "Ada\nBcc: evil@example.org"}, PermanentError),
        ({"headers": {"X-Note": "a\rb"}}, PermanentError),
    ],
)
def test_bad_addresses_and_headers_are_not_sent(
    make_provider: MakeSes, server: SesServer, make_mail: MakeMail, values: dict[str, Any], error: type[ProviderError]
) -> None:
    with pytest.raises(error):
        make_provider().send(make_mail(**values))
    assert server.requests == []


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['ses']['OPTIONS']"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        (
            {"region": ""},
            [
                Error(
                    f"{WHERE}['region'] is empty.",
                    hint="Name the region of SES, such as eu-central-1.",
                    id="notifications.ses.E001",
                )
            ],
        ),
        (
            {"access_key_id": KEY},
            [
                Error(
                    f"{WHERE} has only access_key_id.",
                    hint="Give both access_key_id and secret_access_key, or neither to let boto3 find them.",
                    id="notifications.ses.E002",
                )
            ],
        ),
        ({"receipts": True, "topic_arns": ("arn:aws:sns:eu-central-1:123456789012:mail",)}, []),
        (
            {"receipts": True},
            [
                Error(
                    f"{WHERE}['receipts'] without topic_arns: messages of unknown outcome are sent twice.",
                    hint="Have SES publish its events to a topic and name that, or leave receipts out.",
                    id="notifications.ses.E003",
                )
            ],
        ),
        (
            {"endpoint_url": "http://proxy.example.org/"},
            [
                Warning(
                    f"{WHERE}['endpoint_url'] sends the credentials in the clear.",
                    hint="Use https, unless the server runs on this host.",
                    id="notifications.email.W001",
                )
            ],
        ),
    ],
)
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    assert SesProvider(**{"alias": "ses", "region": REGION, **options}).check() == expected
