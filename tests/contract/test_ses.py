"""Amazon SES keeps the contract of every provider, through boto3 and in front of moto's server."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from notifications.messages import EmailMessage
from notifications.testing.providers import ProviderContract, Scenario
from tests.contract.ses_server import KEY, REGION, SECRET, SENDER, SesServer, moto_server


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture
def server(moto_port: int) -> Iterator[SesServer]:
    server = SesServer(moto_port)
    yield server
    server.close()


class TestSes(ProviderContract):
    backend = "notifications.providers.ses.SesProvider"
    required_options = ("region",)
    sdk = ("anymail", "boto3", "botocore", "requests", "urllib3")
    cannot = {
        Scenario.SILENT_BEFORE_REQUEST: "a request is written as soon as the connection stands",
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
            "timeout_seconds": 0.7,
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
