"""What an HTTP answer means for a message."""

from datetime import timedelta
from email.utils import formatdate

import pytest
from requests.structures import CaseInsensitiveDict

from notifications.exceptions import PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.providers.transport.answers import TEXT_MAX_LENGTH, refusal, wait

NOW = 1_900_000_000
DATE = formatdate(NOW, usegmt=True)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, TemporaryError) for status in (302, 401, 402, 403, 404, 405, 407, 408, 425, 429, 500, 501, 503)),
        *((status, TemporaryError) for status in (521, 522, 525, 0)),
        *((status, PermanentError) for status in (400, 406, 410, 413, 414, 415, 422, 431, 451)),
        *((status, UnknownOutcome) for status in (502, 504, 520, 524)),
    ],
)
def test_a_status_gives_its_error(status: int, error: type[ProviderError]) -> None:
    told = refusal("Acme", status, "No\r\n  way", {})
    assert type(told) is error
    assert (str(told), told.code) == (f"Acme answered {status}: No way", str(status))


def test_the_code_of_the_service_goes_before_the_status() -> None:
    assert refusal("Acme", 400, "No", {}, code="Refused").code == "Refused"


def test_a_long_text_is_cut() -> None:
    assert len(str(refusal("Acme", 400, "no " * 10_000, {}))) == TEXT_MAX_LENGTH


@pytest.mark.parametrize(("status", "seconds"), [(429, 9), (503, 9), (500, None)])
def test_a_wait_is_read_where_a_service_may_name_one(status: int, seconds: int | None) -> None:
    told = refusal("Acme", status, "", {"Retry-After": "9"})
    assert isinstance(told, TemporaryError)
    assert told.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": formatdate(NOW + 30, usegmt=True), "Date": DATE}, 30),
        ({"Retry-After": formatdate(NOW - 30, usegmt=True), "Date": DATE}, 1),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "86400"}, 86_400),
        ({"Retry-After": "86401"}, None),
        ({"Retry-After": "9" * 30, "Date": DATE}, None),
        ({"X-RateLimit-Reset": str(NOW + 30), "Date": DATE}, 30),
        ({"X-RateLimit-Reset": str(NOW - 30), "Date": DATE}, 1),
        ({"X-RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Reset": str((NOW + 30) * 1000), "Date": DATE}, None),  # milliseconds
        ({"Retry-After": "soon", "X-RateLimit-Reset": "12"}, 12),
        ({"Retry-After": "30", "X-RateLimit-Reset": "12"}, 30),
        ({"Retry-After": "30", "Date": "yesterday"}, 30),
    ],
)
def test_the_wait_that_an_answer_names(headers: dict[str, str], seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert wait(CaseInsensitiveDict(headers)) == expected
