"""Phone numbers are read as people write them, and refused with the reason where no SMS gets there (P2)."""

from importlib import resources

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA
from pytest_django import Settings

from notifications.exceptions import PhoneNumberError
from notifications.phone_numbers import (
    CODES,
    RENAMED_ZONES,
    PhoneNumber,
    check_country,
    check_kind,
    parse,
    parse_for_sms,
    time_zone_of,
)

INDIAN = PhoneNumber(e164="+919876543210", country="IN", kind="mobile")


@pytest.mark.parametrize(
    ("written", "region", "e164", "country", "kind"),
    [
        ("+1 (415) 555-2671", "", "+14155552671", "US", "fixed_line_or_mobile"),
        ("(415) 555-2671", "US", "+14155552671", "US", "fixed_line_or_mobile"),
        ("098765 43210", "IN", "+919876543210", "IN", "mobile"),
        ("+91 98765 43210", "US", "+919876543210", "IN", "mobile"),  # the region is for national numbers only
        ("00 91 98765 43210", "DE", "+919876543210", "IN", "mobile"),
        ("+52 55 1234 5678", "", "+525512345678", "MX", "fixed_line_or_mobile"),
        ("+44 (0)7400 123456", "", "+447400123456", "GB", "mobile"),
        ("+44 7911 123456", "", "+447911123456", "GG", "mobile"),  # of Guernsey, with the code of the United Kingdom
        ("+39 312 345 6789", "", "+393123456789", "IT", "mobile"),
        ("+1 500 555 0006", "", "+15005550006", "US", "personal_number"),  # Twilio's for tests
        ("011 15-2345-6789", "AR", "+5491123456789", "AR", "mobile"),  # 15 is the 9 of those who dial at home
        ("\u202a+1 415 555 2671\u202c", "", "+14155552671", "US", "fixed_line_or_mobile"),  # from an address book
        ("＋１ ４１５ ５５５ ２６７１", "", "+14155552671", "US", "fixed_line_or_mobile"),
        ("+٩١ ٩٨٧٦٥ ٤٣٢١٠", "", "+919876543210", "IN", "mobile"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, region: str, e164: str, country: str, kind: str) -> None:
    assert parse_for_sms(written, region) == PhoneNumber(e164=e164, country=country, kind=kind)


@pytest.mark.parametrize(
    ("written", "region", "code"),
    [
        ("", "", "empty"),
        (" \u200b ", "", "empty"),
        ("call me", "", "letters"),
        ("1-800-FLOWERS", "US", "letters"),
        ("+14155552671x", "", "letters"),
        ("+14155552671 ext. 5", "", "extension"),
        ("+14155552671;ext=5", "", "extension"),
        ("+14155552671 x5", "", "extension"),
        ("+14155552671,,5", "", "extension"),
        ("+14155552671 #5", "", "extension"),
        ("++14155552671", "", "characters"),
        ("+1415*5552671", "", "characters"),
        ("+14155552671+", "", "characters"),
        ("4155552671", "", "national"),
        ("0049 151 23456789", "", "national"),
        ("+999 123 456 789", "", "country_code"),
        ("+0 415 555 2671", "", "country_code"),
        ("+", "", "too_short"),
        ("+1 555", "", "too_short"),
        ("555-2671", "US", "too_short"),  # dialled within one town
        ("+1 415 555 26711", "", "too_long"),
        ("1" * 300, "US", "too_long"),
        ("+1 555 867 5310", "", "invalid"),  # of Twilio's documentation
        ("+1 123 456 7890", "", "invalid"),
        ("+54 11 2345 6789", "", "argentina"),
        ("+44 20 7946 0018", "", "landline"),
        ("+33 1 23 45 67 89", "", "landline"),
        ("+1 800 555 1212", "", "kind"),
        ("+800 1234 5678", "", "kind"),
        ("+1 900 555 1234", "", "kind"),
        ("+49 180 12345", "", "kind"),
        ("+44 76 4012 3456", "", "kind"),
        ("+44 55 1234 5678", "", "kind"),
        ("+44 56 1234 5678", "", "kind"),
    ],
)
def test_a_number_that_gets_no_sms_is_refused_with_the_reason(written: str, region: str, code: str) -> None:
    with pytest.raises(PhoneNumberError) as caught:
        parse_for_sms(written, region)
    assert caught.value.code == code
    assert str(caught.value).startswith("The phone number cannot be used. " + CODES[code].partition("{")[0])


@pytest.mark.parametrize(
    ("e164", "kind"),
    [
        ("+18005551212", "toll_free"),
        ("+19005551234", "premium_rate"),
        ("+4918012345", "shared_cost"),
        ("+447640123456", "pager"),
        ("+445512345678", "uan"),
        ("+445612345678", "voip"),
        ("+41860123456789", "voicemail"),
    ],
)
def test_the_reason_names_the_kind(e164: str, kind: str) -> None:
    with pytest.raises(PhoneNumberError) as caught:
        check_kind(parse(e164, ""))
    assert str(caught.value) == (
        f"The phone number cannot be used. It is {kind}, which gets no SMS. Valid: a mobile number."
    )


def test_a_landline_is_a_number_all_the_same() -> None:
    assert parse("+44 20 7946 0018", "") == PhoneNumber(e164="+442079460018", country="GB", kind="fixed_line")


def test_the_error_never_holds_the_number_for_it_may_be_logged() -> None:
    for written in ("+1 415 555 26711", "+54 11 2345 6789", "4155550199", "+14155550199 x5"):
        with pytest.raises(PhoneNumberError) as caught:
            parse_for_sms(written, "")
        assert written not in str(caught.value)


def test_a_national_number_is_of_the_deployments_region(settings: Settings) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "PHONE_REGION": "IN"}
    assert parse("98765 43210") == INDIAN
    with pytest.raises(PhoneNumberError, match="has no country code"):
        parse("98765 43210", "")


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(ValueError, match="Unknown region 'UK'"):
        parse("07400 123456", "UK")


@pytest.mark.parametrize(("allowed", "denied"), [((), ()), (("IN", "US"), ()), ((), ("GB",)), (("IN",), ("GB",))])
def test_a_country_that_is_not_denied_passes(allowed: tuple[str, ...], denied: tuple[str, ...]) -> None:
    check_country(INDIAN, allowed, denied)


@pytest.mark.parametrize(
    ("allowed", "denied", "valid"),
    [
        (("US", "GB"), (), "Allowed: GB, US"),
        ((), ("IN", "CU"), "Allowed: all, without CU, IN"),
        (("IN",), ("IN",), "Allowed: IN, without IN"),
    ],
)
def test_a_country_that_is_denied_or_not_allowed_is_refused(
    allowed: tuple[str, ...], denied: tuple[str, ...], valid: str
) -> None:
    with pytest.raises(PhoneNumberError) as caught:
        check_country(INDIAN, allowed, denied)
    assert caught.value.code == "denied"
    assert str(caught.value) == f"The phone number cannot be used. No SMS is sent to its country, IN. {valid}."


@pytest.mark.parametrize(
    ("e164", "zone"),
    [
        ("+919876543210", "Asia/Kolkata"),
        ("+14155552671", "America/Los_Angeles"),
        ("+79123456789", None),  # any of Russia's
        ("+18005551212", None),
        ("+80012345678", None),
        ("nothing", None),
    ],
)
def test_the_time_zone_of_a_number_is_known_only_if_it_has_one(e164: str, zone: str | None) -> None:
    assert time_zone_of(e164) == zone


def test_every_zone_of_a_number_has_the_name_that_the_iana_database_gives_it_today() -> None:
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text()
    today = {line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")}
    said = {zone for zones in TIMEZONE_DATA.values() for zone in zones}
    assert {RENAMED_ZONES.get(zone, zone) for zone in said} <= today
    assert set(RENAMED_ZONES) == said - today
