"""Dates, times, numbers and amounts are written as the reader's language writes them (T4)."""

import datetime as dt
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from pytest_django import Settings

from notifications.channels.sms_segments import count
from notifications.templating import formats
from notifications.templating.reading import FormatError

pytestmark = pytest.mark.usefixtures("no_region")

MONDAY = dt.datetime(2024, 3, 4, 5, 0, tzinfo=dt.UTC)  # 10:30 in India
LANGUAGES = ("en", "en-in", "hi", "es", "es-mx", "ar", "fr", "de", "he", "fa")
RIGHT_TO_LEFT = ("ar", "he", "fa")
MARKS = "\u061c\u200e\u200f"


@contextmanager
def reader(language: str, zone: str = "Asia/Kolkata") -> Iterator[None]:
    with translation.override(language), timezone.override(zone):
        yield


@pytest.mark.parametrize(
    ("language", "style", "written"),
    [
        ("en", "short", "3/4/24"),
        ("en", "medium", "Mar 4, 2024"),
        ("en", "long", "March 4, 2024"),
        ("en", "full", "Monday, March 4, 2024"),
        ("en", "day", "Mon, Mar 4"),
        ("en-in", "day", "Mon, 4 Mar"),
        ("hi", "short", "4/3/24"),
        ("hi", "long", "4 मार्च 2024"),
        ("hi", "full", "सोमवार, 4 मार्च 2024"),
        ("hi", "day", "सोम, 4 मार्च"),
        ("es", "short", "4/3/24"),
        ("es", "long", "4 de marzo de 2024"),
        ("es", "full", "lunes, 4 de marzo de 2024"),
        ("es", "day", "lun, 4 mar"),
        ("ar", "short", "4/3/2024"),
        ("ar", "long", "4 مارس 2024"),
        ("ar", "full", "الاثنين، 4 مارس 2024"),
        ("ar", "day", "الاثنين، 4 مارس"),
    ],
)
def test_a_date_is_written_as_the_language_does(language, style, written):
    with reader(language):
        assert formats.date(MONDAY, style) == written
        assert formats.date(dt.date(2024, 3, 4), style) == written


@pytest.mark.parametrize(
    ("language", "short", "zone"),
    [
        ("en", "10:30 AM", "10:30 AM IST"),
        ("en-in", "10:30 am", "10:30 am IST"),
        ("hi", "10:30 am", "10:30 am IST"),
        ("es", "10:30", "10:30 IST"),
        ("ar", "10:30 ص", "10:30 ص غرينتش+5:30"),
    ],
)
def test_a_time_is_written_as_the_language_does(language, short, zone):
    with reader(language):
        assert formats.time(MONDAY) == short
        assert formats.time(MONDAY, "zone") == zone
        assert formats.time(dt.time(10, 30)) == short


@pytest.mark.parametrize(
    ("language", "style", "written"),
    [
        ("en", "short", "3/4/24, 10:30 AM"),
        ("en", "medium", "Mar 4, 2024, 10:30 AM"),
        ("en", "long", "March 4, 2024, 10:30 AM"),
        ("en", "full", "Monday, March 4, 2024, 10:30 AM"),
        ("en", "day", "Mon, Mar 4, 10:30 AM"),
        ("en", "zone", "March 4, 2024, 10:30 AM IST"),
        ("hi", "long", "4 मार्च 2024, 10:30 am"),
        ("es", "zone", "4 de marzo de 2024, 10:30 IST"),
        ("ar", "long", "4 مارس 2024، 10:30 ص"),
        ("fr", "short", "04/03/2024 10:30"),
    ],
)
def test_a_date_and_its_time_are_joined_as_the_language_does(language, style, written):
    with reader(language):
        assert formats.datetime(MONDAY, style) == written


