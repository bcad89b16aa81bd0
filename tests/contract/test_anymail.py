"""Any service that Anymail knows is a provider by configuration alone: shown with Postmark."""

import ssl
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import EmailMessage
from notifications.providers.anymail import AnymailProvider
from notifications.testing.providers import ProviderContract
from tests.contract.conftest import MakeMail
from tests.contract.http_server import Answer, answer_json
from tests.contract.postmark_server import TOKEN, PostmarkServer, refusal

POSTMARK = "anymail.backends.postmark.EmailBackend"


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[PostmarkServer]:
    server = PostmarkServer(tls=tls)
    yield server
    server.close()


@pytest.fixture
def provider(server: PostmarkServer) -> Iterator[AnymailProvider]:
    settings = {"server_token": TOKEN, "api_url": server.url, "message_stream": "outbound"}
    provider = AnymailProvider(alias="postmark", backend=POSTMARK, settings=settings, timeout_seconds=5)
    yield provider
    provider.close()


class TestPostmark(ProviderContract):
    backend = "notifications.providers.anymail.AnymailProvider"
    required_options = ("backend",)
    sdk = ("anymail", "requests", "urllib3")

    @pytest.fixture
    def options(self, server: PostmarkServer) -> dict[str, Any]:
        settings = {"server_token": TOKEN, "api_url": server.url}
        return {"backend": POSTMARK, "settings": settings, "timeout_seconds": 0.7}

    @pytest.fixture
    def message(self) -> EmailMessage:
        return EmailMessage(
            delivery_id=uuid4(),
            channel="email",
            to="ada@example.org",
            type="clinic.note",
            from_email="Clinic <mail@clinic.example>",
            subject="Hi",
            text="Hello",
            html="<p>Hello</p>",
        )


def test_a_service_gets_the_mail_in_its_own_words(
    provider: AnymailProvider, server: PostmarkServer, make_mail: MakeMail
) -> None:
    message = make_mail(
        to_name='Ada "Countess", Lövelace',
        reply_to="Desk <desk@clinic.example>",
        type="clinic.note",
        headers={"Auto-Submitted": "auto-generated"},
    )
    receipt = provider.send(message)
    assert receipt.provider_id
    assert server.mails == [
        {
            "MessageStream": "outbound",
            "From": "Clinic <mail@clinic.example>",
            "To": '"Ada \\"Countess\\", Lövelace" <ada@example.org>',
            "Subject": "Hi",
            "ReplyTo": "Desk <desk@clinic.example>",
            "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
            "TextBody": "Hello",
            "HtmlBody": "<p>Hello</p>",
            "Metadata": {"delivery_id": str(message.delivery_id)},
            "Tag": "clinic.note",
            "TrackLinks": "None",
            "TrackOpens": False,
        }
    ]


def test_tracking_and_the_words_of_one_service_are_options(server: PostmarkServer, make_mail: MakeMail) -> None:
    provider = AnymailProvider(
        alias="postmark",
        backend=POSTMARK,
        settings={"server_token": TOKEN, "api_url": server.url},
        track_opens=None,
        track_clicks=True,
        esp_extra={"MessageStream": "broadcasts"},
    )
    provider.send(make_mail())
    [mail] = server.mails
    assert mail["TrackLinks"] == "HtmlAndText"
    assert mail["MessageStream"] == "broadcasts"
    assert "TrackOpens" not in mail
    assert "Tag" not in mail
    provider.close()


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refusal(422, 300, "Invalid 'To' address: 'ada@example.org'."), AddressError, ""),
        (refusal(422, 300, "Invalid 'From' address: 'x'."), PermanentError, "422"),
        (refusal(401, 10, "Bad or missing Server API token."), TemporaryError, "401"),
        (refusal(500, 0, "Internal error"), TemporaryError, "500"),
        (Answer(502, {}, b"<h1>Bad Gateway</h1>"), UnknownOutcome, "502"),
        (answer_json(200, {"ErrorCode": 0, "Message": "OK"}), UnknownOutcome, "200"),
        (answer_json(200, {"ErrorCode": 0, "Message": "OK", "MessageID": "7"}), UnknownOutcome, ""),
        (Answer(200, {}, b"{"), UnknownOutcome, "200"),
        (Answer(raw=b"nonsense\r\n\r\n"), UnknownOutcome, ""),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), UnknownOutcome, ""),
        (Answer(302, {"Location": "/elsewhere"}), TemporaryError, ""),
    ],
)
def test_an_answer_gives_its_typed_error(
    provider: AnymailProvider,
    server: PostmarkServer,
    make_mail: MakeMail,
    answer: Answer,
    error: type[ProviderError],
    code: str,
) -> None:
    server.scripted = answer
    with pytest.raises(error, match="Postmark") as raised:
        provider.send(make_mail())
    assert raised.value.code == code
    assert TOKEN not in f"{raised.value}{provider}"
    assert len(server.requests) == 1


