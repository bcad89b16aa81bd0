"""What Django Q runs: rounds of work on a lane."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from datetime import timedelta

from notifications import clock, conf
from notifications.models import Heartbeat, outbox
from notifications.pipeline import dispatch, queue
from notifications.pipeline.stopping import until_told_to_stop
from notifications.providers.registry import get_provider
from notifications.realtime import broadcast
from notifications.services import apply_inbound, apply_waiting, poll_silent, record_receipts, sync_topics_in_turn
from notifications.types import LANES

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
FLUSH_SECONDS = 0.5
POLLING_LANE = "bulk"
"""whose minute's round asks providers that were silent, and FCM for its topics: a wait there holds up nothing urgent"""
HORIZON = timedelta(seconds=95)
"""what is due within it is waited for: more than the pause between two of the minute's rounds"""


def drain(lane: str) -> int:
    """Deliver what is due in a lane, stay a little for more, and wait for what is due soon.

    Returns how many deliveries were settled. One worker of a lane waits, the others go when they are idle. Told to
    stop, it lets what is in flight come to its end and gives back the rest.
    """
    now = time.monotonic()
    return _round(lane, idle_since=now, until=now + conf.get().DRAIN_SECONDS)


def sweep(lane: str) -> int:
    """The same once a minute, whether or not anybody woke it up: it leaves at once where it finds nothing.

    What one lane does beside it comes first, and out of the same time: a long round must not put it off for ever.
    """
    until = time.monotonic() + conf.get().DRAIN_SECONDS
    if lane == POLLING_LANE:
        poll_silent()
        sync_topics_in_turn()
    return _round(lane, idle_since=-math.inf, until=until)


def _round(lane: str, *, idle_since: float, until: float) -> int:
    Heartbeat.objects.beat(lane)
    with until_told_to_stop() as stop:
        settled = _work(lane, until, stop, idle_since)
    broadcast.flush(FLUSH_SECONDS)  # a worker of Django Q ends without the usual clean-up
    if stop.signal is not None:
        signal.raise_signal(stop.signal)  # on to whoever handles it outside of a round
    return settled


def _work(lane: str, until: float, stop: threading.Event, idle_since: float) -> int:
    settled, waits = 0, False
    while time.monotonic() < until and not stop.is_set():
        done = dispatch.run(lane, until=until, stop=stop)
        done += fetch_receipts() + apply_waiting(until=until) + apply_inbound(until=until)
        settled += done
        if done:
            idle_since = time.monotonic()
        if time.monotonic() - idle_since >= conf.get().LINGER_SECONDS:
            if not _due_soon(lane) or (not waits and Heartbeat.objects.has_waiter(lane)):
                break
            if not waits:
                waits = True
                left = timedelta(seconds=until - time.monotonic())
                Heartbeat.objects.beat(lane, waits_until=clock.now() + left)
        stop.wait(POLL_SECONDS)
    if waits:
        Heartbeat.objects.beat(lane, waits_until=None)
    if _due_soon(lane) and not Heartbeat.objects.has_waiter(lane):
        queue.wake(lane)
    return settled


def fetch_receipts() -> int:
    """Ask the providers whose receipts must be fetched. Returns how many told something new."""
    applied = 0
    for alias in conf.get().PROVIDERS:
        try:
            provider = get_provider(alias)
            receipts = list(provider.fetch_receipts())
        except Exception:
            logger.exception("Could not fetch receipts from %s", alias)
            continue
        if receipts:
            applied += record_receipts(receipts)
            provider.acknowledge(receipts)
    return applied


def _due_soon(lane: str) -> bool:
    due = outbox.next_due(LANES[lane])
    return due is not None and due < clock.now() + HORIZON
