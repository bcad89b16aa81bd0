"""Fault: Redis is down or hangs while the application notifies. The caller notices nothing, and no message is lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from notifications.models import Delivery, Event, Notification
from notifications.pipeline import dispatch
from notifications.services import notify
from tests.faults import ledger, sites
from tests.faults.app.notifications import ViaLookUp
from tests.faults.servers import Server
from tests.faults.sites import Caller, Site

NO_WAIT_SECONDS = 2
PEOPLE = 5


def kill(server: Server) -> None:
    server.kill()


def hang(server: Server) -> None:
    """It accepts connections, and never answers."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)


@pytest.mark.parametrize("trouble", [kill, hang])
def test_a_commit_leaves_its_notifications_while_redis_is_away(
    full_site: Site, redis_server: Server, trouble: Callable[[Server], None]
) -> None:
    """FAULTS: Redis down: requests do not hang, and the sweep finds what they left; issue: a commit always does."""
    sites.people(PEOPLE)
    caller = Caller(full_site, "notify_in_transaction", "a")
    trouble(redis_server)
    caller.go()
    result = caller.result()
    assert result["created"] == PEOPLE
    first, second = result["seconds"]
    assert first < NO_WAIT_SECONDS
    assert second < 0.5, "an outage costs one commit, not each"
    dispatch.run("default", until=time.monotonic() + 10)
    assert ledger.by_status(Delivery.objects.all()) == {("sent", ""): 2 * PEOPLE}
    assert set(full_site.provider.counts().values()) == {1}


def test_a_rollback_leaves_nothing(any_site: Site) -> None:
    """Issue: a caller's rollback leaves no notification, and nobody else ever saw one."""
    seen: list[int] = []
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify(ViaLookUp(text="a"), to=sites.people(PEOPLE))
        seen += sites.in_threads(1, Delivery.objects.count)
        raise ZeroDivisionError
    dispatch.run("default", until=time.monotonic() + 1)
    assert seen == [0]
    tables: list[Any] = [Notification, Delivery, Event]
    assert [each.objects.count() for each in tables] == [0, 0, 0]
    assert any_site.provider.counts() == {}
