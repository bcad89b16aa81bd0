"""From `notify` to a real mail server."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from notifications.models import ContactPoint, Delivery, Reason, Status
from notifications.services import notify
from notifications.testing import deliver_all, frozen_clock, registered
from notifications.testing.providers import Scenario
from notifications.types import NotificationType
from tests.contract.smtp_server import SmtpServer, smtp_server

pytestmark = pytest.mark.django_db


class Invitation(NotificationType):
    """Says that there is a party."""

    key = "tests.invitation"
    channels = ("email",)

    place: str


class UrgentInvitation(Invitation):
    key = "tests.urgent_invitation"
    resend_if_unknown = True


TEMPLATES = {
    "email.subject.txt": "Come to\n{{ place }}",
    "email.html": "<style>p { color: red }</style><p>Dear {{ recipient_name }}, come to {{ place }}.</p>",
}


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    given = django_settings.NOTIFICATIONS
    with smtp_server() as server:
        options = {"host": "127.0.0.1", "port": server.port, "use_tls": False, "timeout_seconds": 1}
        smtp = {"BACKEND": "notifications.providers.smtp.SmtpProvider", "OPTIONS": options}
        email = {**given["CHANNELS"]["email"], "PROVIDERS": ["smtp"]}
        changed = {
            **given,
            "PROVIDERS": {**given["PROVIDERS"], "smtp": smtp},
            "CHANNELS": {**given["CHANNELS"], "email": email},
            "FROM_EMAIL": "Clinic <mail@clinic.example>",
        }
        with (
            override_settings(NOTIFICATIONS=changed),
            registered(Invitation, templates=TEMPLATES),
            registered(UrgentInvitation, templates=TEMPLATES),
        ):
            yield server


@pytest.fixture
def ada(make_person: Any) -> Any:
    return make_person(email="ada@example.org", first_name="Ada", last_name="Lövelace")


def test_a_notification_arrives_as_a_mail(server: SmtpServer, ada: Any) -> None:
    notify(Invitation(place="Café <Größe>"), to=ada)
    assert deliver_all() == 1

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.provider) == (Status.SENT, "smtp")
    assert delivery.provider_id == f"<{delivery.pk}@clinic.example>"
    [received] = server.received
    assert (received.sender, received.recipients) == ("mail@clinic.example", ["ada@example.org"])
    mail = received.mail
    assert mail["Subject"] == "Come to Café <Größe>"
    assert mail["From"] == "Clinic <mail@clinic.example>"
    assert mail["To"].addresses[0].addr_spec == "ada@example.org"
    assert mail["Message-ID"] == delivery.provider_id
    assert mail["X-Notification-Id"] == str(delivery.pk)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert received.text() == "Dear Ada Lövelace, come to Café <Größe>."
    assert '<p style="color: red;">Dear Ada Lövelace, come to Café &lt;Größe&gt;.</p>' in received.text("html")


def test_a_thousand_mails_share_a_few_connections(server: SmtpServer, make_person: Any) -> None:
    people = [make_person(device="") for _ in range(100)]
    for place in range(10):
        notify(Invitation(place=f"Room {place}"), to=people)
    assert deliver_all() == 1000
    assert len(set(server.taken())) == len(server.received) == 1000
    assert server.connections <= 32  # as many as requests may be open at once


def test_a_server_that_is_away_gets_the_mail_when_it_is_back(server: SmtpServer, ada: Any) -> None:
    server.show(Scenario.REFUSED)
    with frozen_clock() as time:
        notify(Invitation(place="the park"), to=ada)
        deliver_all()
        assert Delivery.objects.get().reason == Reason.RETRYING
        server.show(Scenario.SUCCESS)
        time.advance("1 hour")
        deliver_all()
    assert Delivery.objects.get().status == Status.SENT
    assert len(server.received) == 1


def test_an_address_that_the_server_does_not_know_is_not_used_again(server: SmtpServer, ada: Any) -> None:
    point = ContactPoint.objects.create(user=ada, channel="email", address="gone@example.org", is_primary=True)
    server.show(Scenario.BAD_ADDRESS)
    notify(Invitation(place="the park"), to=ada)
    deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.ADDRESS_REFUSED)
    point.refresh_from_db()
    assert point.disabled_at is not None
    assert "5.1.1 No such user" in point.disabled_reason


@pytest.mark.parametrize(
    ("type_", "status", "reason", "arrived"),
    [
        (Invitation, Status.FAILED, Reason.NOT_RESENT, 1),
        (UrgentInvitation, Status.SENT, Reason.NONE, 2),
    ],
)
@pytest.mark.parametrize("scenario", [Scenario.DROPS_AFTER_TAKING, Scenario.SILENT_AFTER_TAKING])
def test_what_may_have_arrived_is_sent_again_only_if_its_type_says_so(
    server: SmtpServer,
    ada: Any,
    scenario: Scenario,
    type_: type[Invitation],
    status: Status,
    reason: Reason,
    arrived: int,
) -> None:
    server.show(scenario)
    with frozen_clock() as time:
        notify(type_(place="the park"), to=ada)
        deliver_all()
        assert Delivery.objects.get().status == Status.UNKNOWN
        server.show(Scenario.SUCCESS)
        time.advance("2 minutes")
        deliver_all()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (status, reason)
    assert server.taken() == [delivery.pk] * arrived