@pytest.mark.parametrize(
    ("zone", "at", "written"),
    [
        ("Asia/Kathmandu", MONDAY, "March 4, 2024, 10:45 AM GMT+5:45"),
        ("Asia/Dubai", MONDAY, "March 4, 2024, 9:00 AM GMT+4"),
        ("America/Caracas", MONDAY, "March 4, 2024, 1:00 AM GMT-4"),
        ("Pacific/Chatham", MONDAY, "March 4, 2024, 6:45 PM GMT+13:45"),
        ("Australia/Lord_Howe", MONDAY, "March 4, 2024, 4:00 PM GMT+11"),
        ("UTC", MONDAY, "March 4, 2024, 5:00 AM UTC"),
        ("Europe/Dublin", MONDAY, "March 4, 2024, 5:00 AM GMT"),  # of its tables, the winter is the exception
        ("Europe/Dublin", MONDAY + dt.timedelta(days=120), "July 2, 2024, 6:00 AM IST"),
        # the hour that New York's clocks show twice
        ("America/New_York", dt.datetime(2024, 11, 3, 5, 30, tzinfo=dt.UTC), "November 3, 2024, 1:30 AM EDT"),
        ("America/New_York", dt.datetime(2024, 11, 3, 6, 30, tzinfo=dt.UTC), "November 3, 2024, 1:30 AM EST"),
        # and the one that they skip
        ("America/New_York", dt.datetime(2024, 3, 10, 6, 59, tzinfo=dt.UTC), "March 10, 2024, 1:59 AM EST"),
        ("America/New_York", dt.datetime(2024, 3, 10, 7, 0, tzinfo=dt.UTC), "March 10, 2024, 3:00 AM EDT"),
    ],
)
def test_a_time_is_told_where_the_reader_lives(zone, at, written):
    with reader("en", zone):
        assert formats.datetime(at, "zone") == written


def test_the_day_is_the_one_where_the_reader_lives():
    late = dt.datetime(2024, 2, 29, 20, 0, tzinfo=dt.UTC)
    with reader("en", "Asia/Kolkata"):
        assert formats.date(late) == "March 1, 2024"
    with reader("en", "America/New_York"):
        assert formats.date(late) == "February 29, 2024"


def test_a_zone_without_a_name_is_told_by_its_distance_from_greenwich():
    with translation.override("en"), timezone.override(dt.timezone(-dt.timedelta(hours=3, minutes=30))):
        assert formats.time(MONDAY, "zone") == "1:30 AM GMT-3:30"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2024-03-04", "March 4, 2024"),
        ("2024-03-03T20:00:00Z", "March 4, 2024"),
        ("2024-03-04T10:30:00.5+05:30", "March 4, 2024"),
        ("2024-03-04 10:30+0530", "March 4, 2024"),
    ],
)
def test_a_date_is_read_from_json_for_payloads_have_no_other(text, written):
    with reader("en"):
        assert formats.date(text) == written


@pytest.mark.parametrize(
    ("function", "value", "message"),
    [
        (formats.date, "soon", "date needs a date, not the text 'soon'."),
        (formats.date, "2023-02-29", "date needs a date, not the text '2023-02-29'."),
        (formats.date, "2024-W10-1", "date needs a date, not the text '2024-W10-1'."),
        (formats.date, "٢٠٢٤-٠٣-٠٤", "date needs a date, not the text '٢٠٢٤-٠٣-٠٤'."),
        (formats.date, "x" * 1_000_000, f"date needs a date, not the text '{'x' * 39}…'."),
        (formats.date, None, "date needs a date, not nothing."),
        (formats.date, 20240304, "date needs a date, not the number 20240304."),
        (formats.date, True, "date needs a date, not True."),
        (formats.date, dt.time(10, 30), "date needs a date, not the time 10:30."),
        (formats.date, [1], "date needs a date, not a list."),
        (formats.date, {"a": 1}, "date needs a date, not a group of values."),
        (formats.date, object(), "date needs a date, not a value of the kind object."),
        (formats.time, dt.date(2024, 3, 4), "time needs a time, not the date 2024-03-04."),
        (formats.time, "2024-03-04", "time needs a time, not the text '2024-03-04'."),
        (formats.datetime, dt.date(2024, 3, 4), "datetime needs a date with its time, not the date 2024-03-04."),
        (formats.number, "many", "number needs a number, not the text 'many'."),
        (formats.number, "1,250", "number needs a number, not the text '1,250'."),
        (formats.number, "1e5", "number needs a number, not the text '1e5'."),
        (formats.number, "٣", "number needs a number, not the text '٣'."),
        (formats.number, "", "number needs a number, not the text ''."),
        (formats.number, False, "number needs a number, not False."),
        (formats.number, float("nan"), "number needs a number that is finite, not the number nan."),
        (formats.number, float("-inf"), "number needs a number that is finite, not the number -inf."),
        (formats.number, Decimal("sNaN"), "number needs a number that is finite, not the number sNaN."),
        (formats.plural_category, "two", "plural needs a number, not the text 'two'."),
        (formats.plain_text, [1], "not a list."),
    ],
)
def test_what_cannot_be_written_so_is_named(function, value, message):
    with reader("en"), pytest.raises(FormatError) as caught:
        function(value)
    assert str(caught.value).endswith(message)


