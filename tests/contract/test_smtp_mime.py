"""What a mail looks like when a mail server gets it, and what is never sent."""

from typing import Any

import pytest

from notifications.exceptions import AddressError, PermanentError
from notifications.providers.smtp import SmtpProvider
from tests.contract.conftest import MakeMail, MakeProvider
from tests.contract.smtp_server import Received, SmtpServer, smtp_server


@pytest.fixture
def provider(mail_server: SmtpServer, make_provider: MakeProvider) -> SmtpProvider:
    return make_provider(mail_server)


@pytest.fixture
def send(provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail) -> Any:
    def send_one(**values: Any) -> Received:
        provider.send(make_mail(**values))
        return mail_server.received[-1]

    return send_one


def test_a_mail_has_its_headers_and_both_bodies(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    message = make_mail(
        to_name="Ada, Countess of Lövelace",
        subject="Größe 🎈 — your appointment, which has a subject that goes on for longer than one line can hold",
        text="Grüße,\ntomorrow at nine",
        html="<p>Grüße</p>",
        reply_to="Desk <desk@clinic.example>",
        headers={"Auto-Submitted": "auto-generated", "X-Notification-Id": "7"},
    )
    receipt = provider.send(message)
    [received] = mail_server.received
    mail = received.mail
    assert (received.sender, received.recipients) == ("mail@clinic.example", ["ada@example.org"])
    assert mail["Subject"] == message.subject
    assert b"\nSubject: =?utf-8?" in received.raw
    assert mail["To"].addresses[0].display_name == "Ada, Countess of Lövelace"
    assert mail["To"].addresses[0].addr_spec == "ada@example.org"
    assert mail["From"] == "Clinic <mail@clinic.example>"
    assert mail["Reply-To"] == "Desk <desk@clinic.example>"
    assert mail["Message-ID"] == f"<{message.delivery_id}@clinic.example>" == receipt.provider_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Notification-Id"] == "7"
    assert mail["Date"].datetime is not None
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert received.text() == "Grüße,\ntomorrow at nine"
    assert received.text("html") == "<p>Grüße</p>"
    assert "queued" in receipt.detail


def test_without_html_it_is_plain_text(send: Any) -> None:
    assert send(html="").mail.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "..",
        "before\n.\nafter",
        ".hidden\n..twice",
        "From here\n.",
        "carriage\rreturn\r.\rMAIL FROM:<evil@example.org>",
        "a" * 5_000,
        "ü" * 5_000,
        "\n" * 10 + "end",
    ],
)
def test_a_body_arrives_whole_whatever_its_lines_are(send: Any, mail_server: SmtpServer, text: str) -> None:
    assert send(text=text).text() == text.replace("\r", "\n")
    send(text="and the connection is still good")
    assert len(mail_server.received) == 2


def test_an_international_domain_goes_out_in_ascii(send: Any) -> None:
    received = send(to="ada@bücher.example", from_email="Ärzte <mail@praxis-müller.example>")
    assert received.recipients == ["ada@xn--bcher-kva.example"]
    assert received.sender == "mail@xn--praxis-mller-klb.example"
    assert received.mail["To"] == "ada@xn--bcher-kva.example"
    assert received.mail["From"].addresses[0].display_name == "Ärzte"
    assert received.mail["Message-ID"].endswith("@xn--praxis-mller-klb.example>")
    assert "SMTPUTF8" not in received.options


def test_an_international_local_part_goes_out_as_it_is(send: Any) -> None:
    received = send(to="адa@example.org", to_name='Ada "Countess" Ловлейс')
    assert received.recipients == ["адa@example.org"]
    assert "SMTPUTF8" in received.options
    first = received.raw.splitlines()[0].decode()
    assert first == 'To: "Ada \\"Countess\\" Ловлейс" <адa@example.org>'
    assert received.raw.count(b"\nTo:") == 0
    assert received.text() == "Hello"


def test_an_international_local_part_needs_a_server_that_knows_them(
    mail_server: SmtpServer, provider: SmtpProvider, make_mail: MakeMail
) -> None:
    mail_server.replies = {"EHLO": "SMTPUTF8"}
    with pytest.raises(PermanentError, match="does not support SMTPUTF8"):
        provider.send(make_mail(to="адa@example.org"))
    provider.send(make_mail())
    assert mail_server.connections == 1


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "Hi\nBcc: evil@example.org"},
        {"subject": "Hi\r\n\r\nanother body"},
        {"subject": "Hi\x0bBcc: evil@example.org"},
        {"subject": "Hi\u2028Bcc: evil@example.org"},
        {"subject": "Hi\x00"},
        {"to_name": "Ada\r\nBcc: evil@example.org"},
        {"from_email": "Clinic\r\nBcc: evil@example.org <mail@clinic.example>"},
        {"from_email": "mail@clinic.example\r\nRCPT TO:<evil@example.org>"},
        {"from_email": "mail@clinic.example, evil@example.org"},
        {"from_email": "Clinic"},
        {"from_email": ""},
        {"from_email": "mäil@clinic.example"},
        {"reply_to": "desk@clinic.example\nBcc: evil@example.org"},
        {"reply_to": "nobody"},
        {"headers": {"X-Note": "a\r\nBcc: evil@example.org"}},
        {"headers": {"X-Note\r\nBcc": "evil@example.org"}},
        {"headers": {"X Note": "a"}},
        {"headers": {"": "a"}},
        {"text": "a lone surrogate \ud800"},
    ],
)
def test_what_would_break_the_headers_is_refused(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail, values: dict[str, Any]
) -> None:
    with pytest.raises(PermanentError):
        provider.send(make_mail(**values))
    assert mail_server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@@example.org",
        "ada lovelace@example.org",
        "ada@example.org, evil@example.org",
        "Ada <ada@example.org>",
        "ada@example.org>\r\nRCPT TO:<evil@example.org",
        "ada@example.org\nBcc: evil@example.org",
        "ada@example..org",
        "ada@" + "a" * 64 + ".org",
        "ada@example.org\x00",
    ],
)
def test_what_is_no_address_is_a_bad_address(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail, address: str
) -> None:
    with pytest.raises(AddressError):
        provider.send(make_mail(to=address))
    assert mail_server.connections == 0


def test_a_message_that_is_too_large_is_refused_before_it_is_written(
    make_provider: MakeProvider, make_mail: MakeMail
) -> None:
    with smtp_server(data_size_limit=10_000) as server:
        provider = make_provider(server)
        provider.send(make_mail())
        with pytest.raises(PermanentError, match="MAIL: 552"):
            provider.send(make_mail(text="line\n" * 2_000))
        assert server.commands.count("GO") == 1
        provider.close()
