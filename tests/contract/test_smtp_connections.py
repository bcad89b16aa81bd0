"""How the SMTP provider makes, keeps and secures its connections."""

import ssl
import time
from pathlib import Path

import pytest
from django.core.checks import Error, Warning

from notifications.exceptions import AddressError, PermanentError, ProviderError, TemporaryError
from notifications.messages import SmsMessage
from notifications.providers.smtp import CHECK_AFTER_SECONDS, SmtpProvider
from tests.contract.certificate import make_certificate
from tests.contract.conftest import MakeMail, MakeProvider
from tests.contract.smtp_server import PASSWORD, USERNAME, SmtpServer, smtp_server


@pytest.fixture
def provider(mail_server: SmtpServer, make_provider: MakeProvider) -> SmtpProvider:
    return make_provider(mail_server)


def test_one_connection_serves_many_messages(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    for _ in range(3):
        provider.send(make_mail())
    assert (len(mail_server.received), mail_server.connections) == (3, 1)


def test_a_connection_may_serve_one_message_only(
    mail_server: SmtpServer, make_provider: MakeProvider, make_mail: MakeMail
) -> None:
    provider = make_provider(mail_server, reuse_seconds=0)
    for _ in range(3):
        provider.send(make_mail())
    assert (len(mail_server.received), mail_server.connections) == (3, 3)


def test_an_old_connection_is_closed(mail_server: SmtpServer, make_provider: MakeProvider, make_mail: MakeMail) -> None:
    provider = make_provider(mail_server, reuse_seconds=0.1)
    provider.send(make_mail())
    time.sleep(0.15)
    provider.send(make_mail())
    assert (len(mail_server.received), mail_server.connections) == (2, 2)


def test_a_refused_message_does_not_cost_the_connection(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    mail_server.replies = {"RCPT": "550 5.1.1 No such user"}
    with pytest.raises(AddressError):
        provider.send(make_mail())
    mail_server.replies = {}
    provider.send(make_mail())
    assert (len(mail_server.received), mail_server.connections) == (1, 1)
    assert mail_server.received[0].recipients == ["ada@example.org"]


def test_a_server_that_was_restarted_meanwhile_gets_the_message_at_once(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    provider.send(make_mail())
    mail_server.refuse()
    mail_server.listen()
    provider.send(make_mail())
    assert (len(mail_server.received), mail_server.connections) == (2, 2)


def test_a_server_that_tires_of_a_connection_gets_the_message_on_another(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    provider.send(make_mail())
    mail_server.replies = {"RSET": "250 OK", "MAIL": "421 4.7.0 Too many messages on this connection"}
    with pytest.raises(TemporaryError, match="421"):
        provider.send(make_mail())
    assert mail_server.connections == 2  # tried again on a new one, which fared no better
    mail_server.replies = {}
    provider.send(make_mail())
    assert len(mail_server.received) == 2


@pytest.mark.parametrize(("answer", "connections"), [("250 OK", 1), ("421 Idle for too long", 2), ("drop", 2)])
def test_a_connection_that_was_idle_is_asked_before_it_is_used(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail, answer: str, connections: int
) -> None:
    provider.send(make_mail())
    [session] = provider._idle
    session.used_at -= CHECK_AFTER_SECONDS + 1
    mail_server.replies = {"NOOP": answer}
    provider.send(make_mail())
    assert mail_server.commands.count("NOOP") == 1
    assert (len(mail_server.received), mail_server.connections) == (2, connections)


def test_an_idle_connection_that_hangs_does_not_use_up_the_time_of_the_message(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.providers.smtp.CHECK_AFTER_SECONDS", 0.2)
    provider.send(make_mail())
    time.sleep(0.25)
    mail_server.replies = {"NOOP": ""}
    provider.send(make_mail())
    assert (len(mail_server.received), mail_server.connections) == (2, 2)


def test_a_forked_process_leaves_the_connections_to_its_parent(
    provider: SmtpProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    provider.send(make_mail())
    [session] = provider._idle
    provider._process -= 1  # as if this were the child
    provider.send(make_mail())
    assert mail_server.connections == 2
    assert session.is_alive(time.monotonic() + 5)
    session.leave()


@pytest.mark.parametrize(
    ("replies", "error", "code"),
    [
        ({"GREETING": "554 No service"}, TemporaryError, "554"),
        ({"GREETING": "421 Busy"}, TemporaryError, "421"),
        ({"GREETING": "drop"}, TemporaryError, ""),
        ({"MAIL": "drop"}, TemporaryError, ""),
        ({"MAIL": "what?"}, TemporaryError, "-1"),
        ({"MAIL": "550 5.7.1 Sender refused"}, PermanentError, "550"),
        ({"MAIL": "530 5.7.0 Authentication required"}, TemporaryError, "530"),
        ({"RCPT": "450 4.2.0 Greylisted"}, TemporaryError, "450"),
        ({"RCPT": "550 Unknown user"}, AddressError, "550"),
        ({"RCPT": "550 5.7.1 Relaying denied"}, PermanentError, "550"),
        ({"RCPT": "552 5.2.2 Mailbox full"}, PermanentError, "552"),
        ({"GO": "451 No room"}, TemporaryError, "451"),
        ({"GO": "554 No valid recipients"}, PermanentError, "554"),
        ({"GO": "drop"}, TemporaryError, ""),
        ({"DATA": "452 4.3.1 Out of space"}, TemporaryError, "452"),
        ({"DATA": "552 5.3.4 Too big"}, PermanentError, "552"),
    ],
)
def test_an_error_has_the_type_of_its_phase(
    provider: SmtpProvider,
    mail_server: SmtpServer,
    make_mail: MakeMail,
    replies: dict[str, str],
    error: type[ProviderError],
    code: str,
) -> None:
    mail_server.replies = replies
    with pytest.raises(error, match=r"127\.0\.0\.1|MAIL|RCPT|DATA|message") as raised:
        provider.send(make_mail())
    assert raised.value.code == code
    assert mail_server.received == []


@pytest.mark.parametrize("phase", ["GREETING", "MAIL", "RCPT", "GO"])
def test_a_server_that_drips_before_the_message_is_left_in_time(
    mail_server: SmtpServer, make_provider: MakeProvider, make_mail: MakeMail, phase: str
) -> None:
    mail_server.replies = {phase: "drip"}
    begun = time.monotonic()
    with pytest.raises(TemporaryError, match="timed out"):
        make_provider(mail_server, timeout_seconds=0.4).send(make_mail())
    assert time.monotonic() - begun < 2


def test_a_host_that_cannot_exist_is_temporary(
    make_provider: MakeProvider, mail_server: SmtpServer, make_mail: MakeMail
) -> None:
    with pytest.raises(TemporaryError, match="UnicodeError: the host"):
        make_provider(mail_server, host="m" * 64).send(make_mail())


# Encryption and signing in.


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path)


@pytest.mark.parametrize("size", [10, 500_000])
@pytest.mark.parametrize("from_first_byte", [False, True])
def test_messages_are_encrypted(
    certificate: tuple[Path, ssl.SSLContext],
    make_provider: MakeProvider,
    make_mail: MakeMail,
    from_first_byte: bool,
    size: int,
) -> None:
    ca_file, context = certificate
    text = "\n".join(["." * 50] * (size // 50 + 1))
    with smtp_server(context, ssl_only=from_first_byte) as server:
        provider = make_provider(server, use_tls=not from_first_byte, use_ssl=from_first_byte, ca_file=str(ca_file))
        provider.send(make_mail(text=text))
        provider.send(make_mail(text=text))
        assert server.connections == 1
        assert [each.is_encrypted for each in server.received] == [True, True]
        assert server.received[0].text() == text
        provider.close()


@pytest.mark.parametrize("from_first_byte", [False, True])
def test_a_certificate_that_is_not_trusted_is_not_accepted(
    certificate: tuple[Path, ssl.SSLContext], make_provider: MakeProvider, make_mail: MakeMail, from_first_byte: bool
) -> None:
    with smtp_server(certificate[1], ssl_only=from_first_byte) as server:
        provider = make_provider(server, use_tls=not from_first_byte, use_ssl=from_first_byte)
        with pytest.raises(TemporaryError, match="CERTIFICATE_VERIFY_FAILED"):
            provider.send(make_mail())
        assert server.received == []


def test_without_starttls_nothing_goes_out_in_the_clear(
    mail_server: SmtpServer, make_provider: MakeProvider, make_mail: MakeMail
) -> None:
    provider = make_provider(mail_server, use_tls=True, username=USERNAME, password=PASSWORD)
    with pytest.raises(TemporaryError, match="STARTTLS"):
        provider.send(make_mail())
    assert "MAIL" not in mail_server.commands
    assert mail_server.received == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # on loopback
def test_it_signs_in(make_provider: MakeProvider, make_mail: MakeMail) -> None:
    with smtp_server(auth_required=True) as server:
        provider = make_provider(server, username=USERNAME, password=PASSWORD)
        provider.send(make_mail())
        assert len(server.received) == 1
        with pytest.raises(TemporaryError, match="MAIL: 530"):
            make_provider(server).send(make_mail())
        provider.close()


@pytest.mark.parametrize("password", ["wrong horse", "wröng horse"])
def test_wrong_credentials_are_temporary_and_not_shown(
    mail_server: SmtpServer, make_provider: MakeProvider, make_mail: MakeMail, password: str
) -> None:
    provider = make_provider(mail_server, username=USERNAME, password=password)
    with pytest.raises(TemporaryError) as raised:
        provider.send(make_mail())
    assert raised.value.code == ("535" if password.isascii() else "")
    assert password not in f"{raised.value}{provider}"


def test_only_emails_are_sent(provider: SmtpProvider, make_mail: MakeMail) -> None:
    sms = SmsMessage(delivery_id=make_mail().delivery_id, channel="sms", to="+447700900123", text="Hello")
    with pytest.raises(PermanentError, match="EmailMessage only, not SmsMessage"):
        provider.send(sms)


# System checks.

WHERE = "NOTIFICATIONS['PROVIDERS']['smtp']['OPTIONS']"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"username": "clinic", "password": "secret"}, []),
        (
            {"use_ssl": True},
            [
                Error(
                    f"{WHERE} has both use_tls and use_ssl.",
                    hint="Use use_ssl with port 465, use_tls with port 587.",
                    id="notifications.smtp.E001",
                )
            ],
        ),
        (
            {"password": "secret"},
            [
                Error(
                    f"{WHERE} has only password.",
                    hint="Give both, or neither for a server that asks for none.",
                    id="notifications.smtp.E002",
                )
            ],
        ),
        (
            {"username": "clinic", "password": "sécret"},
            [
                Error(
                    f"{WHERE} has non-ASCII credentials.",
                    hint="SMTP as Python speaks it signs in with ASCII alone.",
                    id="notifications.smtp.E003",
                )
            ],
        ),
        (
            {"ca_file": "missing.pem"},
            [
                Error(
                    f"{WHERE}['ca_file'] does not exist.",
                    hint="Give the path of a file of certificates, or leave it out to trust the system's.",
                    id="notifications.smtp.E004",
                )
            ],
        ),
        (
            {"use_tls": False, "username": "clinic", "password": "secret"},
            [
                Warning(
                    f"{WHERE} sends a password in the clear.",
                    hint="Use use_tls or use_ssl, unless the server runs on this host.",
                    id="notifications.smtp.W001",
                )
            ],
        ),
    ],
)
def test_mistakes_in_its_options_are_named_by_checks(options: dict[str, str], expected: list[Error]) -> None:
    assert SmtpProvider(alias="smtp", host="mail.example.org", **options).check() == expected  # type: ignore[arg-type]
