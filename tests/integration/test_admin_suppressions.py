"""The admin's pages of suppressions and webhook events."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications import clock
from notifications.admin import bounded
from notifications.models import Cause, Suppression, WebhookEvent
from notifications.preferences.suppression import lift, suppress
from project.accounts.models import User
from tests.integration.test_admin import act, shown, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/suppression/"
EVENTS = "/admin/notify/webhookevent/"
ADD = "/admin/notify/suppression/add/"


@pytest.fixture
def operator(client: Client) -> User:
    """Staff who may see, add and lift; signed in."""
    return staff(client, "view_suppression", "add_suppression", "lift_suppression")


def suppressed(address: str = "ada@example.org", cause: Cause = Cause.HARD_BOUNCE, **values: str) -> Suppression:
    assert suppress(values.pop("channel", "email"), address, cause, **values)
    return Suppression.objects.latest("pk")


def page(suppression: Suppression) -> str:
    return reverse("admin:notify_suppression_change", args=[suppression.pk])


def found(client: Client, address: str = LIST, **query: str) -> list[Any]:
    response = client.get(address, query)
    assert response.status_code == 200, response
    return [each.pk for each in response.context["cl"].result_list]


def test_they_are_found_by_address_cause_channel_and_state(client: Client, operator: User) -> None:
    mail = suppressed()
    phone = suppressed("+447700900123", Cause.UNSUBSCRIBED, channel="sms", category="visits")
    old = suppressed("old@example.org", Cause.COMPLAINT)
    lift(old, by="ann", reason="a mistake")
    assert found(client) == [old.pk, phone.pk, mail.pk]
    assert found(client, q=" ADA@example.org ") == [mail.pk]
    assert found(client, q="old@example.org") == [old.pk]
    assert found(client, q="ada@") == []
    assert found(client, cause="unsubscribed") == [phone.pk]
    assert found(client, channel="email") == [old.pk, mail.pk]
    assert found(client, state="active") == [phone.pk, mail.pk]
    assert found(client, state="lifted") == [old.pk]
    text = shown(client.get(LIST))
    assert "+447700900123 its owner unsubscribed sms, visits active" in text
    assert "ada@example.org messages to it bounced for good email, all messages active" in text


def test_the_number_of_queries_is_fixed_and_a_filter_looks_at_the_newest(
    client: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "WINDOW", 2)
    old = suppressed("old@example.org", Cause.COMPLAINT)

    def queries(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST, query)
        assert not [each["sql"] for each in captured if "COUNT(" in each["sql"]]
        return len(captured)

    few = [queries(), queries(cause="complaint"), queries(q="old@example.org")]
    for number in range(5):
        suppressed(f"new{number}@example.org")
    assert few == [queries(), queries(cause="complaint"), queries(q="old@example.org")]
    assert found(client, cause="complaint") == []
    assert "The filters looked at the newest 2 suppressions." in shown(client.get(LIST, {"cause": "complaint"}))
    assert found(client, q="old@example.org") == [old.pk]


def test_staff_add_one(client: Client, operator: User) -> None:
    values = {"channel": "email", "address": " Ada@Example.org", "category": "", "detail": "by telephone"}
    assert client.post(ADD, values).status_code == 302
    made = Suppression.objects.get()
    assert (made.address, made.cause, made.detail, made.category) == (
        "ada@example.org",
        Cause.MANUAL,
        "by telephone",
        "",
    )
    assert LogEntry.objects.get().user == operator
    assert "This address is suppressed already." in shown(client.post(ADD, values))
    assert client.post(ADD, {**values, "category": "visits"}).status_code == 302


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"channel": "fax"}, "channel"),
        ({"channel": "in_app"}, "channel"),
        ({"category": "nothing"}, "category"),
        ({"address": "ada"}, "address"),
        ({"address": ""}, "address"),
        ({"address": "ada@example.org\n"}, None),
        ({"channel": "sms"}, "address"),
        ({"channel": "sms", "address": "07700 900123"}, "address"),
        ({"channel": "sms", "address": "+44 7700 900123"}, "address"),
        ({"channel": "sms", "address": "+447700900123"}, None),
        ({"channel": "push", "address": "a-device"}, None),
        ({"detail": " "}, "detail"),
    ],
)
def test_what_staff_add_must_be_an_address_of_the_channel(
    client: Client, operator: User, values: dict[str, str], field: str | None
) -> None:
    given = {"channel": "email", "address": "ada@example.org", "category": "", "detail": "asked", **values}
    response = client.post(ADD, given)
    if field is None:
        assert response.status_code == 302
    else:
        assert set(response.context["adminform"].form.errors) == {field}
    assert Suppression.objects.count() == (field is None)


def test_lifting_asks_for_a_reason_and_keeps_who_and_why(client: Client, operator: User) -> None:
    suppression = suppressed()
    assert "lift_chosen" in client.get(page(suppression)).content.decode()
    asked = shown(act(client, "lift_chosen", suppression, address=LIST, from_page="1"))
    assert "Lift the suppression?" in asked
    assert "Messages may be sent again to ada@example.org." in asked
    assert "required" not in asked
    again = shown(act(client, "lift_chosen", suppression, address=LIST, from_page="1", reason=" "))
    assert "This field is required." in again
    assert Suppression.objects.active().exists()
    response: Any = act(client, "lift_chosen", suppression, address=LIST, from_page="1", reason="she wrote to us")
    assert response.redirect_chain == [(page(suppression), 302)]
    assert "she wrote to us" in shown(response)
    assert 'value="lift_chosen"' not in response.content.decode()
    suppression.refresh_from_db()
    assert (suppression.lifted_by, suppression.lifted_reason) == (operator.username, "she wrote to us")
    assert "she wrote to us" in LogEntry.objects.get().change_message
    assert "was lifted before" in shown(act(client, "lift_chosen", suppression, address=LIST, reason="once more"))


def test_several_are_lifted_at_once_up_to_a_limit(
    client: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = [suppressed(f"{number}@example.org") for number in range(3)]
    assert "Lift 3 suppressions?" in shown(act(client, "lift_chosen", *three, address=LIST))
    monkeypatch.setattr("notifications.admin.suppression.LIMIT", 2)
    assert "At most 2 at a time." in shown(act(client, "lift_chosen", *three, address=LIST, reason="x"))
    assert Suppression.objects.active().count() == 3
    act(client, "lift_chosen", *three[:2], address=LIST, reason="x")
    assert Suppression.objects.active().get() == three[2]
    assert LogEntry.objects.count() == 2


def test_who_may_only_look_neither_adds_nor_lifts(client: Client) -> None:
    staff(client, "view_suppression", "change_suppression", "delete_suppression")
    suppression = suppressed()
    assert client.get(ADD).status_code == 403
    assert 'value="lift_chosen"' not in client.get(LIST).content.decode()
    assert 'value="lift_chosen"' not in client.get(page(suppression)).content.decode()
    act(client, "lift_chosen", suppression, address=LIST, reason="x")
    assert Suppression.objects.active().exists()


def test_nobody_edits_or_deletes_one(admin_client: Client) -> None:
    suppression = suppressed()
    assert admin_client.post(page(suppression), {"address": "x"}).status_code == 403
    assert admin_client.post(f"{LIST}{suppression.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin_client.get(LIST).content.decode()
    assert Suppression.objects.get() == suppression


# Webhook events


def event(**values: Any) -> WebhookEvent:
    defaults: dict[str, Any] = {"alias": "sandbox", "event_id": str(uuid4()), "kind": "bounced", "at": clock.now()}
    return WebhookEvent.objects.create(**(defaults | values))


def test_what_providers_posted_is_shown_and_not_touched(admin_client: Client) -> None:
    now = clock.now()
    waiting = event(due_at=now + timedelta(minutes=1), delivery_id=uuid4(), kind="opened")
    applied = event(applied_at=now, data={"code": "550", "detail": "<b>no</b>"})
    stray = event(alias="other")
    assert found(admin_client, EVENTS) == [stray.pk, applied.pk, waiting.pk]
    text = shown(admin_client.get(EVENTS))
    for part in ("waits", "applied", "of no delivery here", str(waiting.delivery_id)):
        assert part in text
    assert found(admin_client, EVENTS, state="waiting") == [waiting.pk]
    assert found(admin_client, EVENTS, kind="bounced", alias="sandbox") == [applied.pk]
    assert found(admin_client, EVENTS, q=applied.event_id) == [applied.pk]
    assert found(admin_client, EVENTS, created_from="2026-01-01") == [stray.pk, applied.pk, waiting.pk]
    address = reverse("admin:notify_webhookevent_change", args=[applied.pk])
    assert "&lt;b&gt;no&lt;/b&gt;" in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"kind": "opened"}).status_code == 403
    assert admin_client.get(f"{EVENTS}add/").status_code == 403


def test_the_pages_need_neither_inline_scripts_nor_inline_styles(admin_client: Client) -> None:
    suppression, row = suppressed(), event()
    asked = act(admin_client, "lift_chosen", suppression, address=LIST)
    addresses = (LIST, ADD, page(suppression), EVENTS, reverse("admin:notify_webhookevent_change", args=[row.pk]))
    for html in [asked.content.decode(), *(admin_client.get(each).content.decode() for each in addresses)]:
        assert "notifications/admin.css" in html
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", html)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
