"""T6, and the fault "Redis flushed or down": published texts are found in Redis by other processes, or without it."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from notifications.services import templates as staff
from notifications.templating import texts
from project.settings.backends import caches as configured
from tests.app.notifications import Note
from tests.faults.servers import Server

pytestmark = [pytest.mark.redis, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def in_redis(settings: Settings, redis_server: Server) -> None:
    settings.CACHES = configured(redis_server.url)


def publish(text: str) -> int:
    version = staff.publish(staff.begin(Note.key, "sms", by=None, parts={"sms.txt": text}), by=None).version
    assert version is not None
    return version.pk


def as_another_process() -> tuple[int | None, list[str]]:
    """The version that a process finds which has just started, and its queries."""
    texts._known = texts._Known(None)
    with CaptureQueriesContext(connection) as queries:
        texts.refresh()
        found = texts.choose(Note.key, "sms", "en", 1).wording.version
    return found, [each["sql"] for each in queries]


def test_a_process_finds_in_redis_what_another_has_looked_up(redis_server: Server) -> None:
    first = publish("1 {{ text }}")
    found, queries = as_another_process()
    assert found == first
    assert len(queries) == 3, "the stamp, what is published, the tests that run"
    found, queries = as_another_process()
    assert found == first
    assert len(queries) == 1, "the stamp"
    second = publish("2 {{ text }}")
    assert as_another_process()[0] == second, "what Redis holds of the first is not asked for any more"


def test_redis_flushed_or_down_costs_two_queries_and_no_message(redis_server: Server) -> None:
    version = publish("1 {{ text }}")
    as_another_process()
    caches["default"].clear()
    assert as_another_process()[0] == version
    redis_server.stop()
    begun = time.monotonic()
    found, queries = as_another_process()
    assert (found, len(queries)) == (version, 3)
    assert time.monotonic() - begun < 5, "it hangs without Redis"
    redis_server.start()
    assert as_another_process()[0] == version


def test_what_redis_holds_under_a_stamp_is_never_of_a_time_before_it(redis_server: Server) -> None:
    """A text that was read just before a publication is kept under the stamp of before, where nobody looks again."""
    stamp: UUID = texts.refresh()
    from notifications.templating.versions import overrides

    overrides(Note.key, "sms", stamp)
    version = publish("1 {{ text }}")
    found: Any = overrides(Note.key, "sms", texts.refresh()).published[""]
    assert found.pk == version
