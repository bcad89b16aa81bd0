"""A mail server, a provider that sends through it, a certificate that is trusted, and mails."""

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
