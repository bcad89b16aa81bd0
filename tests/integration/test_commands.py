"""The commands: what they print, what they store, and their exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from pytest_django import Settings

from notifications import clock
from notifications.models import Delivery, Event, Heartbeat, Notification, Price, SandboxMessage, Status
from notifications.pipeline import spending
from notifications.services import notify
from notifications.types import LANES, all_types
from project.accounts.models import User
from tests.app.notifications import Note, UrgentNote
from tests.services.databases import process_environment

pytestmark = pytest.mark.django_db

HELLO = '{"text": "hello"}'


def run(*words: str) -> tuple[int, str]:
    """The exit code of a command, and what it printed on standard output or as its error."""
    out = io.StringIO()
    try:
        call_command(*words, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def run_json(*words: str) -> tuple[int, Any]:
    out = io.StringIO()
    try:
        call_command(*words, "--json", stdout=out)
    except CommandError as error:
        return error.returncode, json.loads(out.getvalue())
    except SystemExit as end:
        return int(str(end.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def process(*words: str, **options: Any) -> subprocess.Popen[str]:
    """A command as a process of its own, on the database of the running test."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=Path(__file__).parents[2],
        env=process_environment(PYTHONUNBUFFERED="1", LOG_LEVEL="ERROR"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture
def asha(make_person: Callable[..., Any]) -> User:
    person = make_person(username="asha", email="asha@example.org")
    assert isinstance(person, User)
    return person


# notify


@pytest.mark.parametrize("whom", ["asha", "asha@example.org", "ASHA@example.org", "{pk}", "group:patient"])
def test_a_recipient_is_named_by_username_email_primary_key_or_group(asha: User, whom: str) -> None:
    asha.groups.add(Group.objects.get(name="patient"))
    code, text = run("notify", "tests.note", "--to", whom.format(pk=asha.pk), "--payload", HELLO)
    assert (code, "1 notification created." in text) == (0, True)
    assert Notification.objects.get().recipient == asha


def test_several_recipients_each_get_one(asha: User, make_person: Callable[..., Any]) -> None:
    make_person(username="ravi")
    code, data = run_json("notify", "tests.note", "--to", "asha", "--to", "ravi", "--to", "asha", "--payload", HELLO)
    assert code == 0
    assert len(data["created"]) == 2
    assert data["deliveries"] == [{"channel": "sms", "status": "pending", "reason": "", "n": 2}]


def test_at_and_key_are_kept_and_a_repeat_creates_nothing(asha: User) -> None:
    words = ("notify", "tests.note", "--to", "asha", "--payload", HELLO, "--key", "once")
    at = clock.now() + timedelta(days=1)
    assert run(*words, "--at", at.isoformat())[0] == 0
    notification = Notification.objects.get()
    assert (notification.key, notification.send_at) == ("once", at)
    assert run(*words) == (1, "Nothing was created: it was sent before with the key once.\n")
    assert run_json(*words) == (1, {"created": [], "deliveries": []})


def test_an_empty_group_is_nothing_to_do(db: None) -> None:
    code, text = run("notify", "tests.note", "--to", "group:patient", "--payload", HELLO)
    assert (code, text) == (1, "Nothing was created: there is no recipient.\n")


def test_who_cannot_be_reached_is_refused(make_person: Callable[..., Any]) -> None:
    make_person(username="ravi", phone="")
    code, text = run("notify", "tests.note", "--to", "ravi", "--payload", HELLO)
    assert code == 1
    assert text.endswith("Tried: sms (the recipient has no address on this channel).")


def test_a_dry_run_shows_what_would_be_sent_and_stores_nothing(asha: User) -> None:
    code, text = run("notify", "tests.everywhere", "--to", "asha", "--payload", HELLO, "--dry-run")
    assert code == 0
    for each in ("email", "sms", "push", "in_app", "asha@example.org", "hello"):
        assert each in text
    assert not Notification.objects.exists()


BAD = [
    (["tests.nonsense"], "Unknown notification type 'tests.nonsense'. Known: "),
    (["tests.note", "--payload", "{text: 1}"], "--payload is not JSON: "),
    (["tests.note", "--payload", "[" * 5000], "--payload is not JSON: "),
    (["tests.note", "--payload", "[1]"], '--payload is a JSON list. Valid: an object, such as \'{"text": "hello"}\'.'),
    (["tests.note", "--payload", "{}"], "tests.note: missing payload field text. Its payload: text."),
    (["tests.note", "--payload", '{"text": "x", "txt": 1}'], "tests.note: unknown payload field txt."),
    (["tests.note", "--payload", '{"text": 1}'], "payload field text must be str, not int: 1"),
    (["tests.note", "--payload", HELLO, "--to", "nobody"], "Unknown recipient 'nobody'. Valid: a username, "),
    (["tests.note", "--payload", HELLO, "--to", "9999999999999999999999"], "Unknown recipient '999"),
    (["tests.note", "--payload", HELLO, "--to", "group:nurses"], "Unknown group 'nurses'. Known: desk, doctor, "),
    (["tests.note", "--payload", HELLO, "--to", "asha", "--at", "tomorrow"], "--at 'tomorrow' is no ISO 8601 time"),
    (["tests.note", "--payload", HELLO, "--to", "asha", "--at", "2999-01-01T09:00"], "is naive. Give it a time zone"),
    (["tests.note", "--payload", HELLO, "--to", "asha", "--at", "2020-01-01T09:00Z"], "is in the past; now it is "),
    (["tests.note", "--payload", HELLO], "tests.note: no recipients."),
]


@pytest.mark.parametrize(("words", "text"), BAD, ids=[text for _, text in BAD])
@pytest.mark.parametrize("command", ["notify", "preview_notification"])
def test_wrong_usage_says_what_is_valid_and_stores_nothing(
    asha: User, command: str, words: list[str], text: str
) -> None:
    code, told = run(command, *words)
    assert (code, text in told) == (2, True), told
    code, data = run_json(command, *words)
    assert (code, list(data), text in data["error"]) == (2, ["error"], True)
    assert not Notification.objects.exists()
    assert not Event.objects.exists()


def test_a_key_too_long_is_wrong_usage(asha: User) -> None:
    code, text = run("notify", "tests.note", "--to", "asha", "--payload", HELLO, "--key", "k" * 201)
    assert (code, text) == (2, "A key has 1 to 200 characters; this one has 201.")


def test_an_unknown_type_lists_all_known_ones(db: None) -> None:
    _, text = run("notify", "tests.nonsense")
    assert all(each.key in text for each in all_types())


def test_an_email_address_of_two_people_names_nobody(asha: User, make_person: Callable[..., Any]) -> None:
    make_person(email="asha@example.org")
    code, text = run("notify", "tests.note", "--to", "asha@example.org", "--payload", HELLO)
    assert code == 2
    assert text == "More than one user has the email address asha@example.org. Name one by username."


# preview_notification


def test_a_preview_shows_each_delivery_with_its_text(asha: User) -> None:
    code, rows = run_json("preview_notification", "tests.everywhere", "--to", "asha")
    assert code == 0
    assert {each["channel"]: each["address"] for each in rows}["email"] == "asha@example.org"
    texts = {each["channel"]: each["message"]["text"] for each in rows}
    assert (texts["sms"], texts["push"], texts["in_app"]) == ("hello", "Push: hello", "In app: hello")
    assert not Notification.objects.exists()


def test_a_preview_shows_parts_and_cost_and_their_sum(asha: User, make_person: Callable[..., Any]) -> None:
    make_person(username="ravi")
    Price.objects.create(provider="sandbox", amount="0.0079")
    spending.forget()
    words = ("preview_notification", "tests.note", "--to", "asha", "--to", "ravi", "--payload", HELLO)
    code, text = run(*words)
    assert (code, text.count("1 × GSM-7, 0.0079 USD")) == (0, 2)
    assert "Together: 0.0158 USD, fallbacks included." in text
    data = run_json(*words)[1]
    assert data[0]["segments"] == {"encoding": "GSM-7", "units": 5, "parts": 1, "left": 155}
    assert (data[0]["provider"], data[0]["cost"]) == ("sandbox", "0.007900")


def test_a_preview_shows_who_is_left_out_and_why(make_person: Callable[..., Any]) -> None:
    make_person(username="ravi", phone="")
    code, text = run("preview_notification", "tests.note", "--to", "ravi")
    assert code == 1
    assert "skipped" in text
    assert "the recipient has no address on this channel" in text


# notification_types


def test_all_types_are_listed(db: None) -> None:
    code, text = run("notification_types")
    assert code == 0
    line = next(each for each in text.splitlines() if each.startswith("tests.with_fallback "))
    columns = [each.strip() for each in line.split("  ") if each]
    assert columns == ["tests.with_fallback", "general", "normal", "sms, in_app", "email, push", "text: str"]
    _, data = run_json("notification_types")
    (entry,) = [each for each in data if each["key"] == "tests.with_fallback"]
    assert entry == {
        "key": "tests.with_fallback",
        "class": "tests.app.notifications.WithFallback",
        "description": "SMS; by email when it fails; by push when that fails too.",
        "category": "general",
        "priority": "normal",
        "channels": ["sms", "in_app"],
        "fallback": ["email", "push"],
        "payload": {"text": "str"},
        "example": {"text": "hello"},
    }


# deliver


def test_what_is_due_is_delivered_and_the_rest_waits(asha: User) -> None:
    notify(Note(text="one"), to=asha)
    notify(UrgentNote(text="two"), to=asha)
    later = clock.now() + timedelta(hours=1)
    notify(Note(text="later"), to=asha, at=later)
    code, data = run_json("deliver")
    assert code == 0
    assert [(each["lane"], each["settled"]) for each in data] == [("urgent", 1), ("default", 1), ("bulk", 0)]
    assert data[0]["next_due"] is None
    assert data[1]["next_due"].startswith(f"{later:%Y-%m-%dT%H:%M:%S}")
    assert sorted(SandboxMessage.objects.values_list("content__text", flat=True)) == ["one", "two"]
    assert Delivery.objects.filter(status=Status.PENDING).count() == 1


def test_only_the_lane_that_is_named_is_worked(asha: User) -> None:
    notify(Note(text="one"), to=asha)
    notify(UrgentNote(text="two"), to=asha)
    code, text = run("deliver", "--lane", "urgent")
    assert (code, "nothing waits" in text, "default" in text) == (0, True, False)
    assert SandboxMessage.objects.get().content["text"] == "two"


def test_counting_what_is_due_sends_nothing(asha: User) -> None:
    notify(Note(text="one"), to=asha)
    code, data = run_json("deliver", "--dry-run")
    assert (code, [each["due"] for each in data]) == (0, [0, 1, 0])
    assert Delivery.objects.get().status == Status.PENDING
    assert Delivery.objects.get().attempts == 0


def test_nothing_due_is_exit_code_1(db: None) -> None:
    assert run("deliver")[0] == 1
    assert run("deliver", "--dry-run")[0] == 1


@pytest.mark.django_db(transaction=True)
def test_watching_goes_on_until_ctrl_c_and_then_says_what_was_done(make_person: Callable[..., Any]) -> None:
    person = make_person()
    with process("deliver", "--watch", "--json") as worker:
        try:
            for text in ("one", "two"):
                notify(Note(text=text), to=person)
                until = time.monotonic() + 20
                while not SandboxMessage.objects.filter(content__text=text).exists():
                    assert time.monotonic() < until, "not delivered within 20 s"
                    assert worker.poll() is None
                    time.sleep(0.05)
            assert Heartbeat.objects.filter(pid=worker.pid).count() == len(LANES)
            worker.send_signal(signal.SIGINT)
            out, errors = worker.communicate(timeout=20)
        finally:
            worker.kill()
    assert (worker.returncode, errors) == (0, "")
    assert {each["lane"]: each["settled"] for each in json.loads(out)} == {"urgent": 0, "default": 2, "bulk": 0}


@pytest.mark.django_db(transaction=True)
def test_wrong_words_exit_with_2_in_a_real_process() -> None:
    with process("deliver", "--lane", "fast") as worker:
        _, errors = worker.communicate(timeout=30)
    assert worker.returncode == 2
    assert all(lane in errors for lane in LANES)
    with process("notify", "tests.nonsense", "--to", "x") as worker:
        _, errors = worker.communicate(timeout=30)
    assert worker.returncode == 2
    assert errors.startswith("CommandError: Unknown notification type 'tests.nonsense'. Known: ")


# cluster_alive


def beat(lane: str, age: float, host: str = "") -> None:
    Heartbeat.objects.create(
        lane=lane,
        host=host or os.uname().nodename,
        pid=1,
        beat_at=clock.now() - timedelta(seconds=age),
    )


def test_all_lanes_alive(db: None) -> None:
    for lane in LANES:
        beat(lane, 5)
    code, text = run("cluster_alive")
    assert (code, text.count("alive")) == (0, len(LANES))


def test_a_lane_that_is_late_or_never_worked_is_named(db: None) -> None:
    beat("urgent", 5)
    beat("default", 181)
    code, data = run_json("cluster_alive")
    assert code == 1
    assert {each["lane"]: each["alive"] for each in data} == {"urgent": True, "default": False, "bulk": False}
    assert data[2]["age_seconds"] is None
    assert run("cluster_alive", "--lane", "urgent")[0] == 0


def test_workers_on_another_host_count_only_when_asked(db: None) -> None:
    beat("bulk", 5, host=f"host-{uuid4()}")
    assert run("cluster_alive", "--lane", "bulk")[0] == 1
    assert run("cluster_alive", "--lane", "bulk", "--any-host")[0] == 0


def test_how_late_is_too_late_is_a_setting(settings: Settings) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "HEARTBEAT_MAX_AGE_SECONDS": 4}
    beat("bulk", 5)
    assert run("cluster_alive", "--lane", "bulk")[0] == 1


@pytest.mark.parametrize(
    "command", ["notify", "preview_notification", "notification_types", "deliver", "cluster_alive"]
)
def test_help_tells_the_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        call_command(command, "--help")
    told = capsys.readouterr().out
    assert end.value.code == 0
    assert "Exit codes: 0 done, 1 nothing to do or refused, 2 wrong usage." in " ".join(told.split())
    assert "--json" in told
