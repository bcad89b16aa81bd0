"""DATABASE_URL becomes a `DATABASES` entry."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.settings.database import database


def test_a_postgresql_url_is_taken_apart_and_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DATABASE_CONN_MAX_AGE", raising=False)
    entry = database("postgres://us%40er:p%2Fss@db.example:6543/notify?sslmode=require&application_name=a+b", tmp_path)
    assert entry == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "notify",
        "USER": "us@er",
        "PASSWORD": "p/ss",
        "HOST": "db.example",
        "PORT": "6543",
        "OPTIONS": {"sslmode": "require", "application_name": "a b"},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def test_a_socket_folder_may_stand_for_the_host(tmp_path: Path) -> None:
    assert database("postgresql://%2Fvar%2Frun%2Fpostgresql/notify", tmp_path)["HOST"] == "/var/run/postgresql"


def test_how_long_a_connection_is_kept_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_CONN_MAX_AGE", "0")
    assert database("postgres:///notify", tmp_path)["CONN_MAX_AGE"] == 0


def test_a_relative_sqlite_path_starts_at_the_folder_and_its_folder_is_made(tmp_path: Path) -> None:
    entry = database("sqlite:///var/a%20b.sqlite3", tmp_path)
    assert entry["NAME"] == str(tmp_path / "var" / "a b.sqlite3")
    assert (tmp_path / "var").is_dir()


def test_an_absolute_sqlite_path_stays(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "n.sqlite3"
    assert database(f"sqlite:///{file}", Path("unused"))["NAME"] == str(file)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root@localhost/notify",
        "postgres://localhost",
        "sqlite://:memory:",
        "sqlite:///",
        "notify",
        "postgres://h:x/n",
    ],
)
def test_another_url_is_refused_with_the_valid_forms(url: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL .*Valid: postgres://.*sqlite:///"):
        database(url, tmp_path)


def test_a_refused_url_does_not_show_its_password(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        database("mysql://root:hunter2@localhost/notify", tmp_path)
    assert "hunter2" not in str(caught.value)
