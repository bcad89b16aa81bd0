"""The admin's pages of contact points: what they tell, and how staff switch one off and on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from notifications import clock
from notifications.devices import Device
from notifications.models import ContactPoint, DisabledBy
from notifications.services import contact_points, devices
from project.accounts.models import User
from tests.integration.test_admin import act, shown, staff
from tests.integration.test_contact_points import FIRST

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/contactpoint/"


@pytest.fixture
def operator(client: Client) -> User:
    return staff(client, "view_contactpoint", "change_contactpoint")


@pytest.fixture
def asha(db: None) -> User:
    return User.objects.create_user("asha")


def test_the_list_tells_kind_verification_and_life_without_whole_tokens(
    client: Client, operator: User, asha: User
) -> None:
    contact_points.register_phone(asha, FIRST)
    ContactPoint.objects.create(user=asha, channel="sms", address="+447911123452")
    ContactPoint.objects.create(user=asha, channel="email", address="a@example.org", verified_at=clock.now())
    devices.register_device(asha, Device("fcm", "t" * 200), "Pixel")
    text = shown(client.get(LIST))
    for told in ("not yet", "given", "verified", "fcm", "Pixel", f"{clock.now():%Y}"):
        assert told in text
    assert "t" * 100 not in text


def test_switching_off_asks_for_a_reason_and_keeps_who_and_why(client: Client, operator: User, asha: User) -> None:
    point = ContactPoint.objects.create(user=asha, channel="sms", address=FIRST, is_primary=True)
    assert f"Nothing more is sent to {FIRST}" in shown(act(client, "switch_off", point, address=LIST))
    point.refresh_from_db()
    assert point.disabled_at is None
    act(client, "switch_off", point, address=LIST, reason="It is somebody else's.")
    point.refresh_from_db()
    assert (point.disabled_by, point.disabled_reason) == (DisabledBy.STAFF, "It is somebody else's.")
    entry = LogEntry.objects.latest("pk")
    assert (entry.user, entry.change_message) == (operator, "Switch off: It is somebody else's.")
    act(client, "switch_on", point, address=LIST, reason="It is his after all.")
    point.refresh_from_db()
    assert point.disabled_at is None


def test_who_may_only_look_switches_nothing(client: Client, asha: User) -> None:
    staff(client, "view_contactpoint")
    point = ContactPoint.objects.create(user=asha, channel="sms", address=FIRST)
    assert 'value="switch_off"' not in client.get(LIST).content.decode()
    act(client, "switch_off", point, address=LIST, reason="x")
    point.refresh_from_db()
    assert point.disabled_at is None


def test_the_page_of_one_changes_no_state_by_hand(client: Client, operator: User, asha: User) -> None:
    point = contact_points.register_phone(asha, FIRST)
    values: dict[str, Any] = {"user": asha.pk, "channel": "sms", "address": FIRST, "label": "x"}
    client.post(f"{LIST}{point.pk}/change/", {**values, "verified_at_0": "2020-01-01", "verified_at_1": "00:00"})
    point.refresh_from_db()
    assert (point.label, point.verified_at) == ("x", None)
