"""Files of a notification: made when it is sent, read back at the mail server, and stored nowhere."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import pytest
from django.db import connection

from notifications.messages import Attachment, EmailMessage
from notifications.models import Delivery, Event, Reason, SandboxMessage, Status
from notifications.services import notify, preview
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType

pytestmark = pytest.mark.django_db

CONTENT = b"%PDF-1.7 a secret of the clinic"
TEMPLATES = {"email.subject.txt": "Your report", "email.html": "<p>Here it is.</p>", "sms.txt": "Your report is ready"}


class Report(NotificationType):
    """Takes a file along, and knows for whom it was made."""

    key = "tests.report"
    channels = ("email", "sms")
    example = {"file": "report.pdf"}
    made_for: ClassVar[list[Any]] = []

    file: str

    def attachments(self, recipient: Any) -> Iterable[Attachment]:
        self.made_for.append(recipient.pk)
        if self.file == "broken":
            raise LookupError("the report is gone")
        if self.file == "no attachment":
            return [CONTENT]  # type: ignore[list-item]
        return [Attachment(name=self.file, content_type="application/pdf", content=CONTENT)]


@pytest.fixture(autouse=True)
def made_for() -> Iterator[list[Any]]:
    """The people for whom a file was made, in order."""
    Report.made_for.clear()
    with registered(Report, TEMPLATES):
        yield Report.made_for


def email() -> Delivery:
    return Delivery.objects.get(channel="email")


def test_a_file_is_made_when_it_is_sent_for_channels_that_take_it(person: Any, made_for: list[Any]) -> None:
    notify(Report(file="report.pdf"), to=person)
    assert made_for == []
    deliver_all()
    assert made_for == [person.pk]
    captured = SandboxMessage.objects.get(channel="email").content["attachments"]
    assert captured == [
        {
            "name": "report.pdf",
            "content_type": "application/pdf",
            "method": "",
            "bytes": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
        }
    ]
    assert "attachments" not in SandboxMessage.objects.get(channel="sms").content


def test_no_table_holds_it(person: Any) -> None:
    notify(Report(file="report.pdf"), to=person)
    deliver_all()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables
            assert "secret of the clinic" not in repr(cursor.fetchall()), table


def test_a_refused_file_fails_its_message_with_the_reason_and_no_other(person: Any, make_person: Any) -> None:
    other = make_person()
    notify(Report(file="../report.pdf"), to=person)
    notify(Report(file="report.pdf"), to=other)
    deliver_all()

    refused = Delivery.objects.get(channel="email", notification__recipient=person)
    assert (refused.status, refused.reason) == (Status.FAILED, Reason.ATTACHMENT_REFUSED)
    assert "'../report.pdf' must have a plain name" in refused.detail
    [event] = Event.objects.filter(delivery=refused, kind="failed")
    assert event.data["error"] == refused.detail
    assert set(Delivery.objects.exclude(pk=refused.pk).values_list("status", flat=True)) <= {"sent", "delivered"}
    assert SandboxMessage.objects.count() == 3


@pytest.mark.parametrize(
    ("file", "reason", "detail"),
    [
        ("broken", Reason.TEMPLATE_ERROR, "tests.report.attachments() failed: LookupError: the report is gone"),
        ("no attachment", Reason.ATTACHMENT_REFUSED, "attachments() gave bytes; it gives Attachment only."),
    ],
)
def test_a_type_that_cannot_make_its_file_fails_the_message(
    person: Any, file: str, reason: Reason, detail: str
) -> None:
    notify(Report(file=file), to=person)
    deliver_all()
    assert (email().status, email().reason) == (Status.FAILED, reason)
    assert detail in email().detail
    assert Delivery.objects.get(channel="sms").status == Status.DELIVERED


def test_the_limits_are_the_channels_options(person: Any, settings: Any) -> None:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    tight = {**channels["email"], "OPTIONS": {"max_attachment_bytes": 10}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "email": tight}}
    notify(Report(file="report.pdf"), to=person)
    deliver_all()
    assert f"has {len(CONTENT)} bytes; 10 are allowed" in email().detail


def test_a_preview_shows_the_files_and_what_is_wrong_with_them(person: Any) -> None:
    shown = {each.channel: each for each in preview(Report(file="report.pdf"), to=person)}
    message = shown["email"].message
    assert isinstance(message, EmailMessage)
    assert [each.name for each in message.attachments] == ["report.pdf"]
    wrong = {each.channel: each for each in preview(Report(file="report.exe"), to=person)}
    assert "its name must end in .pdf" in wrong["email"].error
    assert not wrong["sms"].error
