"""SendGrid keeps the contract of every provider, and every request keeps to SendGrid's published description."""

import base64
import ssl
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import Attachment, EmailMessage, SmsMessage
from notifications.providers.sendgrid import SendGridProvider
from notifications.testing.providers import ProviderContract
from tests.contract.conftest import MakeMail
from tests.contract.http_server import Answer
from tests.contract.sendgrid_server import API_KEY, SendGridServer, refusal


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[SendGridServer]:
    server = SendGridServer(tls=tls)
    yield server
    server.close()


@pytest.fixture
def provider(server: SendGridServer) -> Iterator[SendGridProvider]:
    provider = SendGridProvider(alias="sendgrid", api_key=API_KEY, api_url=f"{server.url}v3", timeout_seconds=5)
    yield provider
    provider.close()


class TestSendGrid(ProviderContract):
    backend = "notifications.providers.sendgrid.SendGridProvider"
    required_options = ("api_key",)
    sdk = ("anymail", "requests", "urllib3")

    @pytest.fixture
    def options(self, server: SendGridServer) -> dict[str, Any]:
        return {"api_key": API_KEY, "api_url": f"{server.url}v3/", "timeout_seconds": 0.7}

    @pytest.fixture
    def message(self) -> EmailMessage:
        return EmailMessage(
            delivery_id=uuid4(),
            channel="email",
            to="ada@example.org",
            to_name="Ada",
            type="clinic.note",
            from_email="Clinic <mail@clinic.example>",
            subject="Hi",
            text="Hello",
            html="<p>Hello</p>",
            headers={"Auto-Submitted": "auto-generated"},
        )


def test_a_mail_has_all_it_needs_and_no_personal_data_beside_the_address(
    provider: SendGridProvider, server: SendGridServer, make_mail: MakeMail
) -> None:
    message = make_mail(
        to="ada@bücher.example",
        to_name='Ada "Countess", Lövelace',
        from_email="Ärzte <mail@praxis-müller.example>",
        reply_to="Desk <desk@clinic.example>",
        subject="Größe 🎈",
        text="Grüße",
        html="<p>Grüße</p>",
        type="clinic.note",
        headers={"Auto-Submitted": "auto-generated", "X-Notification-Id": "7"},
    )
    receipt = provider.send(message)
    assert receipt.provider_id == server.message_ids[0]
    assert server.mails == [
        {
            "personalizations": [
                {
                    "to": [{"name": 'Ada "Countess", Lövelace', "email": "ada@xn--bcher-kva.example"}],
                    "custom_args": {"delivery_id": str(message.delivery_id)},
                }
            ],
            "from": {"name": "Ärzte", "email": "mail@xn--praxis-mller-klb.example"},
            "reply_to_list": [{"name": "Desk", "email": "desk@clinic.example"}],
            "subject": "Größe 🎈",
            "content": [
                {"type": "text/plain", "value": "Grüße"},
                {"type": "text/html", "value": "<p>Grüße</p>"},
            ],
            "headers": {"Auto-Submitted": "auto-generated", "X-Notification-Id": "7"},
            "categories": ["clinic.note"],
            "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        }
    ]


def test_what_only_sendgrid_knows_goes_along(server: SendGridServer, make_mail: MakeMail) -> None:
    provider = SendGridProvider(
        alias="sendgrid",
        api_key=API_KEY,
        api_url=f"{server.url}v3/",
        tags=("transactional",),
        track_opens=None,
        track_clicks=True,
        esp_extra={"asm": {"group_id": 7}, "personalizations": {"custom_args": {"site": "north"}}},
    )
    message = make_mail()
    provider.send(message)
    provider.send(message)  # the options are as they were
    for mail in server.mails:
        assert mail["asm"] == {"group_id": 7}
        arguments = {"site": "north", "delivery_id": str(message.delivery_id)}
        assert mail["personalizations"][0]["custom_args"] == arguments
        assert mail["categories"] == ["transactional"]
        assert mail["tracking_settings"] == {"click_tracking": {"enable": True}}
    provider.close()


def test_one_connection_serves_one_message_after_the_other(
    provider: SendGridProvider, server: SendGridServer, make_mail: MakeMail
) -> None:
    for _ in range(3):
        provider.send(make_mail())
    assert (len(server.mails), server.connections) == (3, 1)


def test_anymails_warning_is_silenced_and_no_other(provider: SendGridProvider, make_mail: MakeMail) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        provider.send(make_mail())
        warnings.warn("another", stacklevel=1)
    assert [str(each.message) for each in seen] == ["another"]


def test_its_silence_tells_something_only_where_its_webhook_is_set_up() -> None:
    assert not SendGridProvider(alias="sendgrid", api_key=API_KEY).gives_receipts
    assert SendGridProvider(alias="sendgrid", api_key=API_KEY, receipts=True).gives_receipts


TO = "personalizations.0.to.0.email"


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(400, "Does not contain a valid address.", TO), AddressError, "400"),
        (refusal(400, "Does not contain a valid address.", "from.email"), PermanentError, "400"),
        (refusal(400, "Bad Request"), PermanentError, "400"),
        (Answer(400, {}, b"<h1>Bad Request</h1>"), PermanentError, "400"),
        (refusal(413, "content too large"), PermanentError, "413"),
        (refusal(401, "authorization required"), TemporaryError, "401"),
        (refusal(403, "The from address does not match a verified Sender Identity."), TemporaryError, "403"),
        (refusal(404, "not found"), TemporaryError, "404"),
        (refusal(429, "too many requests"), TemporaryError, "429"),
        (refusal(500, "internal server error"), TemporaryError, "500"),
        (Answer(503, {}, b"upstream connect error"), TemporaryError, "503"),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (Answer(504, {}, b"<h1>Gateway Time-out</h1>"), UnknownOutcome, "504"),
        (Answer(202), UnknownOutcome, "202"),
        (Answer(301, {"Location": "https://www.example.org/"}), TemporaryError, ""),
    ],
)
def test_an_answer_gives_its_typed_error(
    provider: SendGridProvider,
    server: SendGridServer,
    make_mail: MakeMail,
    answer: Answer,
    error: type[ProviderError],
    code: str,
) -> None:
    server.scripted = answer
    with pytest.raises(error, match="SendGrid") as raised:
        provider.send(make_mail())
    assert raised.value.code == code
    assert API_KEY not in f"{raised.value}{provider}"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("content_type", "method", "told"),
    [
        ("application/pdf", "", "application/pdf"),
        ("text/csv", "", "text/csv"),
        ("text/calendar", "", "text/calendar"),
        ("text/calendar", "REQUEST", "text/calendar; method=REQUEST"),
        ("text/calendar", "CANCEL", "text/calendar"),
    ],
)
def test_the_type_of_a_file_is_one_that_sendgrid_takes(
    provider: SendGridProvider, server: SendGridServer, make_mail: MakeMail, content_type: str, method: str, told: str
) -> None:
    file = Attachment(name="file", content_type=content_type, method=method, content="Grüße\r\n".encode())
    provider.send(make_mail(attachments=(file,)))
    [sent] = server.mails[0]["attachments"]
    assert (sent["type"], base64.b64decode(sent["content"])) == (told, file.content)