def test_a_receiver_of_anymails_signal_may_cancel(
    provider: AnymailProvider, server: PostmarkServer, make_mail: MakeMail
) -> None:
    from anymail.exceptions import AnymailCancelSend
    from anymail.signals import pre_send

    def cancel(**kwargs: Any) -> None:
        raise AnymailCancelSend

    pre_send.connect(cancel)
    try:
        with pytest.raises(PermanentError, match="pre_send cancelled"):
            provider.send(make_mail())
    finally:
        pre_send.disconnect(cancel)
    assert server.requests == []


def test_settings_that_are_wrong_hold_the_mail_back_until_they_are_right(make_mail: MakeMail) -> None:
    provider = AnymailProvider(alias="postmark", backend=POSTMARK)
    with pytest.raises(TemporaryError, match="POSTMARK_SERVER_TOKEN"):
        provider.send(make_mail())


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['postmark']['OPTIONS']"
HINT = f"Anymail's documentation names the settings of {POSTMARK}."


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"settings": {"server_token": "x"}}, []),
        ({"settings": {"server_token": "x", "api_url": "http://127.0.0.1:80/"}}, []),
        (
            {"settings": {"server_token": "x", "colour": "red"}},
            [
                Error(
                    f"{WHERE} makes no backend: ConfigurationError: Unknown setting: colour.",
                    hint=HINT,
                    id="notifications.anymail.E001",
                )
            ],
        ),
        (
            {"backend": "anymail.backends.test.EmailBackend"},
            [
                Error(
                    f"{WHERE} names anymail.backends.test.EmailBackend, which sends no HTTP requests of its own.",
                    hint="For Amazon SES use notifications.providers.ses.SesProvider.",
                    id="notifications.anymail.E002",
                )
            ],
        ),
        (
            {"backend": "anymail.backends.resend.EmailBackend", "settings": {"api_key": "x"}},
            [
                Error(
                    f"{WHERE} asks for too much: Resend does not support track_clicks.",
                    hint="Leave it out: track_opens and track_clicks are left to the account with None, tags with ().",
                    id="notifications.anymail.E003",
                )
            ],
        ),
        (
            {
                "backend": "anymail.backends.resend.EmailBackend",
                "settings": {"api_key": "x"},
                "track_opens": None,
                "track_clicks": None,
            },
            [],
        ),
        (
            {"settings": {"server_token": "x"}, "tags": ("clinic",)},
            [
                Error(
                    f"{WHERE} asks for too much: Postmark does not support multiple tags (['sample', 'clinic']).",
                    hint="Leave it out: track_opens and track_clicks are left to the account with None, tags with ().",
                    id="notifications.anymail.E003",
                )
            ],
        ),
        (
            {"settings": {"server_token": "x", "api_url": "http://mail.example.org/"}},
            [
                Warning(
                    f"{WHERE}['settings']['api_url'] sends the credentials in the clear.",
                    hint="Use https, unless the server runs on this host.",
                    id="notifications.email.W001",
                )
            ],
        ),
        (
            {"settings": {"server_token": "x", "api_url": "api.example.org"}},
            [
                Error(
                    f"{WHERE}['settings']['api_url'] is 'api.example.org', which is no URL.",
                    hint="Give one such as https://api.example.com/.",
                    id="notifications.email.E002",
                )
            ],
        ),
    ],
)
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, Any], expected: list[Error]) -> None:
    assert AnymailProvider(**{"alias": "postmark", "backend": POSTMARK, **options}).check() == expected


def test_a_backend_that_cannot_be_imported_is_named() -> None:
    [error] = AnymailProvider(alias="postmark", backend="anymail.backends.postmrk.EmailBackend").check()
    assert error.id == "notifications.anymail.E001"
    assert "ModuleNotFoundError: No module named 'anymail.backends.postmrk'" in error.msg
