"""A mail server, a provider that sends through it, a certificate that is trusted, and mails."""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from notifications.messages import EmailMessage
from notifications.providers.smtp import SmtpProvider
from tests.contract.certificate import make_certificate
from tests.contract.smtp_server import SmtpServer, smtp_server

MakeMail = Callable[..., EmailMessage]
MakeProvider = Callable[..., SmtpProvider]


@pytest.fixture
def mail_server() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture(scope="session")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def tls(_certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """For a server with a certificate that clients of HTTPS trust in this test."""
    file, context = _certificate
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    return context


@pytest.fixture
def make_mail() -> MakeMail:
    """Make an email to Ada; values replace its fields."""

    def make(**values: Any) -> EmailMessage:
        fields: dict[str, Any] = {
            "delivery_id": uuid4(),
            "channel": "email",
            "to": "ada@example.org",
            "from_email": "Clinic <mail@clinic.example>",
            "subject": "Hi",
            "text": "Hello",
            "html": "<p>Hello</p>",
        }
        return EmailMessage(**(fields | values))

    return make


@pytest.fixture
def make_provider() -> Iterator[MakeProvider]:
    """Make a provider for a server; its connections are closed after the test."""
    made: list[SmtpProvider] = []

    def make(server: SmtpServer, **options: Any) -> SmtpProvider:
        defaults: dict[str, Any] = {"alias": "smtp", "host": "127.0.0.1", "use_tls": False, "timeout_seconds": 5}
        made.append(SmtpProvider(**(defaults | {"port": server.port} | options)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def silent_sts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """boto3 finds a role of this host, for which the service that gives roles takes questions and never answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    token = tmp_path / "token"
    token.write_text("of the host")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/notifications")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield
