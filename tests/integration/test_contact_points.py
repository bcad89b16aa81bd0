"""A person's addresses: phones, email addresses and devices (U4, P3)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifications import clock
from notifications.devices import Device
from notifications.exceptions import ContactPointError, DeviceError, PhoneNumberError
from notifications.models import ContactPoint, Delivery, DisabledBy, Reason, SandboxFault, Status
from notifications.services import contact_points, devices, notify
from notifications.services.contact_points import MAX_ADDRESSES
from notifications.services.devices import MAX_DEVICES, MOVED
from notifications.testing import deliver_all, frozen_clock, outbox
from tests.app.notifications import Everywhere, Note, WithFallback

pytestmark = pytest.mark.django_db

FIRST, SECOND = "+447911123451", "+447911123452"


@pytest.fixture
def asha(make_person: Callable[..., Any]) -> Any:
    return make_person(device="", phone="")


@pytest.fixture
def ravi(make_person: Callable[..., Any]) -> Any:
    return make_person(device="", phone="")


def verified(user: Any, number: str, **values: Any) -> ContactPoint:
    return ContactPoint.objects.create(
        user=user, channel="sms", address=number, self_entered=True, verified_at=clock.now(), **values
    )


def token(name: str) -> Device:
    return Device("fcm", name)


# Numbers and email addresses.


def test_a_number_is_kept_as_e164_and_entered_once(asha: Any) -> None:
    point = contact_points.register_phone(asha, "+44 7911 123451", " My\nphone ")
    assert (point.address, point.label, point.is_unverified) == (FIRST, "My phone", True)
    assert contact_points.register_phone(asha, "+44 (0)7911-123451") == point


def test_a_number_that_gets_no_sms_is_refused(asha: Any) -> None:
    with pytest.raises(PhoneNumberError, match="landline"):
        contact_points.register_phone(asha, "+44 20 7946 0018")
    assert not asha.contact_points.exists()


def test_a_number_of_a_country_that_no_sms_goes_to_is_refused(asha: Any, settings: Any) -> None:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    sms = {**channels["sms"], "OPTIONS": {"denied_countries": ["IN"]}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "sms": sms}}
    with pytest.raises(PhoneNumberError, match="its country, IN"):
        contact_points.register_phone(asha, "+91 98765 43210")


@pytest.mark.parametrize("address", ["", "asha", "a@b@example.org", "a@example.org\r\nBcc: x@example.org", "a" * 300])
def test_what_is_no_email_address_is_refused(asha: Any, address: str) -> None:
    with pytest.raises(ContactPointError, match="no email address"):
        contact_points.register_email(asha, address)


def test_the_domain_of_an_email_address_has_no_capitals(asha: Any) -> None:
    assert contact_points.register_email(asha, " Asha@Example.ORG ").address == "Asha@example.org"


def test_a_sixth_number_is_refused_with_what_to_do(asha: Any) -> None:
    for number in range(MAX_ADDRESSES):
        contact_points.register_phone(asha, f"+44791112345{number}")
    with pytest.raises(ContactPointError, match="Remove one first") as caught:
        contact_points.register_phone(asha, "+447911123459")
    assert caught.value.code == "limit"
    contact_points.register_email(asha, "asha@example.org")  # of its own kind there is none yet


def test_two_people_may_have_the_same_number(asha: Any, ravi: Any) -> None:
    contact_points.register_phone(asha, FIRST)
    assert contact_points.register_phone(ravi, FIRST).user == ravi


def test_what_a_person_typed_in_is_not_used_before_it_is_verified(asha: Any) -> None:
    point = contact_points.register_phone(asha, FIRST)
    (notification,) = notify(Everywhere(text="x"), to=asha)
    assert notification.deliveries.get(channel="sms").reason == Reason.ADDRESS_UNVERIFIED
    point.verified_at = clock.now()
    point.save()
    (notification,) = notify(Everywhere(text="x"), to=asha)
    assert notification.deliveries.get(channel="sms").address == FIRST


def test_an_unverified_number_does_not_displace_the_one_of_the_account(make_person: Callable[..., Any]) -> None:
    person = make_person(phone=FIRST)
    contact_points.register_phone(person, SECOND)
    (notification,) = notify(Note(text="x"), to=person)
    assert notification.deliveries.get().address == FIRST


def test_what_staff_entered_counts_as_given(asha: Any) -> None:
    ContactPoint.objects.create(user=asha, channel="sms", address=FIRST)
    assert notify(Note(text="x"), to=asha)[0].deliveries.get().address == FIRST


def test_a_channel_may_use_unverified_addresses(asha: Any, settings: Any) -> None:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    sms = {**channels["sms"], "OPTIONS": {"require_verified": False}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "sms": sms}}
    contact_points.register_phone(asha, FIRST)
    assert notify(Note(text="x"), to=asha)[0].deliveries.get().address == FIRST


def test_one_address_is_the_primary_one(asha: Any) -> None:
    first, second = verified(asha, FIRST, is_primary=True), verified(asha, SECOND)
    contact_points.make_primary(second)
    first.refresh_from_db()
    assert (first.is_primary, second.is_primary) == (False, True)
    assert notify(Note(text="x"), to=asha)[0].deliveries.get().address == SECOND


def test_what_is_not_used_cannot_be_primary(asha: Any) -> None:
    unverified = contact_points.register_phone(asha, FIRST)
    with pytest.raises(ContactPointError, match="Verify it first"):
        contact_points.make_primary(unverified)
    off = verified(asha, SECOND, disabled_at=clock.now())
    with pytest.raises(ContactPointError, match="switched off"):
        contact_points.make_primary(off)


def test_the_place_of_a_primary_address_is_taken_by_the_next(asha: Any) -> None:
    first, second = verified(asha, FIRST, is_primary=True), verified(asha, SECOND)
    contact_points.switch_off(first)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_primary, second.is_primary) == (False, True)
    contact_points.switch_on(first)
    contact_points.remove(second)
    first.refresh_from_db()
    assert first.is_primary


def test_only_staff_switch_on_what_staff_switched_off(asha: Any) -> None:
    point = verified(asha, FIRST)
    contact_points.switch_off(point, by=DisabledBy.STAFF, reason="Belongs to somebody else.")
    with pytest.raises(ContactPointError, match="Ask them"):
        contact_points.switch_on(point)
    contact_points.switch_on(point, by=DisabledBy.STAFF)
    point.refresh_from_db()
    assert (point.disabled_at, point.disabled_reason, point.is_unverified) == (None, "", False)


def test_what_messages_no_longer_reached_must_be_verified_again(asha: Any) -> None:
    point = ContactPoint.objects.create(user=asha, channel="sms", address=FIRST)
    SandboxFault.objects.create(channel="sms", fault="bad_address")
    notify(Note(text="x"), to=asha)
    deliver_all()
    contact_points.switch_on(point)
    point.refresh_from_db()
    assert (point.disabled_at, point.is_unverified) == (None, True)


# What waits.


def test_a_reminder_for_a_removed_number_goes_to_the_next_one(asha: Any) -> None:
    with frozen_clock() as now:
        first, second = verified(asha, FIRST, is_primary=True), verified(asha, SECOND)
        (notification,) = notify(Note(text="x"), to=asha, at=now.now + timedelta(days=2))
        contact_points.remove(first)
        delivery = notification.deliveries.get()
        assert (delivery.address, delivery.contact_point, delivery.status) == (SECOND, second, Status.PENDING)
        assert delivery.due_at == now.now + timedelta(days=2)
        now.advance("2 days")
        deliver_all()
    assert [each.to for each in outbox("sms")] == [SECOND]


def test_with_no_other_number_what_waits_is_skipped_and_falls_back(asha: Any) -> None:
    with frozen_clock() as now:
        point = verified(asha, FIRST)
        (notification,) = notify(WithFallback(text="x"), to=asha, at=now.now + timedelta(days=2))
        contact_points.switch_off(point)
        assert notification.deliveries.get(channel="sms").reason == Reason.ADDRESS_DISABLED
        now.advance("2 days")
        deliver_all()
    assert outbox("sms") == []
    assert [each.to for each in outbox("email")] == [asha.email]


def test_what_a_worker_has_claimed_for_a_removed_number_is_not_sent_there(asha: Any) -> None:
    from notifications.pipeline import work
    from notifications.pipeline.starting import start

    first = verified(asha, FIRST, is_primary=True)
    verified(asha, SECOND)
    notify(Note(text="x"), to=asha)
    claimed = work.claim("default", 10)
    work.prepare(claimed)
    contact_points.remove(first)
    assert start(claimed) == []
    deliver_all()
    assert [each.to for each in outbox("sms")] == [SECOND]


# Devices.


def test_a_device_that_registers_again_stays_one_and_was_seen(asha: Any) -> None:
    with frozen_clock() as now:
        first = devices.register_device(asha, token("a"), "Phone")
        now.advance("1 day")
        again = devices.register_device(asha, token("a"), "Another name")
        assert (again.pk, again.label, again.seen_at) == (first.pk, "Phone", now.now)
        now.advance("1 day")
        renewed = devices.renew_device(asha, token("a"))
        assert renewed and renewed.seen_at == now.now
    assert ContactPoint.objects.count() == 1


def test_what_its_owner_removed_is_not_renewed(asha: Any) -> None:
    contact_points.remove(devices.register_device(asha, token("a")))
    assert devices.renew_device(asha, token("a")) is None
    assert not asha.contact_points.exists()


def test_a_sign_of_life_from_who_does_not_have_the_device_takes_it_from_nobody(asha: Any, ravi: Any) -> None:
    ashas = devices.register_device(asha, token("a"))
    assert devices.renew_device(ravi, token("a")) is None
    ashas.refresh_from_db()
    assert ashas.disabled_at is None


def test_a_new_token_keeps_name_and_what_waits(asha: Any) -> None:
    with frozen_clock() as now:
        old = devices.register_device(asha, token("old"), "Phone")
        (notification,) = notify(Everywhere(text="x"), to=asha, at=now.now + timedelta(days=1))
        new = devices.register_device(asha, token("new"), replaces=token("old"))
        assert (new.pk, new.label, new.address) == (old.pk, "Phone", "fcm:new")
        assert notification.deliveries.get(channel="push").address == "fcm:new"


def test_a_new_token_that_is_there_already_takes_the_place_of_the_old_one(asha: Any) -> None:
    devices.register_device(asha, token("old"), "Phone")
    devices.register_device(asha, token("new"))
    point = devices.register_device(asha, token("new"), replaces=token("old"))
    assert [(each.address, each.label) for each in asha.contact_points.all()] == [(point.address, "Phone")]


def test_a_token_of_another_person_is_not_replaced(asha: Any, ravi: Any) -> None:
    theirs = devices.register_device(ravi, token("theirs"))
    devices.register_device(asha, token("mine"), replaces=token("theirs"))
    theirs.refresh_from_db()
    assert (theirs.address, theirs.disabled_at) == ("fcm:theirs", None)


def test_a_late_refusal_of_the_old_token_does_not_disable_the_new_one(asha: Any) -> None:
    devices.register_device(asha, token("old"))
    (notification,) = notify(Everywhere(text="x"), to=asha)
    Delivery.objects.exclude(channel="push").delete()
    SandboxFault.objects.create(channel="push", fault="bad_address")
    point = devices.register_device(asha, token("new"), replaces=token("old"))
    notification.deliveries.update(address="fcm:old")  # as a worker that had claimed it would send it
    deliver_all()
    assert notification.deliveries.get().reason == Reason.ADDRESS_REFUSED
    point.refresh_from_db()
    assert point.disabled_at is None


def test_a_shared_device_shows_the_messages_of_who_used_it_last(asha: Any, ravi: Any) -> None:
    ashas = devices.register_device(asha, token("tablet"))
    (waiting,) = notify(Everywhere(text="for Asha"), to=asha)
    devices.register_device(ravi, token("tablet"))
    ashas.refresh_from_db()
    assert (ashas.disabled_reason, ashas.disabled_by) == (MOVED, DisabledBy.SYSTEM)
    assert waiting.deliveries.get(channel="push").status == Status.SKIPPED
    notify(Everywhere(text="for Ravi"), to=ravi)
    deliver_all()
    assert [each.content["text"] for each in outbox("push")] == ["Push: for Ravi"]
    back = devices.register_device(asha, token("tablet"))
    assert (back.pk, back.disabled_at) == (ashas.pk, None)
    assert ravi.contact_points.get().disabled_reason == MOVED


def test_what_its_owner_switched_off_stays_off_when_the_app_starts(asha: Any) -> None:
    point = devices.register_device(asha, token("a"))
    contact_points.switch_off(point)
    renewed = devices.renew_device(asha, token("a"))
    assert renewed and renewed.disabled_by == DisabledBy.OWNER
    assert devices.register_device(asha, token("a")).disabled_at is None


def test_what_staff_switched_off_stays_off_on_that_device(asha: Any) -> None:
    point = devices.register_device(asha, token("a"))
    contact_points.switch_off(point, by=DisabledBy.STAFF, reason="Stolen.")
    assert devices.register_device(asha, token("a")).disabled_by == DisabledBy.STAFF


def test_a_dead_device_must_register_again(asha: Any) -> None:
    point = devices.register_device(asha, token("a"))
    SandboxFault.objects.create(channel="push", fault="bad_address")
    notify(Everywhere(text="x"), to=asha)
    deliver_all()
    with pytest.raises(ContactPointError, match="Switch messages on there again"):
        contact_points.switch_on(point)
    assert devices.register_device(asha, token("a")).disabled_at is None


def test_the_device_that_was_silent_longest_makes_room(asha: Any) -> None:
    with frozen_clock() as now:
        for number in range(MAX_DEVICES):
            devices.register_device(asha, token(f"t{number}"))
            now.advance("1 hour")
        devices.register_device(asha, token("t0"))  # a sign of life
        devices.register_device(asha, token("one more"))
    left = set(asha.contact_points.values_list("address", flat=True))
    assert left == {f"fcm:t{number}" for number in itertools.chain([0], range(2, MAX_DEVICES))} | {"fcm:one more"}


def test_a_device_that_is_gone_gets_nothing(asha: Any) -> None:
    devices.register_device(asha, token("a"))
    (notification,) = notify(Everywhere(text="x"), to=asha)
    assert devices.unregister_device(asha, token("a")) is True
    assert devices.unregister_device(asha, token("a")) is False
    assert notification.deliveries.get(channel="push").status == Status.SKIPPED


def test_a_topic_is_no_device(asha: Any) -> None:
    with pytest.raises(DeviceError, match="topic"):
        devices.register_device(asha, Device("topic", "doctors"))
