"""Django Q: the pool of workers that is woken up. The only module that imports it."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import Schedule
from django_q.tasks import async_task

from notifications import conf
from notifications.types import LANES

logger = logging.getLogger(__name__)

DRAIN = "notifications.tasks.drain"
SWEEP = "notifications.tasks.sweep"
OUTAGE_SECONDS = 5.0
REDIS_PATIENCE_SECONDS = 0.5
"""how long a caller's commit waits for a Redis that accepts and does not answer"""
_lock = threading.Lock()
_quiet_until: dict[str, float] = {}


def wake(lane: str) -> None:
    """Have a worker look at the lane soon. Carries no data, never raises, and may be lost: the next round finds all.

    Calls within half the linger time of a worker are merged: the worker that answers the first one stays that long.
    """
    with _lock:
        now = time.monotonic()
        if now < _quiet_until.get(lane, 0):
            return
        _quiet_until[lane] = now + conf.get().LINGER_SECONDS / 2
    try:
        async_task(DRAIN, lane, broker=_impatient(get_broker(conf.get().LANES[lane])), save=False)
    except Exception:
        logger.exception("Could not wake lane %s; its next round will find the work", lane)
        with _lock:
            _quiet_until[lane] = time.monotonic() + OUTAGE_SECONDS  # a broker that is down costs one request, not each


def _impatient(broker: Any) -> Any:
    """The broker, on a connection with time-outs for one quick write: those of its settings suit a blocking read."""
    pool = getattr(broker.connection, "connection_pool", None)
    if pool is not None and not Conf.DJANGO_REDIS:  # that one is shared with the cache
        limits = dict.fromkeys(("socket_connect_timeout", "socket_timeout"), REDIS_PATIENCE_SECONDS)
        pool.connection_kwargs.update(limits)
    return broker


def schedule_rounds() -> None:
    """Store one schedule a lane that sweeps it every minute. Repeating it changes nothing."""
    for lane in LANES:
        Schedule.objects.update_or_create(
            name=f"notifications: sweep {lane}",
            defaults={
                "func": SWEEP,
                "args": repr((lane,)),
                "schedule_type": Schedule.MINUTES,
                "minutes": 1,
                "repeats": -1,
                "cluster": conf.get().LANES[lane],
            },
        )
