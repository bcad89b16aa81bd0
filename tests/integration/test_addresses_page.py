"""The page of a person's addresses: only the person's own, and only by POST (U4, S2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from notifications import clock
from notifications.models import ContactPoint, DisabledBy
from notifications.services import verification
from notifications.services.one_time_code import digits_of
from project.accounts.models import User
from tests.integration.test_contact_points import FIRST, SECOND

pytestmark = pytest.mark.django_db

PAGE = "/account/addresses/"


@pytest.fixture
def asha() -> User:
    return User.objects.create_user("asha", email="asha@example.org")


@pytest.fixture
def own(client: Client, asha: User) -> Client:
    client.force_login(asha)
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


def test_it_shows_what_is_used_and_why_the_rest_is_not(own: Client, asha: User) -> None:
    now, common = clock.now(), {"user": asha, "channel": "sms", "self_entered": True}
    ContactPoint.objects.create(**common, address=FIRST, verified_at=now, label="Mine", is_primary=True)
    ContactPoint.objects.create(**common, address=SECOND)
    ContactPoint.objects.create(user=asha, channel="push", address="fcm:a", disabled_at=now, disabled_by="staff")
    page = text(own.get(PAGE))
    assert page.count("In use") == 2  # with the email address of the account
    assert "asha@example.org" in page
    assert "Not verified" in page
    assert "Our staff switched it off" in page
    assert "fcm:a" not in page


def test_a_new_number_gets_its_code_at_once(own: Client) -> None:
    response = own.post(f"{PAGE}add/sms/", {"address": "+44 7911 123451", "label": ""}, follow=True)
    assert "A code is on its way to +447911123451" in text(response)
    point = ContactPoint.objects.get()
    own.post(f"{PAGE}{point.pk}/verify/", {"code": digits_of(point.codes.get())})
    point.refresh_from_db()
    assert point.verified_at


@pytest.mark.parametrize(
    ("channel", "address", "said"),
    [
        ("sms", "", "required"),
        ("sms", "+1 800 FLOWERS", "has letters"),
        ("sms", "+44 20 7946 0018", "landline"),
        ("email", "asha", "valid email address"),
        ("email", "<script>alert(1)</script>", "&lt;script&gt;"),
    ],
)
def test_what_is_no_address_is_said_beside_the_field(own: Client, channel: str, address: str, said: str) -> None:
    response = own.post(f"{PAGE}add/{channel}/", {"address": address})
    assert response.status_code == 400
    assert said in text(response)
    assert not ContactPoint.objects.exists()


def test_one_too_many_is_said_beside_the_field(own: Client, asha: User) -> None:
    for number in range(5):
        ContactPoint.objects.create(user=asha, channel="sms", address=f"+44791112345{number}")
    response = own.post(f"{PAGE}add/sms/", {"address": "+447911123459"})
    assert (response.status_code, "Remove one first" in text(response)) == (400, True)


def test_too_many_codes_are_refused_with_when_to_ask_again(own: Client, asha: User) -> None:
    point = ContactPoint.objects.create(user=asha, channel="sms", address=FIRST, self_entered=True)
    for _ in range(3):
        verification.request_code(point)
    assert "Ask again in 60 minutes" in text(own.post(f"{PAGE}{point.pk}/code/", follow=True))


def test_an_address_is_named_used_switched_off_and_on_and_removed(own: Client, asha: User) -> None:
    now, common = clock.now(), {"user": asha, "channel": "sms", "self_entered": True}
    ContactPoint.objects.create(**common, address=FIRST, verified_at=now, is_primary=True)
    point = ContactPoint.objects.create(**common, address=SECOND, verified_at=now)
    path = f"{PAGE}{point.pk}/"

    def after(action: str, **data: str) -> ContactPoint:
        assert own.post(f"{path}{action}/", data).status_code == 302
        return ContactPoint.objects.get(pk=point.pk)

    assert after("name", label="<b>Work</b>").label == "<b>Work</b>"
    assert "<b>Work</b>" not in text(own.get(PAGE))
    assert after("primary").is_primary
    off = after("off")
    assert (off.disabled_by, off.is_primary) == (DisabledBy.OWNER, False)
    assert after("on").disabled_at is None
    assert own.post(f"{path}remove/").status_code == 302
    assert [each.address for each in asha.contact_points.all()] == [FIRST]


@pytest.mark.parametrize("action", ["code", "verify", "name", "primary", "off", "on", "remove"])
def test_what_is_anothers_is_not_found(own: Client, action: str) -> None:
    other = User.objects.create_user("ravi")
    point = ContactPoint.objects.create(user=other, channel="sms", address=FIRST, self_entered=True)
    assert own.post(f"{PAGE}{point.pk}/{action}/", {"code": "1", "label": "x"}).status_code == 404
    point.refresh_from_db()
    assert (point.label, point.disabled_at) == ("", None)


@pytest.mark.parametrize("path", ["add/sms/", "1/code/", "1/remove/"])
def test_a_link_changes_nothing(own: Client, path: str) -> None:
    assert own.get(PAGE + path).status_code == 405


@pytest.mark.parametrize("path", ["add/push/", "add/pigeon/", "1/unknown/"])
def test_what_there_is_not_is_not_found(own: Client, path: str) -> None:
    assert own.post(PAGE + path).status_code == 404


def test_who_is_not_signed_in_is_asked_to(client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.post(f"{PAGE}add/sms/", {"address": FIRST}).status_code == 302
    assert not ContactPoint.objects.exists()


OFFER = "Your number is from the time zone Asia/Kolkata. Times in our messages are those of UTC."


def test_the_time_zone_of_the_number_in_use_is_offered_and_used_when_the_person_says_so(
    own: Client, asha: User
) -> None:
    ContactPoint.objects.create(user=asha, channel="sms", address="+919876543210", verified_at=clock.now())
    page = text(own.get(PAGE))
    assert OFFER in page
    assert "Use Asia/Kolkata" in page
    asha.refresh_from_db()
    assert asha.time_zone == "UTC"
    page = text(own.post(f"{PAGE}time-zone/", {"time_zone": "Asia/Kolkata"}, follow=True))
    assert "Times in our messages are those of Asia/Kolkata from now on." in page
    assert "Your number is from" not in page
    assert '<option value="Asia/Kolkata" selected>' in page
    asha.refresh_from_db()
    assert asha.time_zone == "Asia/Kolkata"


def test_no_time_zone_is_offered_for_a_number_that_is_not_verified(own: Client, asha: User) -> None:
    ContactPoint.objects.create(user=asha, channel="sms", address="+919876543210", self_entered=True)
    assert "Your number is from" not in text(own.get(PAGE))


def test_any_time_zone_can_be_chosen_and_nothing_else(own: Client, asha: User) -> None:
    own.post(f"{PAGE}time-zone/", {"time_zone": "America/Argentina/Buenos_Aires"})
    page = text(own.post(f"{PAGE}time-zone/", {"time_zone": "Mars/<Olympus>"}, follow=True))
    assert "“Mars/&lt;Olympus&gt;” is not a time zone" in page
    asha.refresh_from_db()
    assert asha.time_zone == "America/Argentina/Buenos_Aires"


def test_a_zone_that_the_list_does_not_offer_stays_the_one_that_is_shown(own: Client, asha: User) -> None:
    User.objects.filter(pk=asha.pk).update(time_zone="Etc/GMT+5")
    assert '<option value="Etc/GMT+5" selected>' in text(own.get(PAGE))


def test_a_time_zone_is_set_by_post_with_a_token_only(own: Client, asha: User) -> None:
    assert own.get(f"{PAGE}time-zone/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(asha)
    assert strict.post(f"{PAGE}time-zone/", {"time_zone": "Asia/Kolkata"}).status_code == 403
    assert Client().post(f"{PAGE}time-zone/", {"time_zone": "Asia/Kolkata"}).status_code == 302
    asha.refresh_from_db()
    assert asha.time_zone == "UTC"
