"""`manage.py vapid_keys` makes a pair that Web Push takes."""

from __future__ import annotations

import sys

import pytest

from notifications.providers import transport
from notifications.providers.transport import vapid  # noqa: F401 - one test takes it away
from notifications.providers.webpush import WebPushProvider
from tests.integration.test_commands import run, run_json


def test_a_pair_fits_together_and_is_new_each_time() -> None:
    code, pair = run_json("vapid_keys")
    assert code == 0
    provider = WebPushProvider(
        alias="webpush", vapid_private_key=pair["private_key"], vapid_subject="mailto:push@clinic.example"
    )
    assert provider.check() == []
    assert provider.public_key == pair["public_key"]
    assert run_json("vapid_keys")[1] != pair


def test_people_get_lines_for_the_environment() -> None:
    code, out = run("vapid_keys")
    private, public = out.split()
    assert code == 0
    assert private.startswith("VAPID_PRIVATE_KEY=")
    assert public.startswith("VAPID_PUBLIC_KEY=")


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(transport, "vapid")
    monkeypatch.setitem(sys.modules, "notifications.providers.transport.vapid", None)
    code, out = run("vapid_keys")
    assert code == 1
    assert "Install notifications[webpush]." in out