def test_the_redacted_text_of_an_error_never_holds_the_value_for_it_may_be_logged():
    for function, value in ((formats.date, "HIV positive"), (formats.number, "HIV positive"), (formats.time, 7351)):
        with pytest.raises(FormatError) as caught:
            function(value)
        assert str(value) in str(caught.value)
        assert str(value) not in caught.value.redacted
        assert caught.value.redacted.endswith(("not a text.", "not a number."))


@pytest.mark.parametrize("function", [formats.date, formats.time, formats.datetime])
def test_a_moment_that_leaves_its_zone_open_is_refused(function):
    for naive in (dt.datetime(2024, 3, 4, 10, 30), "2024-03-04T10:30:00"):
        with pytest.raises(FormatError, match="needs a date and time with its time zone"):
            function(naive)


def test_a_time_of_day_alone_has_no_zone():
    with pytest.raises(FormatError, match="which a time of day alone does not have"):
        formats.time(dt.time(10, 30), "zone")
    with pytest.raises(FormatError, match="needs a time of day without a time zone"):
        formats.time(dt.time(10, 30, tzinfo=dt.UTC))


def test_the_last_hour_of_all_time_is_refused_where_it_is_in_the_year_10000():
    with reader("en"), pytest.raises(FormatError, match="between the years 1 and 9999"):
        formats.date(dt.datetime.max.replace(tzinfo=dt.UTC))


@pytest.mark.parametrize("style", ["medum", "", "l j F", None, 3, ["long"]])
def test_an_unknown_style_is_refused_with_those_there_are(style):
    with pytest.raises(FormatError, match=r"date has no style like .* Known: day, full, long, medium, short\."):
        formats.date(MONDAY, style)
    with pytest.raises(FormatError, match=r"time has no style like .* Known: short, zone\."):
        formats.time(MONDAY, style)
    with pytest.raises(FormatError, match=r"datetime has no style like .* Known: day, full, long, medium, short, zone"):
        formats.datetime(MONDAY, style)


@pytest.mark.parametrize(
    ("language", "value", "decimals", "written"),
    [
        ("en", 1234567.5, None, "1,234,567.5"),
        ("hi", 1234567.5, None, "12,34,567.5"),
        ("es", 1234567.5, None, "1.234.567,5"),
        ("ar", 1234567.5, None, "1,234,567.5"),
        ("fr", 1234567.5, None, "1 234 567,5"),
        ("en", 0, None, "0"),
        ("en", 1.0, None, "1"),
        ("en", "12.50", None, "12.5"),
        ("en", 12.5, 2, "12.50"),
        ("en", 12, 0, "12"),
        ("en", 0.125, 2, "0.12"),  # half to even
        ("en", 0.375, 2, "0.38"),
        ("en", -3, None, "-3"),
        ("ar", -3, None, "\u200e-3"),
        ("en", Decimal("-0.0"), None, "0"),
        ("en", -0.001, 2, "0.00"),
        ("en", Decimal("1E+3"), None, "1,000"),
        ("en", Decimal("0E+99999"), None, "0"),
        ("en", Decimal("1E-99999"), 2, "0.00"),
        ("en", 0.1 + 0.2, None, "0.3"),
        ("en", 999_999_999_999_999, 8, "999,999,999,999,999.00000000"),
    ],
)
def test_a_number_is_written_as_the_language_does(language, value, decimals, written):
    with reader(language):
        assert formats.number(value, decimals) == written


