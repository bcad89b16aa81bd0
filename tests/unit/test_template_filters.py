"""The filters of staff's texts: what they give, what they refuse, and that nothing makes them large (T2, T4)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.template import defaultfilters
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from notifications.templating.filters import FILTERS, NOT_OFFERED, TEXT_MAX, FilterError
from tests.unit.test_template_formats import MONDAY, reader

pytestmark = pytest.mark.usefixtures("no_region")

DATE, TIME = dt.date(2024, 3, 4), dt.time(10, 30)


def filtered(name, *arguments):
    return FILTERS[name].function(*arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("upper", ("Dr. Müller",), "DR. MÜLLER"),
        ("upper", (3,), "3"),
        ("lower", ("ÁRBOL",), "árbol"),
        ("capfirst", ("knee x-ray",), "Knee x-ray"),
        ("capfirst", ("",), ""),
        ("capfirst", ("ánimo",), "Ánimo"),
        ("title", ("dr. o'neil's 1st patient",), "Dr. O'Neil's 1st Patient"),
        ("truncatechars", ("Paracetamol 500 mg", 12), "Paracetamol…"),
        ("truncatechars", ("Paracetamol", 11), "Paracetamol"),
        ("truncatechars", ("Paracetamol", 1), "…"),
        ("truncatewords", ("one  two\nthree", 2), "one two …"),
        ("truncatewords", ("one  two\nthree", 3), "one  two\nthree"),
        ("default", (None, "us"), "us"),
        ("default", ("", "us"), "us"),
        ("default", (0, "us"), 0),
        ("default", (False, "us"), False),
        ("default", ("Dr. Rao", "us"), "Dr. Rao"),
        ("join", (["a", 1, Decimal("2.50"), None],), "a, 1, 2.50, "),
        ("join", (("a", "b"), " & "), "a & b"),
        ("join", ([], "x"), ""),
        ("first", ([1, 2],), 1),
        ("first", ([],), ""),
        ("first", ("abc",), "a"),
        ("last", ((1, 2),), 2),
        ("last", ("",), ""),
        ("length", ([1, 2],), 2),
        ("length", ("abc",), 3),
        ("length", ({"a": 1},), 1),
        ("length", (None,), 0),
        ("number", (1234.5,), "1,234.5"),
        ("number", ("1234.5", 2), "1,234.50"),
        ("money", ("1250", "INR"), "₹1,250.00"),
        ("money", (-1250, "INR"), "-₹1,250.00"),
        ("money", (0, "INR"), "₹0.00"),
        ("linebreaksbr", ("a\nb\r\nc\rd",), "a<br>b<br>c<br>d"),
        ("linebreaksbr", ("<b>\n&'\"",), "&lt;b&gt;<br>&amp;&#x27;&quot;"),
        ("cut", ("https://example.org", "https://"), "example.org"),
        ("cut", ("a.b.c", "."), "abc"),
        ("yesno", (True, "paid,open"), "paid"),
        ("yesno", (0, "paid,open"), "open"),
        ("yesno", (None, "paid,open"), "open"),
        ("yesno", (None, "paid,open,unknown"), "unknown"),
        ("yesno", (True,), "yes"),
        ("date", (DATE,), "March 4, 2024"),
        ("date", (DATE, "day"), "Mon, Mar 4"),
        ("date", (MONDAY, "full"), "Monday, March 4, 2024"),
        ("date", (MONDAY, "l j F Y, H:i T"), "Monday 4 March 2024, 10:30 IST"),
        ("date", ("2024-03-04T05:00:00Z", "Y-m-d H:i"), "2024-03-04 10:30"),
        ("date", (DATE, r"jS \o\f F"), "4th of March"),
        ("time", (MONDAY,), "10:30 AM"),
        ("time", (MONDAY, "zone"), "10:30 AM IST"),
        ("time", (TIME, "H:i"), "10:30"),
        ("time", (MONDAY, "H:i T"), "10:30 IST"),
    ],
)
def test_a_filter_gives(name, arguments, result):
    with reader("en"):
        assert filtered(name, *arguments) == result


@pytest.mark.parametrize(
    ("language", "written", "yes"),
    [
        ("en", "Monday 4 March", "yes,no,maybe"),
        ("hi", "सोम\u200cवार 4 मार्च", "हाँ,नहीं,शायद"),
        ("es", "lunes 4 marzo", "sí,no,quizás"),
        ("ar", "الاثنين 4 مارس", "نعم,لا,ربما"),
    ],
)
def test_djangos_letters_and_words_are_in_the_readers_language(language, written, yes):
    with reader(language):
        assert filtered("date", MONDAY, "l j F") == written
        assert ",".join(filtered("yesno", value) for value in (True, False, None)) == yes


@pytest.mark.parametrize(
    ("zone", "at", "written"),
    [
        ("Asia/Kathmandu", MONDAY, "10:45 +0545"),
        ("America/New_York", dt.datetime(2024, 11, 3, 5, 30, tzinfo=dt.UTC), "01:30 EDT"),
        ("America/New_York", dt.datetime(2024, 11, 3, 6, 30, tzinfo=dt.UTC), "01:30 EST"),
        ("America/New_York", dt.datetime(2024, 3, 10, 7, 0, tzinfo=dt.UTC), "03:00 EDT"),
    ],
)
def test_djangos_letters_tell_the_zone_in_the_hour_that_a_clock_shows_twice_too(zone, at, written):
    with reader("en", zone):
        assert filtered("date", at, "H:i T") == written
        assert filtered("time", at, "H:i T") == written


@pytest.mark.parametrize("name", ["date", "time", "number", "upper", "lower", "capfirst", "title", "linebreaksbr"])
def test_nothing_stays_nothing(name):
    assert filtered(name, None) == filtered(name, "") == ""


@pytest.mark.parametrize(("name", "argument"), [("money", "INR"), ("date", "j F"), ("time", "H"), ("number", 2)])
def test_nothing_stays_nothing_with_an_argument_too(name, argument):
    assert filtered(name, None, argument) == filtered(name, "", argument) == ""


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("date", ("soon",), "date needs a date, not the text 'soon'."),
        ("date", ("soon", "j F"), "date needs a date, not the text 'soon'."),
        ("date", (TIME, "j F"), "date needs a date, not the time 10:30."),
        ("date", (DATE, "H:i"), "date shows hours only of a date with its time: leave them out"),
        ("date", (DATE, ""), "date needs a format of 1 to 200 characters; this one has 0."),
        ("date", (DATE, 3), "date needs a format in quotes, as 'j F Y' or 'H:i', not the number 3."),
        ("date", (dt.date.min, "U"), "date needs a date that its format can show, not the date 0001-01-01."),
        ("time", (DATE, "H:i"), "time needs a time, not the date 2024-03-04."),
        ("time", (MONDAY, "l H:i"), "time shows a, A, e, f"),
        ("time", ("noon",), "time needs a time, not the text 'noon'."),
        ("number", ("many",), "number needs a number, not the text 'many'."),
        ("number", (1, 9), "number needs as its decimals a whole number from 0 to 8, not the number 9."),
        ("money", (5, "Rs."), "money has no currency like the text 'Rs.'."),
        ("money", (5, None), "money has no currency like nothing."),
        ("upper", (DATE,), "upper needs a text: put |date or |time before it, not the date 2024-03-04."),
        ("upper", (["a"],), "upper needs a text, not a list."),
        ("upper", (True,), "upper needs a text, not True."),
        ("title", ({},), "title needs a text, not a group of values."),
        ("truncatechars", ("a", 0), "truncatechars needs a whole number from 1 to 10,000, not the number 0."),
        ("truncatechars", ("a", 10_001), "truncatechars needs a whole number from 1 to 10,000, not the number 10001."),
        ("truncatechars", ("a", "5"), "truncatechars needs a whole number from 1 to 10,000, not the text '5'."),
        ("truncatechars", ("a", True), "truncatechars needs a whole number from 1 to 10,000, not True."),
        ("truncatechars", ("a", None), "truncatechars needs a whole number from 1 to 10,000, not nothing."),
        ("truncatewords", ("a", 2_001), "truncatewords needs a whole number from 1 to 2,000, not the number 2001."),
        ("join", ("abc",), "join needs a list, not the text 'abc'."),
        ("join", ({"a": 1},), "join needs a list, not a group of values."),
        ("join", (["a", [1]],), "join, at item 2, needs a text, not a list."),
        ("join", (["a"], 3), "join needs a text behind its colon, not the number 3."),
        ("first", (5,), "first needs a list or a text, not the number 5."),
        ("last", ({"a": 1},), "last needs a list or a text, not a group of values."),
        ("length", (5,), "length needs a list or a text, not the number 5."),
        ("cut", ("a", ""), "cut needs a text of 1 to 200 characters behind its colon."),
        ("cut", ("a", None), "cut needs a text behind its colon, not nothing."),
        ("yesno", (True, "yes"), 'yesno needs two or three words with commas between, as "yes,no"; not the text'),
        ("yesno", (True, "a,b,c,d"), "yesno needs two or three words"),
        ("yesno", (True, 1), "yesno needs a text behind its colon, not the number 1."),
    ],
)
def test_what_a_filter_cannot_take_is_named(name, arguments, message):
    with reader("en"), pytest.raises(FilterError) as caught:
        filtered(name, *arguments)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).startswith(message)


def test_the_redacted_text_of_an_error_never_holds_the_value_for_it_may_be_logged():
    for name, arguments in (("date", ()), ("money", ("INR",)), ("join", ()), ("time", ("H:i",)), ("number", ())):
        with pytest.raises(FilterError) as caught:
            filtered(name, "HIV positive", *arguments)
        assert "HIV" in str(caught.value)
        assert caught.value.redacted.endswith("not a text.")


def test_a_text_is_cut_at_the_edge_of_what_a_reader_sees_as_one_character():
    hindi, family, accented = "नमस्ते", "\U0001f468‍\U0001f469‍\U0001f467", "e\u0301" * 4
    assert filtered("truncatechars", hindi, 5) == "नम…"  # स्ते is one
    assert filtered("truncatechars", f"a{family}b", 4) == "a…"
    assert filtered("truncatechars", f"{family}bcd", 7) == f"{family}b…"
    assert filtered("truncatechars", accented, 4) == "e\u0301…"
    assert filtered("truncatechars", "a" + "\u0301" * 50_000, 100) == "…"


def test_only_lines_that_were_escaped_count_as_html():
    breaks = filtered("linebreaksbr", SafeString("<script>\n"))
    assert type(breaks) is SafeString
    assert breaks == "&lt;script&gt;<br>"
    for name, arguments in (
        ("upper", ()),
        ("lower", ()),
        ("capfirst", ()),
        ("title", ()),
        ("cut", ("x",)),
        ("truncatechars", (100,)),
        ("truncatewords", (100,)),
        ("first", ()),
        ("last", ()),
    ):
        assert type(filtered(name, SafeString("a <b>"), *arguments)) is str, name
    assert type(filtered("join", [SafeString("<b>")], SafeString("<"))) is str
    assert type(filtered("yesno", True, SafeString("<b>,<i>"))) is str


HUGE: list[object] = [
    10**100_000,
    Decimal("1e99999"),
    Decimal("-1e99999"),
    Decimal("1e-99999"),
    Decimal("0." + "1" * 100_000),
    Decimal("NaN"),
    Decimal("sNaN"),
    float("nan"),
    float("inf"),
    1e308,
    5e-324,
    "a" * 1_000_000,
    "\u0390" * TEXT_MAX,
    "'" * TEXT_MAX,
    "\n" * TEXT_MAX,
    "a\u0301" * (TEXT_MAX // 2),
    [["a"] * 10] * 100_000,
    ["a" * 1000] * 100_000,
    list(range(200_001)),
    {str(number): number for number in range(10_000)},
    {"a": {"a": {"a": {}}}},
    dt.datetime.max.replace(tzinfo=dt.UTC),
    dt.datetime.min.replace(tzinfo=dt.UTC),
    dt.date.min,
    dt.time.max,
    ["a"],
    1250,
    b"bytes",
    object(),
    object,
]
deep: list[object] = []
for _ in range(100_000):
    deep = [deep]
HUGE.append(deep)
ARGUMENTS: list[object] = [
    None,
    0,
    -1,
    1,
    10_000,
    10**100_000,
    float("nan"),
    Decimal("sNaN"),
    "",
    ",",
    "long",
    "INR",
    "r" * 200,
    "r" * 10_000,
    "\\",
    "%s{0}{0.__class__}",
    ["INR"],
    {},
    True,
]


RETURNS_WHAT_CAME = ("default", "first", "last")


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_whatever_comes_the_result_is_small_or_the_error_is_for_the_editor(name):
    offered = FILTERS[name]
    plain = [()] if offered.argument != "required" else []
    more = [(each,) for each in ARGUMENTS] if offered.argument != "none" else []
    results, errors = [], []
    with reader("en"):
        for value in HUGE:
            for rest in (*plain, *more):
                try:
                    results.append(offered.function(value, *rest))
                except FilterError as error:
                    errors.append(str(error))
    assert results
    if name not in RETURNS_WHAT_CAME:
        assert {type(each) for each in results} <= {str, SafeString, int}
        assert max(len(str(each)) for each in results) <= 6 * TEXT_MAX
    assert bool(errors) == (name != "default")
    assert max(map(len, errors), default=0) < 400


def test_a_separator_cannot_make_a_long_list_larger_than_a_text():
    assert len(filtered("join", ["a"] * 1_000, "-" * 199)) <= TEXT_MAX
    with pytest.raises(FilterError, match="join gives at most 200,000 characters"):
        filtered("join", ["a"] * 1_001, "-" * 199)
    with pytest.raises(FilterError, match="join needs a text of 0 to 200 characters"):
        filtered("join", ["a"], "-" * 201)


def test_a_long_text_is_refused_with_the_limit():
    with pytest.raises(FilterError, match="upper takes a text of at most 200,000 characters; this one has 1,000,000"):
        filtered("upper", "a" * 1_000_000)


def test_a_long_format_is_refused_and_one_of_full_length_stays_small():
    with pytest.raises(FilterError, match="date needs a format of 1 to 200 characters; this one has 10,000"):
        filtered("date", MONDAY, "r" * 10_000)
    with reader("en"):
        assert len(filtered("date", MONDAY, "r" * 200)) == 200 * len("Mon, 04 Mar 2024 10:30:00 +0530")


@given(st.text(max_size=300), st.integers(1, 50))
def test_a_truncated_text_is_never_longer_than_asked_and_starts_as_the_whole_does(text, length):
    short = filtered("truncatechars", text, length)
    assert len(short) <= length
    assert short == text or text.startswith(short.removesuffix("…"))


@given(st.text(max_size=300))
def test_no_character_of_a_value_is_html_after_linebreaksbr(text):
    assert not set(filtered("linebreaksbr", text).replace("<br>", "")) & set("<>\"'\r\n")


@given(st.one_of(st.datetimes(timezones=st.just(dt.UTC)), st.dates(), st.times()), st.text(max_size=200))
def test_every_format_gives_a_text_or_an_error_for_the_editor(value, form):
    with translation.override("en"), timezone.override("Asia/Kathmandu"):
        for name in ("date", "time"):
            try:
                text = filtered(name, value, form)
            except FilterError as error:
                text = str(error)
            assert type(text) is str


def test_each_filter_tells_what_it_does_with_an_example_of_itself():
    for name, offered in FILTERS.items():
        assert offered.name == name
        assert offered.about.endswith(".")
        start, _, argument = offered.example.partition(f"|{name}")
        assert start.startswith("{{ ") and argument.endswith(" }}")
        assert (":" in argument) <= (offered.argument != "none")
        assert (":" in argument) or offered.argument != "required"


JINJA = ("safe", "format", "attr", "map", "tojson", "e", "d", "count", "replace", "round", "selectattr", "xmlattr")


def test_each_filter_of_django_is_offered_or_has_a_hint():
    known = defaultfilters.register.filters.keys() | set(JINJA)
    assert not known - FILTERS.keys() - NOT_OFFERED.keys()
    assert not FILTERS.keys() & NOT_OFFERED.keys()
    assert all(hint.endswith(".") for hint in NOT_OFFERED.values())
