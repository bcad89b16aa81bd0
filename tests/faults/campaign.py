"""Two thousand deliveries, while things go wrong around them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from notifications.models import Notification
from notifications.pipeline import queue
from notifications.services import notify
from tests.faults import ledger, sites, steps
from tests.faults.app.notifications import NeitherAgain, NeitherOnce, ViaLookUp, ViaReceipts
from tests.faults.crew import Crew
from tests.faults.sites import Site

KINDS = (ViaReceipts, ViaLookUp, NeitherOnce, NeitherAgain)
PEOPLE = 25
CALLS = 80
PATIENCE_SECONDS = 150

Trouble = Callable[[int], None]
"""Called five times a second while people are being notified, with the number of the call."""


def kills(site: Site, crew: Crew) -> Trouble:
    """Have workers killed: at each step in turn, and now and then at any moment."""
    turn = itertools.cycle(steps.STEPS)

    def kill(number: int) -> None:
        if number % 8 == 7:
            crew.kill_any()
        elif number % 2 == 0:
            site.tokens.lay(next(turn))

    return kill


def send_through(site: Site, crew: Crew, trouble: Trouble | None = None, *, wakes: bool = True) -> None:
    """Notify everybody while there is trouble, wait until all is final, and check what the provider counted.

    `wakes`: go on waking workers, as later notifications would; without, nothing but the minute's round does.
    """
    users = sites.people(PEOPLE)
    site.provider.behave(before=0.02, after=0.02, failure_rate=0.03)
    calls = iter(range(CALLS))
    ended = False

    def tend() -> None:
        nonlocal ended
        number = next(calls, None)
        if number is None:
            ended = True
            if wakes:
                queue.wake("default")
            return
        kind = KINDS[number % len(KINDS)]
        assert len(notify(kind(text=f"message {number}"), to=users)) == PEOPLE
        if trouble is not None:
            trouble(number)

    finished = crew.until(lambda: ended and not ledger.open_deliveries(), PATIENCE_SECONDS, tend=tend)
    counts = site.provider.counts()
    assert finished, f"{ledger.tell_open(counts)}\n{crew.logs()}"
    assert Notification.objects.count() == PEOPLE * CALLS
    ledger.check_each_counted_rightly(counts)
    ledger.check_each_ended_once()
