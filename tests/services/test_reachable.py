"""A test whose service is missing is skipped with the reason, or fails where services are required."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.services import reachable

ROOT = Path(__file__).resolve().parents[2]
NOBODY_LISTENS = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}


def run_marked_test(folder: Path, marker: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run, in a pytest of its own, one test that carries a marker."""
    file = folder / "test_marked.py"
    file.write_text(f"import pytest\n\n\n@pytest.mark.{marker}\ndef test_marked() -> None:\n    pass\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-c",
        str(ROOT / "pyproject.toml"),
        str(file),
    ]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("marker", ["redis", "postgresql"])
def test_without_its_service_a_test_is_skipped_with_the_reason(tmp_path: Path, marker: str) -> None:
    variables = {**NOBODY_LISTENS, "REQUIRE_SERVICES": "0"}
    if marker == "redis":
        variables.pop("DATABASE_URL")
    run = run_marked_test(tmp_path, marker, **variables)
    assert run.returncode == 0, run.stdout
    assert "1 skipped" in run.stdout
    assert "is not reachable" in run.stdout


@pytest.mark.parametrize("marker", ["redis", "postgresql"])
def test_where_services_are_required_it_fails_with_the_reason(tmp_path: Path, marker: str) -> None:
    run = run_marked_test(tmp_path, marker, REQUIRE_SERVICES="1", **NOBODY_LISTENS)
    assert run.returncode == 1, run.stdout
    assert "REQUIRE_SERVICES is set, and" in run.stdout
    assert "is not reachable" in run.stdout


def test_without_a_browser_the_reason_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    reachable.chromium_missing.cache_clear()
    try:
        assert "name it in CHROMIUM" in reachable.chromium_missing()
    finally:
        reachable.chromium_missing.cache_clear()


@pytest.mark.postgresql
def test_a_test_gets_an_empty_database_of_its_own(postgresql_database: str) -> None:
    with psycopg.connect(postgresql_database) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)
