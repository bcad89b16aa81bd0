"""The admin's page of providers: how each stands, why, and an operator's word with its reason."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from notifications import clock
from notifications.models import Breaker, Control, ProviderChange, ProviderHealth, ProviderOutcomes
from notifications.pipeline import failover
from notifications.testing import frozen_clock
from project.accounts.models import User
from tests.integration.test_admin import shown, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/providerhealth/"
SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}
NOON = datetime(2026, 5, 1, 12, tzinfo=ZoneInfo("Asia/Kolkata"))


@pytest.fixture(autouse=True)
def _two_providers(settings: Settings) -> None:
    given = settings.NOTIFICATIONS
    sms = {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["first", "second"]}
    settings.NOTIFICATIONS = {
        **given,
        "CHANNELS": {**given["CHANNELS"], "sms": sms},
        "PROVIDERS": {"first": SANDBOX, "second": SANDBOX, "sandbox": SANDBOX},
    }


@pytest.fixture
def operator(client: Client) -> User:
    """Staff in Kolkata who may see and control providers; signed in."""
    return staff(client, "view_providerhealth", "control_provider")


def page(alias: str) -> str:
    return reverse("admin:notify_providerhealth_change", args=[alias])


def control_page(alias: str, word: str) -> str:
    return reverse("admin:notify_providerhealth_control", args=[alias, word])


def broken(alias: str = "first", failures: int = 12) -> None:
    answers = [failover.Answered(alias, False, clock.now())] * failures
    failover.record(answers, clock.now(), "TemporaryError: 503 <b>service</b> unavailable")


def row(client: Client, alias: str) -> str:
    """What the list says of one provider."""
    html = client.get(LIST).content.decode()
    (found,) = (each for each in re.findall(r"<tr>.*?</tr>", html, re.S) if f">{alias}</a>" in each)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_every_configured_provider_is_listed_also_one_that_nothing_happened_to(client: Client, operator: User) -> None:
    assert row(client, "first") == "first sms in use – – 100% 0 ok, 0 failed automatic"
    assert row(client, "second") == "second sms in use – – 0% 0 ok, 0 failed automatic"
    assert row(client, "sandbox") == "sandbox email, push in use – – 100% 0 ok, 0 failed automatic"
    assert "<h1>Providers</h1>" in client.get(LIST).content.decode()


def test_the_list_says_what_is_broken_since_when_and_who_takes_over(client: Client, operator: User) -> None:
    with frozen_clock(NOON):
        ProviderOutcomes.objects.add("first", succeeded=1, failed=0, now=clock.now() - timedelta(minutes=5))
        ProviderOutcomes.objects.add("first", succeeded=100, failed=0, now=clock.now() - timedelta(minutes=11))
        broken()
        first, second = row(client, "first"), row(client, "second")
    opened = "out of use 12 requests in a row failed. It is probed in 30 s. 2026-05-01 12:00:00 from 12:00:30"
    assert first == f"first sms {opened} 0% 1 ok, 12 failed automatic"
    assert second == "second sms in use – – 100% 0 ok, 0 failed automatic"


def test_the_list_says_how_far_one_is_on_its_way_back(client: Client, operator: User) -> None:
    now = clock.now()
    ProviderHealth.objects.create(alias="first", breaker=Breaker.HALF_OPEN, trips=1, probes_passed=2, retry_at=now)
    assert "being probed" in row(client, "first")
    assert " 2 of 3 succeeded 0% " in row(client, "first")
    ProviderHealth.objects.filter(alias="first").update(breaker=Breaker.CLOSED, closed_at=now)
    assert " 25% " in row(client, "first")
    assert " 75% " in row(client, "second")


def test_one_that_is_no_longer_configured_keeps_its_history_and_cannot_be_controlled(
    client: Client, operator: User
) -> None:
    ProviderHealth.objects.create(alias="removed")
    ProviderChange.objects.create(alias="removed", to="open", reason="All requests failed.")
    assert "removed not configured" in shown(client.get(LIST))
    response = client.get(page("removed"))
    assert "All requests failed." in shown(response)
    assert "/control/" not in response.content.decode()
    assert client.get(control_page("removed", "pin")).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_providers(
    client: Client, operator: User, settings: Settings
) -> None:
    def queries() -> int:
        client.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    few = queries()
    more = {f"more{number}": SANDBOX for number in range(10)}
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {**given, "PROVIDERS": {**given["PROVIDERS"], **more}}
    assert few == queries() <= 15
    assert "more9" in shown(client.get(LIST))


def test_the_page_tells_the_history_newest_first_with_the_evidence(client: Client, operator: User) -> None:
    with frozen_clock(NOON) as time:
        broken()
        time.advance("5 minutes")
        failover.control("first", Control.DISABLED, reason="they are <i>down</i>", by="ann")
        response = client.get(page("first"))
    text = shown(response)
    for part in (
        "History, in the time of Asia/Kolkata",
        "2026-05-01 12:00:00 out of use: it failed too often 12 requests in a row failed. It is probed in 30 s.",
        "12 failed and 0 succeeded in the last minute; last error: TemporaryError: 503 &lt;b&gt;service",
        "2026-05-01 12:05:00 disabled: nothing goes here they are &lt;i&gt;down&lt;/i&gt; by ann",
    ):
        assert part in text, text
    text = text[text.index("History,") :]
    assert text.index("12:05:00 disabled") < text.index("12 requests in a row")


def test_a_long_history_is_cut(client: Client, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("provider", "provider_history"):
        monkeypatch.setattr(f"notifications.admin.{module}.SHOWN", 2)
    for number in range(3):
        failover.control("first", Control.PINNED, reason=f"word {number}", by="ann")
    text = shown(client.get(page("first")))
    assert "word 2" in text and "word 1" in text
    assert "word 0" not in text and "Older changes are not shown." in text


def test_one_with_no_history_says_so(client: Client, operator: User) -> None:
    assert "Its breaker never opened, and no operator controlled it." in shown(client.get(page("second")))


@pytest.mark.parametrize(
    ("word", "control", "explanation"),
    [
        ("pin", Control.PINNED, "All messages of its channels go to first"),
        ("drain", Control.DRAINING, "Nothing new goes to first"),
        ("disable", Control.DISABLED, "Nothing goes to first until that is taken back"),
    ],
)
def test_an_operator_controls_a_provider_after_giving_a_reason(
    client: Client, operator: User, word: str, control: Control, explanation: str
) -> None:
    address = control_page("first", word)
    assert address in client.get(page("first")).content.decode()
    assert explanation in shown(client.get(address))
    assert "This field is required." in shown(client.post(address, {"reason": "  "}))
    assert ProviderChange.objects.count() == 0
    response: Any = client.post(address, {"reason": "maintenance <at noon>"}, follow=True)
    assert response.redirect_chain == [(page("first"), 302)]
    assert "maintenance &lt;at noon&gt;" in shown(response)
    assert address not in response.content.decode()
    health = ProviderHealth.objects.get(alias="first")
    assert (health.control, health.control_reason) == (control, "maintenance <at noon>")
    assert ProviderChange.objects.get().by == operator.username
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, "first")
    assert "maintenance" in entry.change_message
    back = control_page("first", "automatic")
    assert back in response.content.decode()
    client.post(back, {"reason": "done"})
    assert ProviderHealth.objects.get(alias="first").control == Control.AUTOMATIC


def test_a_second_pin_in_a_channel_is_refused_in_words(client: Client, operator: User) -> None:
    failover.control("second", Control.PINNED, reason="cheaper", by="ann")
    text = shown(client.post(control_page("first", "pin"), {"reason": "faster"}))
    assert "&#x27;first&#x27; cannot be pinned: &#x27;second&#x27; is, in the channel sms." in text
    assert ProviderHealth.objects.get(alias="first").control == Control.AUTOMATIC


def test_who_may_only_look_controls_nothing(client: Client) -> None:
    staff(client, "view_providerhealth")
    assert "/control/" not in client.get(page("first")).content.decode()
    assert client.get(control_page("first", "pin")).status_code == 403
    assert client.post(control_page("first", "pin"), {"reason": "x"}).status_code == 403
    assert not ProviderChange.objects.exists()


def test_who_may_not_look_sees_nothing(client: Client) -> None:
    staff(client, "control_provider")
    for address in (LIST, page("first"), control_page("first", "pin")):
        assert client.get(address).status_code == 403


def test_no_row_is_added_changed_or_deleted_even_by_a_superuser(admin_client: Client) -> None:
    admin_client.get(LIST)
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(page("first"), {"breaker": "open"}).status_code == 403
    assert admin_client.post(reverse("admin:notify_providerhealth_delete", args=["first"])).status_code == 403
    assert "delete_selected" not in admin_client.get(LIST).content.decode()
    assert admin_client.get(control_page("first", "explode")).status_code == 404
    assert admin_client.get(control_page("unknown", "pin")).status_code == 404
    assert admin_client.get(page("unknown")).status_code == 302


def test_control_needs_its_csrf_token(operator: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert strict.post(control_page("first", "pin"), {"reason": "x"}).status_code == 403


def test_the_pages_need_neither_inline_scripts_nor_inline_styles(client: Client, operator: User) -> None:
    broken()
    for address in (LIST, page("first"), control_page("first", "pin")):
        html = client.get(address).content.decode()
        assert "notifications/admin.css" in html
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", html)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