def test_what_breaks_the_published_format_is_refused(
    provider: SendGridProvider, server: SendGridServer, make_mail: MakeMail
) -> None:
    with pytest.raises(PermanentError, match="content-type"):
        provider.send(make_mail(headers={"content-type": "text/html"}))
    with pytest.raises(PermanentError, match="categories"):
        provider.send(make_mail(type="t" * 256))
    assert server.mails == []


def test_a_wrong_key_holds_the_mail_back_and_is_not_shown(server: SendGridServer, make_mail: MakeMail) -> None:
    provider = SendGridProvider(alias="sendgrid", api_key="SG.wrong", api_url=f"{server.url}v3/")
    with pytest.raises(TemporaryError, match="401") as raised:
        provider.send(make_mail())
    assert "SG.wrong" not in f"{raised.value}{provider}"
    provider.close()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"to": "ada"}, AddressError),
        ({"to": "ada@example.org, bob@example.org"}, AddressError),
        ({"to": "адa@example.org"}, PermanentError),
        ({"subject": "Hi\r\nBcc: evil@example.org"}, PermanentError),
        ({"to_name": "Ada\nBcc: evil@example.org"}, PermanentError),
        ({"headers": {"X-Note": "a\rb"}}, PermanentError),
        ({"from_email": "a@example.org, b@example.org"}, PermanentError),
    ],
)
def test_bad_addresses_and_headers_are_not_sent(
    provider: SendGridProvider,
    server: SendGridServer,
    make_mail: MakeMail,
    values: dict[str, Any],
    error: type[ProviderError],
) -> None:
    with pytest.raises(error):
        provider.send(make_mail(**values))
    assert server.requests == []


def test_only_emails_are_sent(provider: SendGridProvider) -> None:
    sms = SmsMessage(delivery_id=uuid4(), channel="sms", to="+447700900123", text="Hello")
    with pytest.raises(PermanentError, match="EmailMessage only, not SmsMessage"):
        provider.send(sms)


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['sendgrid']['OPTIONS']"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        (
            {"api_key": ""},
            [
                Error(
                    f"{WHERE}['api_key'] is empty.",
                    hint='Make one with the right "Mail Send" in SendGrid\'s settings.',
                    id="notifications.sendgrid.E001",
                )
            ],
        ),
        ({"receipts": True, "webhook_public_key": "key"}, []),
        (
            {"receipts": True},
            [
                Error(
                    f"{WHERE}['receipts'] without webhook_public_key: messages of unknown outcome are sent twice.",
                    hint="Set up the signed event webhook and give its key, or leave receipts out.",
                    id="notifications.sendgrid.E002",
                )
            ],
        ),
        (
            {"api_url": "http://proxy.example.org/v3/"},
            [
                Warning(
                    f"{WHERE}['api_url'] sends the credentials in the clear.",
                    hint="Use https, unless the server runs on this host.",
                    id="notifications.email.W001",
                )
            ],
        ),
    ],
)
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    assert SendGridProvider(**{"alias": "sendgrid", "api_key": API_KEY, **options}).check() == expected


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SendGridProvider, "libraries", ("anymail", "no_such_library"))
    assert SendGridProvider(alias="sendgrid", api_key=API_KEY).check() == [
        Error(
            f"{WHERE}: no_such_library cannot be imported.",
            hint="Install notifications[sendgrid].",
            id="notifications.email.E001",
        )
    ]
