"""`manage.py providers`: the table, an operator's word, and the exit codes."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from notifications import clock
from notifications.models import Control, ProviderChange, ProviderHealth
from notifications.pipeline import failover
from tests.integration.test_commands import run, run_json

pytestmark = pytest.mark.django_db

SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}


@pytest.fixture(autouse=True)
def _two_providers(settings: Settings) -> None:
    given = settings.NOTIFICATIONS
    sms = {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["first", "second"]}
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], "sms": sms},
        "PROVIDERS": {"first": SANDBOX, "second": SANDBOX, "sandbox": SANDBOX},
    }


def test_it_lists_every_provider_with_why_it_is_as_it_is() -> None:
    failover.record([failover.Answered("first", False, clock.now())] * 12, clock.now(), "503")
    failover.control("second", Control.DRAINING, reason="their contract ends", by="ann")
    code, out = run("providers")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    opened = f"{ProviderHealth.objects.get(alias='first').changed_at:%Y-%m-%d %H:%M:%S}"
    assert code == 0
    assert lines[0] == "alias channels breaker control since reason"
    why = "12 requests in a row failed. It is probed in 30 s."
    assert lines[2] == f"first sms out of use: it failed too often automatic {opened} UTC {why}"
    assert lines[3] == "sandbox email, push in use automatic –"
    assert lines[4].startswith("second sms in use draining: nothing new goes here 20")
    assert lines[4].endswith("their contract ends")
    code, data = run_json("providers")
    assert code == 0
    assert [each["alias"] for each in data] == ["first", "sandbox", "second"]
    assert {**data[0], "since": None} == {
        "alias": "first",
        "configured": True,
        "channels": {"sms": 0.0},
        "breaker": "open",
        "control": "automatic",
        "since": None,
        "reason": why,
        "succeeded": 0,
        "failed": 12,
    }


@pytest.mark.parametrize(
    ("word", "control"),
    [("pin", Control.PINNED), ("drain", Control.DRAINING), ("disable", Control.DISABLED)],
)
def test_an_operator_says_a_word_and_takes_it_back(word: str, control: Control) -> None:
    code, out = run("providers", word, "first", "--reason", "an incident")
    assert (code, out.strip()) == (0, f"first is {control.label}: an incident")
    assert ProviderHealth.objects.get(alias="first").control == control
    assert "(manage.py)" in ProviderChange.objects.get().by
    code, data = run_json("providers", "automatic", "first", "--reason", "it is over")
    assert (code, data["control"], data["reason"]) == (0, "automatic", "")
    assert ProviderHealth.objects.get(alias="first").control == Control.AUTOMATIC


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["pin"], 2, 'Which provider? Valid: providers pin <alias> --reason "…".'),
        (["pin", "first"], 2, 'Why? Valid: providers pin first --reason "…".'),
        (["pin", "first", "--reason", " "], 2, "Why?"),
        (["pin", "third", "--reason", "x"], 2, "Unknown provider 'third'. Known: first, sandbox, second."),
        (["pin", "first", "--reason", "x"], 1, "'second' is, in the channel sms"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_refusal_with_1(words: list[str], code: int, text: str) -> None:
    failover.control("second", Control.PINNED, reason="cheaper", by="ann")
    found, out = run("providers", *words)
    assert found == code
    assert text in out
    assert ProviderChange.objects.count() == 1
