"""Two thousand deliveries, while things go wrong around them."""

from __future__ import annotations

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
EACH_STEP = 3
PATIENCE_SECONDS = 180

MAX_CALLS = 4 * CALLS

Trouble = Callable[[int], bool]
"""Called after each call of `notify`, five times a second, with its number. True: it needs more calls to go on with."""


def kills(site: Site, crew: Crew) -> Trouble:
    """Have workers killed: at each step, in turn, EACH_STEP times, and now and then at any moment."""
    turn = iter(steps.STEPS * EACH_STEP)

    def kill(number: int) -> bool:
        if number % 10 == 9:
            crew.kill_any()
        if site.tokens.lie():
            return True
        step = next(turn, None)
        if step is not None:
            site.tokens.lay(step)
        return step is not None

    return kill


def send_through(site: Site, crew: Crew, trouble: Trouble, *, wakes: bool = True) -> None:
    """Notify everybody while there is trouble, wait until all is final, and check what the provider counted.

    `wakes`: go on waking workers, as later notifications would; without, nothing but the minute's round does.
    """
    users = sites.people(PEOPLE)
    site.provider.behave(before=0.02, after=0.02, failure_rate=0.03)
    calls = iter(range(MAX_CALLS))
    ended, notified = False, 0

    def tend() -> None:
        nonlocal ended, notified
        if ended:
            if wakes:
                queue.wake("default")
            return
        number = next(calls)
        kind = KINDS[number % len(KINDS)]
        notified += len(notify(kind(text=f"message {number}"), to=users))
        ended = not trouble(number) and number >= CALLS - 1

    finished = crew.until(lambda: ended and not ledger.open_deliveries(), PATIENCE_SECONDS, tend=tend)
    counts = site.provider.counts()
    assert finished, f"{ledger.tell_open(counts)}\n{crew.logs()}"
    assert Notification.objects.count() == notified >= PEOPLE * CALLS
    ledger.check_each_counted_rightly(counts)
    ledger.check_each_ended_once()