@pytest.mark.parametrize("dose", ["0.0625", "0.03125", "12.34567"])
def test_no_decimal_of_a_dose_is_dropped(dose):
    for value in (dose, float(dose), Decimal(dose)):
        with reader("en"):
            assert formats.number(value) == dose
            assert formats.plain_text(value) == dose


@pytest.mark.parametrize("decimals", [-1, 9, 10**9, 2.0, "2", True])
def test_the_decimals_are_bounded(decimals):
    with pytest.raises(FormatError, match="number needs as its decimals a whole number from 0 to 8, not"):
        formats.number(1, decimals)


def test_a_number_with_very_many_digits_is_refused():
    for huge in (10**15, -(10**15), 10**100_000, 1e300, Decimal("1e99999"), Decimal("-1e15"), "1" + "0" * 15):
        for function in (formats.number, formats.plural_category, lambda value: formats.money(value, "INR")):
            with pytest.raises(FormatError, match="needs a number with at most 15 digits before the decimal mark"):
                function(huge)


def test_a_text_of_very_many_digits_is_no_number():
    for text in ("1" * 1_000_000, "0." + "1" * 1_000_000):
        with pytest.raises(FormatError, match="number needs a number, not the text"):
            formats.number(text)


@pytest.mark.parametrize(
    ("language", "value", "currency", "written"),
    [
        ("en", 1250, "INR", "₹1,250.00"),
        ("en", "1250.5", "INR", "₹1,250.50"),
        ("en", -1250.5, "INR", "-₹1,250.50"),
        ("en", 0, "INR", "₹0.00"),
        ("en", Decimal("-0.004"), "INR", "₹0.00"),
        ("en", 1250, "JPY", "¥1,250"),
        ("en", 1250, "KWD", "KWD 1,250.000"),
        ("hi", 1234567, "INR", "₹12,34,567.00"),
        ("es", 1250, "EUR", "1.250,00 €"),
        ("es", -1250, "EUR", "-1.250,00 €"),
        ("es", 1250, "INR", "1.250,00 INR"),
        ("es-mx", 1250, "MXN", "$1,250.00"),
        ("ar", 1250, "INR", "\u200f1,250.00 ₹"),
        ("ar", -1250, "INR", "\u200f\u200e-1,250.00 ₹"),
        ("ar", 0, "KWD", "\u200f0.000 د.ك.\u200f"),
        ("fr", 1250, "EUR", "1 250,00 €"),
        ("pt-cv", 1250, "CVE", "1 250,00 CVE"),
    ],
)
def test_an_amount_is_written_as_the_language_does(language, value, currency, written):
    with reader(language):
        assert formats.money(value, currency) == written


@pytest.mark.parametrize(
    ("currency", "message"),
    [
        ("Rs.", "money has no currency like the text 'Rs.'. Valid: codes of ISO 4217, such as INR, EUR or USD."),
        ("inr", "money has no currency like the text 'inr'. Did you mean INR? Valid: codes of ISO 4217"),
        ("ABC", "money has no currency like the text 'ABC'. Valid:"),
        ("", "money has no currency like the text ''. Valid:"),
        ("INR" * 1000, "money has no currency like the text 'INRINR"),
        (356, "money has no currency like the number 356. Valid:"),
        (None, "money has no currency like nothing. Valid:"),
    ],
)
def test_an_unknown_currency_is_refused_with_an_example(currency, message):
    with pytest.raises(FormatError) as caught:
        formats.money(1, currency)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("language", "categories"),
    [
        ("en", {0: "other", 1: "one", 2: "other", 1.5: "other", "1.0": "one", -1: "one"}),
        ("hi", {0: "one", 1: "one", 2: "other", 0.5: "one"}),
        ("es", {0: "other", 1: "one", 2: "other", 1_000_000: "many"}),
        ("ar", {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 103: "few"}),
    ],
)
def test_the_plural_form_is_that_of_the_number_as_it_is_shown(language, categories):
    with reader(language):
        assert {count: formats.plural_category(count) for count in categories} == categories
        assert formats.plural_category(Decimal("1.00")) == formats.plural_category(1)


