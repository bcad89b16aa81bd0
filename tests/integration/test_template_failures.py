"""A text that fails for one recipient: that delivery is put aside with the template, version and line (T6, C4).

Operators are told once, and the rest pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.analytics import template_alerts
from notifications.analytics.template_alerts import TemplateFailed
from notifications.models import Delivery, Event, Notification, Reason, SandboxMessage, Status
from notifications.services import notify, replay
from notifications.services import templates as staff
from notifications.testing import deliver_all, registered
from notifications.types import NotificationType
from notifications.variables import Variable

pytestmark = pytest.mark.django_db
FAILS_FOR_ONE = "Dear {{ recipient_name }}\n{{ text }} {{ ward }}"


def ward_of(text: str) -> dict[str, Any]:
    """A context that keeps its word but for one."""
    return {"text": text, "day": text} if text == "poison" else {"text": text, "day": text, "ward": "7"}


class ToWard(NotificationType):
    """Declares a value that it does not give to everybody."""

    key = "tests.to_ward"
    channels = ("sms",)
    example = {"text": "hello"}
    variables = {
        "text": Variable(example="hello"),
        "day": Variable(example="2030-03-04"),
        "ward": Variable(example="7"),
    }

    text: str

    def context(self, recipient: Any) -> dict[str, Any]:
        return ward_of(self.text)


class ToWardInbox(ToWard):
    """The same in the inbox."""

    key = "tests.to_ward_inbox"
    channels = ("in_app",)


@pytest.fixture(autouse=True)
def types() -> Iterator[None]:
    template_alerts._told.clear()  # what other tests have told
    with registered(ToWard), registered(ToWardInbox):
        yield


@pytest.fixture
def operator() -> Any:
    return get_user_model().objects.create_superuser("ann", email="ann@example.org", phone="+447700900555")


def publish(type_: Any, channel: str, parts: dict[str, str]) -> Any:
    return staff.publish(staff.begin(type_.key, channel, by=None, parts=parts), by=None).version


def alerts() -> list[Notification]:
    return list(Notification.objects.filter(type=TemplateFailed.key))


def test_the_delivery_is_put_aside_with_template_version_and_line_and_the_rest_pass(
    operator: Any, make_person: Callable[..., Any]
) -> None:
    version = publish(ToWard, "sms", {"sms.txt": FAILS_FOR_ONE})
    for text in ("one", "poison", "two"):
        notify(ToWard(text=text), to=make_person())
    deliver_all()
    of_notes = Delivery.objects.filter(notification__type=ToWard.key)
    assert sorted(of_notes.values_list("status", flat=True)) == ["delivered", "delivered", "failed"]
    failed = of_notes.get(status=Status.FAILED)
    assert (failed.reason, failed.version_id) == (Reason.TEMPLATE_ERROR, version.pk)
    assert "tests.to_ward/sms.txt of version 1, line 2: There is no value ward" in failed.detail
    event = Event.objects.get(delivery_id=failed.pk)
    assert (event.data["template"], event.data["line"]) == ("tests.to_ward/sms.txt of version 1", 2)


def test_operators_are_told_once_of_a_text_and_once_more_of_its_next_version(
    operator: Any, make_person: Callable[..., Any]
) -> None:
    publish(ToWard, "sms", {"sms.txt": FAILS_FOR_ONE})
    for _ in range(5):
        notify(ToWard(text="poison"), to=make_person())
    deliver_all()
    (alert,) = alerts()
    assert alert.recipient == operator
    assert alert.title == "A text failed: tests.to_ward, sms"
    assert "There is no value ward (tests.to_ward/sms.txt of version 1, line 2)" in alert.body
    email = SandboxMessage.objects.get(channel="email")
    assert "Roll the text back if it was published lately" in email.content["text"]
    publish(ToWard, "sms", {"sms.txt": FAILS_FOR_ONE + "!"})
    notify(ToWard(text="poison"), to=make_person())
    deliver_all()
    assert len(alerts()) == 2


def test_operators_are_told_of_a_file_that_fails_too(operator: Any, person: Any) -> None:
    class Broken(ToWard):
        key = "tests.broken_file"

    with registered(Broken, {"sms.txt": "{{ nothing }}"}):
        notify(Broken(text="a"), to=person)
        deliver_all()
    (alert,) = alerts()
    assert "notifications/tests.broken_file/sms.txt, line 1" in alert.body


class Failing(ToWard):
    """Its own code fails."""

    key = "tests.failing"

    def context(self, recipient: Any) -> dict[str, Any]:
        raise LookupError("canary-4711") if self.text == "ward" else ZeroDivisionError("canary-4711")


def test_operators_are_told_once_of_each_error_of_a_types_own_code(operator: Any, person: Any) -> None:
    with registered(Failing, {"sms.txt": "{{ text }}"}):
        for text in ("ward", "ward", "beds"):
            notify(Failing(text=text), to=person)
        deliver_all()
    failed = "TemplateError: tests.failing.context() or link() failed: "
    assert sorted(each.payload["error"] for each in alerts()) == [f"{failed}LookupError", f"{failed}ZeroDivisionError"]
    assert not any("canary" in each.body for each in alerts()), "an error's message may name a person"


def test_operators_are_not_told_of_a_test_that_fails(operator: Any, person: Any) -> None:
    version = staff.begin(ToWard.key, "sms", by=person, parts={"sms.txt": "{{ nothing }}"})
    staff.send_test(version, to=person, by=person)
    deliver_all()
    assert Delivery.objects.get().reason == Reason.TEMPLATE_ERROR
    assert alerts() == []


def test_operators_are_told_of_a_text_that_fails_for_the_inbox_at_once(
    operator: Any, person: Any, django_capture_on_commit_callbacks: Any
) -> None:
    publish(ToWardInbox, "in_app", {"in_app.title.txt": "Title", "in_app.txt": "\n{{ ward }}"})
    with django_capture_on_commit_callbacks(execute=True):
        (notification,) = notify(ToWardInbox(text="poison"), to=person)
    assert notification.deliveries.get().status == Status.FAILED
    (alert,) = alerts()
    assert "in_app.txt of version 1, line 2" in alert.body


def test_after_it_is_mended_what_failed_is_sent_by_a_retry(operator: Any, person: Any) -> None:
    publish(ToWard, "sms", {"sms.txt": FAILS_FOR_ONE})
    notify(ToWard(text="poison"), to=person)
    deliver_all()
    publish(ToWard, "sms", {"sms.txt": "Mended {{ text }}"})
    replay(list(Delivery.objects.filter(status=Status.FAILED).values_list("pk", flat=True)), by=operator)
    deliver_all()
    assert SandboxMessage.objects.get(channel="sms").content["text"] == "Mended poison"


def test_what_is_stored_and_logged_of_a_failure_holds_nothing_of_the_recipients_data(
    operator: Any, person: Any, caplog: pytest.LogCaptureFixture
) -> None:
    publish(ToWard, "sms", {"sms.txt": "{{ ward }}{{ day|date:'j F' }}"})
    notify(ToWard(text="canary-4711"), to=person)
    deliver_all()
    failed = Delivery.objects.get(notification__type=ToWard.key)
    assert failed.reason == Reason.TEMPLATE_ERROR
    assert "canary" not in failed.detail
    assert "could not be prepared" in caplog.text and "canary" not in caplog.text
    assert not any("canary" in str(each.data) for each in Event.objects.all())
    (alert,) = alerts()
    assert "canary" not in alert.body + str(alert.payload)


def test_a_text_that_fails_for_hundreds_costs_their_caller_no_hundred_alerts(
    operator: Any, make_person: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    publish(ToWardInbox, "in_app", {"in_app.title.txt": "Title", "in_app.txt": "{{ ward }}"})
    people = [make_person() for _ in range(50)]
    with CaptureQueriesContext(connection) as queries, django_capture_on_commit_callbacks(execute=True):
        notify(ToWardInbox(text="poison"), to=people)
    assert Delivery.objects.filter(status=Status.FAILED).count() == 50
    assert len(alerts()) == 1
    assert len(queries) < 40
