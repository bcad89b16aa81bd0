"""A user's phone, time zone and language, and the roles."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from notifications.phone_numbers import CODES
from project.accounts import roles
from project.accounts.models import User
from project.accounts.phone import PROBLEMS

pytestmark = pytest.mark.django_db


def user(**fields: str) -> User:
    """An unsaved user who passes validation but for what `fields` say."""
    return User(**{"username": "asha", "password": "unusable", **fields})


def errors_of(person: User) -> dict[str, list[str]]:
    """The codes of a user's validation errors by field."""
    with pytest.raises(ValidationError) as caught:
        person.full_clean()
    return {field: [str(error.code) for error in errors] for field, errors in caught.value.error_dict.items()}


def test_a_user_starts_in_the_time_zone_and_language_of_the_deployment() -> None:
    person = User.objects.create_user("asha")
    assert (person.phone, person.time_zone, person.language) == ("", "UTC", "en")


@pytest.mark.parametrize("written", ["+1 (415) 555-2671", "+14155552671", " +1 415.555.2671 "])
def test_a_phone_number_is_stored_as_e164_however_it_was_written(written: str) -> None:
    person = user(phone=written)
    person.full_clean()
    person.save()
    person.refresh_from_db()
    assert person.phone == "+14155552671"


@pytest.mark.parametrize(
    "written", ["4155552671", "+1 555", "+999 123 456 789", "call me", "+14155552671x", "+14155552671 ext. 5"]
)
def test_what_is_no_international_number_is_refused(written: str) -> None:
    assert errors_of(user(phone=written)) == {"phone": ["invalid_phone"]}


def test_the_refusal_shows_the_valid_form() -> None:
    with pytest.raises(ValidationError, match=r"“4155552671” is not a phone number.*\+1 415 555 2671"):
        user(phone="4155552671").full_clean()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("+44 20 7946 0018", "is a landline, which gets no SMS. Give a mobile number"),
        ("+54 11 2345 6789", "Mobiles have a 9: +54 9 11 2345 6789"),
        ("+1 800 555 1212", "is a number that gets no SMS"),
        ("+1 415 555 2671 x5", "has an extension"),
        ("+1 415 555 267", "has too few digits"),
        ("+1 415 555 26711", "has too many digits"),
        ("+1 415 CALL NOW", "has letters"),
        ("+999 123 456 789", "does not begin with the code of a country"),
    ],
)
def test_a_person_is_told_what_is_wrong_with_a_number(written: str, why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        user(phone=written).full_clean()
    assert why in caught.value.message_dict["phone"][0]
    assert written in caught.value.message_dict["phone"][0]


def test_a_number_of_the_deployments_region_needs_no_country_code(settings: Settings) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PHONE_REGION": "IN"}
    person = user(phone="098765 43210")
    person.full_clean()
    assert person.phone == "+919876543210"


def test_every_problem_that_a_person_is_told_of_is_one() -> None:
    assert set(PROBLEMS) <= set(CODES)


def test_part_of_a_number_finds_its_owner() -> None:
    person = User.objects.create_user("asha", phone="+14155552671")
    assert User.objects.get(phone__contains="5552671") == person


@pytest.mark.parametrize("name", ["Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_a_time_zone_of_the_iana_database_is_accepted(name: str) -> None:
    user(time_zone=name).full_clean()


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "asia/kolkata", "+05:30"])
def test_another_time_zone_is_refused(name: str) -> None:
    assert errors_of(user(time_zone=name)) == {"time_zone": ["invalid_time_zone"]}


def test_a_language_that_is_not_offered_is_refused() -> None:
    assert errors_of(user(language="tlh")) == {"language": ["invalid_choice"]}


def test_migrate_creates_the_roles_and_a_second_time_adds_none() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    Group.objects.get(name=roles.PATIENT).delete()
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)
    assert sorted(Group.objects.values_list("name", flat=True)) == sorted(roles.ROLES)


def test_the_admin_edits_how_a_person_is_reached(admin_client: Client) -> None:
    person = User.objects.create_user("asha", language="hi")
    address = reverse("admin:accounts_user_change", args=[person.pk])
    unchanged = {
        "username": "asha",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00",
        "language": "hi",
    }
    values = {**unchanged, "phone": "+91 98765 43210", "time_zone": "Asia/Kolkata"}
    response = admin_client.post(address, values)
    assert response.status_code == 302, response.context["adminform"].form.errors
    person.refresh_from_db()
    assert (person.phone, person.time_zone, person.language) == ("+919876543210", "Asia/Kolkata", "hi")


def test_signing_in_and_out(client: Client) -> None:
    User.objects.create_user("asha", password="a-long-secret")
    page = client.get(reverse("login"))
    assert "project/site.css" in page.content.decode()
    refused = client.post(reverse("login"), {"username": "asha", "password": "wrong"})
    assert 'role="alert"' in refused.content.decode()
    accepted = client.post(reverse("login"), {"username": "asha", "password": "a-long-secret"})
    assert (accepted.status_code, accepted["Location"]) == (302, "/")
    assert client.post(reverse("logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_the_sign_in_page_is_written_from_right_to_left_in_arabic(client: Client) -> None:
    page = client.get(reverse("login"), headers={"accept-language": "ar"})
    assert 'lang="ar" dir="rtl"' in page.content.decode()
