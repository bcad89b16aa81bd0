"""Environment variables are read with their types, and a mistake names the variable and the valid form."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.settings import environment


@pytest.mark.parametrize(
    ("value", "read"),
    [("1", True), ("TRUE", True), ("on", True), ("no", False), ("0", False), ("", True), (" ", True)],
)
def test_a_flag(monkeypatch: pytest.MonkeyPatch, value: str, read: bool) -> None:
    monkeypatch.setenv("SHOW", value)
    assert environment.flag("SHOW", True) is read


def test_a_flag_that_is_neither_yes_nor_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOW", "maybe")
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.flag("SHOW", True)
    assert str(caught.value) == "SHOW is 'maybe'. Valid: 1, true, yes, on, 0, false, no, off."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("many", "COUNT is 'many'. Valid: a whole number from 1 to 9."),
        ("1.5", "COUNT is '1.5'. Valid: a whole number from 1 to 9."),
        ("0", "COUNT is 0. Valid: a whole number from 1 to 9."),
        ("10", "COUNT is 10. Valid: a whole number from 1 to 9."),
    ],
)
def test_a_number_that_is_none_or_out_of_bounds(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv("COUNT", value)
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.integer("COUNT", 2, minimum=1, maximum=9)
    assert str(caught.value) == said


def test_a_number_within_bounds_or_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNT", " 9 ")
    assert environment.integer("COUNT", 2, minimum=1, maximum=9) == 9
    monkeypatch.delenv("COUNT")
    assert environment.integer("COUNT", 2, minimum=1, maximum=9) == 2


def test_a_list_drops_blanks_and_empty_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", " a.example , ,b.example,")
    assert environment.items("HOSTS") == ["a.example", "b.example"]
    monkeypatch.setenv("HOSTS", "")
    assert environment.items("HOSTS", ("c.example",)) == ["c.example"]


def test_a_variable_that_must_be_set() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.required("UNSET_VARIABLE", "a secret")
    assert str(caught.value) == "UNSET_VARIABLE is not set. Set it to a secret."


@pytest.mark.parametrize("value", ["localhost:6379", "http://localhost", "redis://", "redis://h:port/0"])
def test_a_url_of_another_kind(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL "):
        environment.url("REDIS_URL", ("redis", "rediss"))


def test_a_url_keeps_all_but_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_URL", "https://notify.example.com/")
    assert environment.url("BASE_URL", ("https",)) == "https://notify.example.com"


def test_a_refused_url_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "http://:hunter2@cache.example/0")
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.url("REDIS_URL", ("redis",))
    assert "hunter2" not in str(caught.value)
