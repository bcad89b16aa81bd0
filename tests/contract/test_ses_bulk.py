"""Many emails in one request to Amazon SES: each gets the own one, whole, and nobody anything of another."""

import json
import ssl
from collections.abc import Iterator
from email.header import decode_header, make_header
from typing import Any

import pytest

from notifications.exceptions import PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import Receipt
from notifications.providers.ses import SesProvider
from notifications.testing.providers import Scenario
from tests.contract import ses_bulk
from tests.contract.bulk import BulkContract, MakeBulk, make_mails
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


@pytest.fixture
def make_provider(server: SesServer) -> Iterator[MakeBulk]:
    made: list[SesProvider] = []

    def make(**options: Any) -> SesProvider:
        keys = {"access_key_id": KEY, "secret_access_key": SECRET}
        given = {"alias": "ses", "region": REGION, "endpoint_url": server.url, "timeout_seconds": 10, **keys}
        made.append(SesProvider(**{**given, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestSes(BulkContract):
    batch_max = 50
    cannot = {Scenario.BAD_ADDRESS: "SES tells of an address that does not exist by an event"}

    def delivered(self, server: SesServer) -> list[dict[str, Any]]:
        added = {"message-id", "date", "mime-version", "content-type", "content-transfer-encoding", "to", "subject"}
        found = []
        for mail in server.mails():
            [to] = mail["To"].addresses
            parts = [each for each in mail.walk() if not each.is_multipart()]
            found.append(
                {
                    "to": (to.display_name, to.addr_spec),
                    "subject": str(mail["Subject"]),
                    "contents": {each.get_content_type(): each.get_content() for each in parts},
                    "headers": sorted((name, str(value)) for name, value in mail.items() if name.lower() not in added),
                }
            )
        return found


def test_each_entry_has_its_own_headers_and_tag(make_provider: MakeBulk, server: SesServer) -> None:
    mails = make_mails(["Ada", "Bob"])
    provider = make_provider(
        configuration_set="north",
        tags=("transactional",),
        esp_extra={
            "EmailTags": [{"Name": "site", "Value": "north"}],
            "FeedbackForwardingEmailAddress": "ops@clinic.example",
        },
    )
    receipts = provider.send_batch(mails)
    [request] = [each.json for each in server.requests]
    assert [each.provider_id for each in receipts if isinstance(each, Receipt)] == server.message_ids()
    assert request["ConfigurationSetName"] == "north"
    assert request["FeedbackForwardingEmailAddress"] == "ops@clinic.example"
    assert request["ReplyToAddresses"] == ['"Desk, north" <desk@clinic.example>']
    assert request["DefaultContent"]["Template"] == {
        "TemplateContent": {"Subject": "{{subject}}", "Text": "{{text}}", "Html": "{{html}}"},
        "TemplateData": "{}",
    }
    for mail, entry in zip(mails, request["BulkEmailEntries"], strict=True):
        ours = {"Name": "delivery_id", "Value": str(mail.delivery_id)}
        assert entry["ReplacementTags"] == [{"Name": "site", "Value": "north"}, ours]
        assert [(each["Name"], each["Value"]) for each in entry["ReplacementHeaders"]] == [
            *((name, value) for name, value in mail.headers.items() if name != "Message-ID"),
            ("X-Metadata", json.dumps({"delivery_id": str(mail.delivery_id)})),
            ("X-Tag", "clinic.note"),
            ("X-Tag", "transactional"),
        ]


NOT_VERIFIED = "Email address is not verified. The following identities failed the check: mail@clinic.example"


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        ("MESSAGE_REJECTED", "The message contained a virus.", PermanentError),
        ("MESSAGE_REJECTED", NOT_VERIFIED, TemporaryError),
        ("INVALID_PARAMETER", "Missing final '@domain'", PermanentError),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", "", TemporaryError),
        ("CONFIGURATION_SET_NOT_FOUND", "", TemporaryError),
        ("TEMPLATE_NOT_FOUND", "", TemporaryError),
        ("ACCOUNT_SUSPENDED", "", TemporaryError),
        ("ACCOUNT_THROTTLED", "Maximum sending rate exceeded.", TemporaryError),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", "", TemporaryError),
        ("INVALID_SENDING_POOL_NAME", "", TemporaryError),
        ("ACCOUNT_SENDING_PAUSED", "", TemporaryError),
        ("CONFIGURATION_SET_SENDING_PAUSED", "", TemporaryError),
        ("TRANSIENT_FAILURE", "", TemporaryError),
        ("FAILED", "", TemporaryError),
        ("SOMETHING_NEW", "", TemporaryError),
        ("SUCCESS", "", UnknownOutcome),
    ],
)
def test_the_status_of_an_entry_gives_its_typed_error_and_the_others_their_receipts(
    make_provider: MakeBulk, server: SesServer, status: str, text: str, error: type[ProviderError]
) -> None:
    mails = make_mails(["Ada", "Bob", "Cyd"])
    server.entry_results = {mails[1].to.replace("bücher", "xn--bcher-kva"): {"Status": status, "Error": text}}
    first, second, third = make_provider().send_batch(mails)
    assert isinstance(first, Receipt) and isinstance(third, Receipt)
    assert [first.delivery_id, third.delivery_id] == [mails[0].delivery_id, mails[2].delivery_id] == server.taken()
    assert type(second) is error
    assert second.code == status
    assert "Amazon SES" in str(second)


def test_every_status_that_the_model_knows_has_its_error() -> None:
    tested = test_the_status_of_an_entry_gives_its_typed_error_and_the_others_their_receipts.pytestmark  # type: ignore[attr-defined]
    assert {*ses_bulk.statuses()} <= {each[0] for each in tested[0].args[1]}


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(400, "BadRequestException", "Over a limit"), PermanentError, "BadRequestException"),
        (refusal(400, "MessageRejected", NOT_VERIFIED), TemporaryError, "MessageRejected"),
        (refusal(400, "SendingPausedException", "Paused"), TemporaryError, "SendingPausedException"),
        (refusal(403, "AccessDeniedException", "Not authorized"), TemporaryError, "AccessDeniedException"),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (answer_json(200, {}), UnknownOutcome, ""),
        (answer_json(200, {"BulkEmailEntryResults": [{}, {}]}), UnknownOutcome, ""),
        (answer_json(200, {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"}]}), UnknownOutcome, ""),
        (Answer(200, {"Content-Type": "application/json"}, b"{"), UnknownOutcome, ""),
    ],
)
def test_an_answer_for_all_gives_its_typed_error(
    make_provider: MakeBulk, server: SesServer, answer: Answer, error: type[ProviderError], code: str
) -> None:
    server.scripted = answer
    with pytest.raises(error, match="Amazon SES") as raised:
        make_provider().send_batch(make_mails(["Ada", "Bob"]))
    assert raised.value.code == code
    assert len(server.requests) == 1


def test_all_entries_refused_are_a_refusal_of_all(make_provider: MakeBulk, server: SesServer) -> None:
    """What the bulk API alone finds at fault then goes alone, and comes to no harm."""
    mails = make_mails(["Ada", "Bob"])
    said = {"Status": "INVALID_PARAMETER", "Error": "Header not allowed"}
    server.entry_results = {each.to.replace("bücher", "xn--bcher-kva"): said for each in mails}
    with pytest.raises(PermanentError, match="Header not allowed"):
        make_provider().send_batch(mails)


@pytest.mark.parametrize(
    "values",
    [
        {"text": "{{subject}}"},
        {"html": "<p>{{#if name}}</p>"},
        {"subject": "{{text}}"},
        {"html": "<p>" + "é" * 50_000},
        {"headers": {"X-Note": "é"}},
        {"headers": {"X-Note": "a" * 996}},
        {"headers": {"X-Note": ""}},
        {"headers": {"X" * 127: "a"}},
        {"headers": {"X" * 100: "a" * 897}},
        {"headers": {"Content-Type": "text/html"}},
        {"headers": {"date": "today"}},
        {"headers": {f"X-{number}": "a" for number in range(14)}},
        {"type": "notiz.für.alle"},
    ],
)
def test_what_it_cannot_carry_faithfully_goes_alone(make_provider: MakeBulk, values: dict[str, Any]) -> None:
    plain, odd = make_mails(["Ada", "Bob"]), make_mails(["Cyd", "Dora"], **values)
    assert sorted(len(each) for each in make_provider().together([*plain, *odd])) == [1, 1, 2]


def test_headers_up_to_the_limits_travel_together(make_provider: MakeBulk, server: SesServer) -> None:
    headers = {**{f"X-{number}": "a" for number in range(11)}, "X" * 126: "b" * 870, "Y": "c" * 995}
    mails = make_mails(["Ada", "Bob"], headers=headers)
    provider = make_provider()
    [batch] = provider.together(mails)
    provider.send_batch(batch)
    assert len(server.mails()) == 2


def test_a_request_has_no_more_than_a_megabyte(make_provider: MakeBulk, server: SesServer) -> None:
    mails = make_mails(["Ada"] * 50, html='<p class="a">' + 'é "quoted"\n' * 2_000)
    provider = make_provider()
    batches = provider.together(mails)
    assert 2 < len(batches) < 10
    for batch in batches:
        provider.send_batch(batch)
    assert sorted(server.taken()) == sorted(each.delivery_id for each in mails)


def test_options_that_the_bulk_api_does_not_know_keep_emails_apart(make_provider: MakeBulk) -> None:
    provider = make_provider(esp_extra={"ListManagementOptions": {"ContactListName": "news"}})
    assert [len(each) for each in provider.together(make_mails(["Ada", "Bob"]))] == [1, 1]


def test_anymails_defaults_are_for_emails_sent_alone(make_provider: MakeBulk, server: SesServer, settings: Any) -> None:
    settings.ANYMAIL = {"SEND_DEFAULTS": {"metadata": {"site": "north"}}}
    with pytest.raises(PermanentError, match="SEND_DEFAULTS"):
        make_provider().send_batch(make_mails(["Ada", "Bob"]))
    assert server.requests == []


def test_a_long_sender_and_name_arrive_whole(make_provider: MakeBulk, server: SesServer) -> None:
    name = "Gemeinschaftspraxis für Allgemeinmedizin, Prävention und Müdigkeitsforschung am Schloß"
    mails = make_mails([name, name], from_email=f'"{name}" <{SENDER}>')
    make_provider().send_batch(mails)
    for mail in server.mails():
        # Python's newer parser puts spaces between encoded words.
        raw = {header: str(make_header(decode_header(value))) for header, value in mail.raw_items()}
        assert raw["From"] == f"{name} <{SENDER}>"
        assert raw["To"].startswith(f"{name} <person")