@pytest.mark.parametrize(
    ("language", "categories"),
    [
        ("en", ("one", "other")),
        ("hi", ("one", "other")),
        ("es", ("one", "many", "other")),
        ("ar", ("zero", "one", "two", "few", "many", "other")),
        ("ja", ("other",)),
        ("en-in", ("one", "other")),
    ],
)
def test_the_plural_forms_of_a_language_are_known(language, categories):
    assert formats.plural_categories(language) == categories


@pytest.mark.parametrize(
    ("language", "long"),
    [
        ("ar-xx", "4 مارس 2024"),
        ("pt-br", "4 de março de 2024"),
        ("zh-hant", "2024年3月4日"),
        ("sr-latn", "4. mart 2024."),
        ("tlh", "March 4, 2024"),
        ("not a language", "March 4, 2024"),
    ],
)
def test_an_unknown_language_is_written_as_its_base_or_else_english(language, long):
    with reader(language):
        assert formats.date(MONDAY) == long


def test_english_is_written_where_no_language_is_active():
    with timezone.override("Asia/Kolkata"):
        translation.deactivate_all()
        try:
            assert formats.date(MONDAY) == "March 4, 2024"
        finally:
            translation.deactivate()


def _everything() -> Iterator[str]:
    """All styles, and amounts in all signs and several currencies."""
    yield from (formats.date(MONDAY, style) for style in formats.DATE_STYLES)
    yield from (formats.time(MONDAY, style) for style in formats.TIME_STYLES)
    yield from (formats.datetime(MONDAY, style) for style in formats.DATETIME_STYLES)


def _amounts() -> Iterator[str]:
    for value in (-1234567.5, 0, 1234567.5):
        yield formats.number(value)
        yield from (formats.money(value, currency) for currency in ("INR", "EUR", "KWD", "EGP", "ILS", "IRR"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_spaces_are_plain_and_digits_western(language):
    with reader(language):
        for text in (*_everything(), *_amounts()):
            spaces = {each for each in text if unicodedata.category(each) == "Zs"}
            assert spaces <= {" "}, ascii(text)
            digits = {each for each in text if each.isdecimal()}
            assert digits <= set("0123456789"), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_marks_of_direction_stay_only_in_amounts_of_right_to_left_languages(language):
    with reader(language):
        for text in _everything():
            assert not set(text) & set(MARKS), ascii(text)
        marked = [text for text in _amounts() if set(text) & set(MARKS)]
    assert bool(marked) == (language in RIGHT_TO_LEFT)


def test_dates_times_and_amounts_of_english_and_spanish_fit_the_cheap_alphabet_of_sms():
    for language in ("en", "en-in", "es", "es-mx", "fr"):
        with reader(language):
            for text in (*_everything(), formats.number(-1234567.5), formats.money(-1234567.5, "EUR")):
                assert count(text).encoding == "GSM-7", ascii(text)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        ("a <b>", "a <b>"),
        (1234, "1234"),
        (True, "True"),
        (1234.5, "1,234.5"),
        (MONDAY, "March 4, 2024, 10:30 AM"),
        (dt.date(2024, 3, 4), "March 4, 2024"),
        (dt.time(10, 30), "10:30 AM"),
    ],
)
def test_a_value_without_a_tag_or_filter_has_its_standard_style(value, written):
    with reader("en"):
        assert formats.plain_text(value) == written


@pytest.mark.parametrize(
    ("region", "language", "day", "amount"),
    [
        ("IN", "en", "Mon, 4 Mar", "₹12,34,567.50"),
        ("IN", "en-us", "Mon, Mar 4", "₹1,234,567.50"),  # a language that names its region keeps it
        ("GB", "en", "Mon 4 Mar", "₹1,234,567.50"),
        ("IN", "es", "lun, 4 mar", "1.234.567,50 INR"),  # CLDR knows no Spanish of India
        ("", "en", "Mon, Mar 4", "₹1,234,567.50"),
    ],
)
def test_a_language_without_a_region_writes_as_the_country_of_the_deployment_does(
    settings: Settings, region: str, language: str, day: str, amount: str
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "FORMAT_REGION": region}
    with translation.override(language):
        assert formats.date(dt.date(2024, 3, 4), "day") == day
        assert formats.money("1234567.5", "INR") == amount
