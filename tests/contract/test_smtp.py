"""SMTP keeps the contract of every provider, against a real server."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from notifications.messages import EmailMessage
from notifications.testing.providers import ProviderContract, Scenario
from tests.contract.smtp_server import SmtpServer, smtp_server


class TestSmtp(ProviderContract):
    backend = "notifications.providers.smtp.SmtpProvider"
    required_options = ("host",)
    cannot = {Scenario.RATE_LIMIT: "no reply of SMTP names a wait"}

    @pytest.fixture
    def server(self) -> Iterator[SmtpServer]:
        with smtp_server() as server:
            yield server

    @pytest.fixture
    def options(self, server: SmtpServer) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": server.port, "use_tls": False, "timeout_seconds": 0.7}

    @pytest.fixture
    def message(self) -> EmailMessage:
        return EmailMessage(
            delivery_id=uuid4(),
            channel="email",
            to="ada@example.org",
            from_email="Clinic <mail@clinic.example>",
            subject="Hi",
            text="Hello",
            html="<p>Hello</p>",
        )
