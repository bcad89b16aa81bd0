"""The sandbox keeps the contract of every provider, with scripted faults for a server."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from notifications.messages import EmailMessage, Message, PushMessage, SmsMessage
from notifications.models import SandboxFault, SandboxMessage
from notifications.testing.providers import ALIAS, RETRY_AFTER, ProviderContract, Scenario

FAULTS = {
    Scenario.TEMPORARY: "error",
    Scenario.RATE_LIMIT: "rate_limit",
    Scenario.PERMANENT: "refuse",
    Scenario.BAD_ADDRESS: "bad_address",
    Scenario.SILENT: "timeout",
    Scenario.SILENT_AFTER_TAKING: "timeout_after_accept",
    Scenario.MALFORMED: "malformed",
}


class Script:
    """The faults in the database."""

    def show(self, scenario: Scenario) -> None:
        SandboxFault.objects.all().delete()
        if scenario != Scenario.SUCCESS:
            SandboxFault.objects.create(
                provider=ALIAS, fault=FAULTS[scenario], seconds=RETRY_AFTER.total_seconds(), times=1000
            )

    def taken(self) -> list[UUID]:
        captured = SandboxMessage.objects.filter(provider=ALIAS).order_by("pk")
        return list(captured.values_list("delivery_id", flat=True))


@pytest.mark.django_db(transaction=True)
class TestSandbox(ProviderContract):
    backend = "notifications.providers.sandbox.SandboxProvider"
    cannot = dict.fromkeys(
        (Scenario.REFUSED, Scenario.SILENT_BEFORE_REQUEST, Scenario.DROPS_AFTER_TAKING, Scenario.DRIPS),
        "it has no network",
    )

    @pytest.fixture
    def server(self) -> Script:
        return Script()

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"receipts": False, "look_ups": True}

    @pytest.fixture(params=["email", "sms", "push"])
    def message(self, request: pytest.FixtureRequest) -> Message:
        common: dict[str, Any] = {"delivery_id": uuid4(), "channel": request.param, "text": "Hello"}
        if request.param == "email":
            return EmailMessage(
                to="ada@example.org", from_email="us@example.org", subject="Hi", html="<p>Hello", **common
            )
        if request.param == "sms":
            return SmsMessage(to="+447700900123", **common)
        return PushMessage(to="token", title="Hi", **common)
