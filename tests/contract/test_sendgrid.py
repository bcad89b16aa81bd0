"""SendGrid keeps the contract of every provider, and every request keeps to SendGrid's published description."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from notifications.messages import EmailMessage
from notifications.testing.providers import ProviderContract, Scenario
from tests.contract.sendgrid_server import API_KEY, SendGridServer


@pytest.fixture
def server() -> Iterator[SendGridServer]:
    server = SendGridServer()
    yield server
    server.close()


class TestSendGrid(ProviderContract):
    backend = "notifications.providers.sendgrid.SendGridProvider"
    required_options = ("api_key",)
    sdk = ("anymail", "requests", "urllib3")
    cannot = {Scenario.SILENT_BEFORE_REQUEST: "a request is written as soon as the connection stands"}

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
